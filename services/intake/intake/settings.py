"""Settings of intake."""

from shared.settings import KeySettings


class Settings(KeySettings):
    """What can be set, by environment variables with the prefix DOUDI_."""
