"""The clients of the embedded issuer, read from `identities.yaml`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict

from shared.auth import Role

_FILE = Path(__file__).with_name("identities.yaml")


class Client(BaseModel):
    """Someone who may ask for tokens, with what the tokens then say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    roles: tuple[Role, ...] = ()
    streets: tuple[str, ...] = ()
    department: str | None = None
    acts_for_residents: bool = False

    def at(self, **place: str) -> Self:
        """This pattern with `{street}` or `{department}` filled in."""
        return self.model_copy(
            update={
                "id": self.id.format(**place),
                "streets": tuple(street.format(**place) for street in self.streets),
                "department": self.department and self.department.format(**place),
            }
        )


class Identities(BaseModel):
    """Everybody that the embedded issuer knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    streets: Mapping[str, str]
    departments: tuple[str, ...]
    clients: tuple[Client, ...]

    def by_id(self) -> dict[str, Client]:
        """All clients, patterns filled in."""
        return {client.id: client for pattern in self.clients for client in self._each(pattern)}

    def _each(self, pattern: Client) -> Iterator[Client]:
        if "{street}" in pattern.id:
            yield from (pattern.at(street=street) for street in self.streets)
        elif "{department}" in pattern.id:
            yield from (pattern.at(department=department) for department in self.departments)
        else:
            yield pattern


def load_identities() -> Identities:
    """The identities of the embedded deployment."""
    return Identities.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
