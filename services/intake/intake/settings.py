"""Settings of intake."""

from pathlib import Path

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What can be set, by environment variables with the prefix DOUDI_."""

    key_file: Path
    """Key ring that identity numbers and names are encrypted and found with (shared.crypto)."""
