"""What can be set in data-sharing."""

from pathlib import Path

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of data-sharing. Environment variables carry the prefix DOUDI_."""

    intake_url: str
    """Base URL of intake, where declarations come from."""
    key_file: Path
    """Key ring of `shared.crypto` for identity numbers and names."""
    upstreams_file: Path | None = None
    """Departments that are called over REST: JSON of department to `url` and, where theirs differ, `fields`.
    Unset: none, every department has a service of its own that hears what it is asked."""
