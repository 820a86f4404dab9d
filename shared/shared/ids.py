"""Identifiers: UUIDv7, so that keys of new rows stand next to each other in an index."""

from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    """A new UUIDv7 as a standard `uuid.UUID`."""
    return UUID(int=uuid_utils.uuid7().int)
