"""Settings of emergency-fund."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What can be set, by environment variables with the prefix DOUDI_."""

    intake_url: str
    """Base URL of intake, which knows the household files."""
