"""Settings of eligibility."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What can be set, by environment variables with the prefix DOUDI_."""

    data_sharing_url: str
    """Base URL of data-sharing, where the verified facts of a case come from."""
