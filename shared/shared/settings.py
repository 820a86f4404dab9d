"""What can be set in every service. A service's own `settings.py` subclasses this and is the only reader of the
environment; every name is documented in `deploy/`.
"""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.clock import Clock, MovableClock, SystemClock
from shared.seal import SealKey


class ServiceSettings(BaseSettings):
    """Settings that all services have. Environment variables carry the prefix DOUDI_."""

    model_config = SettingsConfigDict(env_prefix="DOUDI_", extra="ignore", frozen=True)

    database_url: SecretStr
    """PostgreSQL as the run-time role: postgresql+asyncpg://<service>_app:…@host:port/database."""
    database_pool_size: int = Field(default=10, ge=1, le=100)
    seal_key: SecretStr
    """64 hexadecimal digits, which this service shares with its own database only (decision 18)."""
    kafka_bootstrap: str
    """host:port of the brokers, separated by commas."""
    kafka_fetch_wait_milliseconds: int = Field(default=100, ge=1, le=5000)
    """How long a fetch waits for data. The embedded broker does not wake a waiting fetch: use 5 to 10 there."""

    token_issuer: str
    """The `iss` that tokens must carry; its discovery document names the key set."""
    token_audience: str = "doudi"
    client_id: str
    """This service's own client at the issuer, for calls to other services."""
    client_secret: SecretStr

    clock_file: Path | None = None
    """Offset in seconds for the movable clock. Only the embedded deployment sets it."""
    log_level: str = "INFO"
    environment: str = "production"
    otlp_endpoint: str | None = None
    """Where traces go, such as http://collector:4318/v1/traces. Unset: traces are made but not sent."""

    body_limit_bytes: int = Field(default=1_048_576, ge=1024)
    requests_per_minute: int = Field(default=6000, ge=1)
    """Limit of one client on one replica; the ingress limits all replicas together."""

    @field_validator("seal_key")
    @classmethod
    def _can_be_read(cls, value: SecretStr) -> SecretStr:
        SealKey.read(value.get_secret_value())
        return value

    def clock(self) -> Clock:
        """Business time of this deployment."""
        return SystemClock() if self.clock_file is None else MovableClock(self.clock_file)


class KeySettings(ServiceSettings):
    """Settings of services that encrypt fields (decision 30)."""

    key_file: Path
    """Key ring of `shared.crypto`. It is read again while the service runs."""
    key_check_seconds: float = Field(default=30, gt=0, le=300)
    """How often the key file is read."""
    key_settle_seconds: float = Field(default=300, gt=0, le=86_400)
    """Within this time every replica has read a changed file, and no write is under way that began before. As long
    waits a new key before it is written with, and an old one, unused, before it may be taken out."""
    key_renewal_rows: int = Field(default=500, ge=1, le=10_000)
    """Rows of one step of writing old values again, in one transaction."""
    key_renewal_pause_seconds: float = Field(default=0.1, ge=0, le=3600)
    """Between two steps, for everybody else."""

    @model_validator(mode="after")
    def _settles_after_every_replica_has_looked(self) -> Self:
        if self.key_settle_seconds < 3 * self.key_check_seconds:
            raise ValueError("DOUDI_KEY_SETTLE_SECONDS must be at least three times DOUDI_KEY_CHECK_SECONDS")
        return self
