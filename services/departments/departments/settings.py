"""Settings of departments: of one department's instance, and of a process that hosts several of them."""

import json
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import KeySettings

DEPARTMENT_FIELD = "{department}"
"""What stands in a database URL for the department's code."""


class Settings(KeySettings):
    """What can be set for one department's instance, by environment variables with the prefix DOUDI_."""

    department: str = Field(pattern=r"^[a-z_]+$")
    """Code of the department, as in `departments.yaml`: tax, housing, ... Its consumer group is departments-<code>."""
    data_sharing_url: str
    """Base URL of data-sharing, where queries are read and answered."""
    signing_keys_file: Path | None = None
    """Own private keys by client id: JSON that `shared.signatures.load_signers` reads. Unset: nothing is signed."""
    signers_file: Path | None = None
    """Public keys of data-sharing: JSON that `shared.signatures.TrustedKeys` reads. Set where requests are signed: then
    no answer of data-sharing counts that is not."""


class HostSettings(BaseSettings):
    """What `python -m departments.main` reads besides: which departments this one process hosts, and where.

    All other variables of `Settings` are read too and hold for every department in the process; DOUDI_DEPARTMENT,
    DOUDI_CLIENT_ID and DOUDI_CLIENT_SECRET are not, because each department has its own.
    """

    model_config = SettingsConfigDict(env_prefix="DOUDI_", extra="ignore", frozen=True)

    departments: str = Field(pattern=r"^[a-z_]+(,[a-z_]+)*$")
    """Codes, separated by commas: "tax,housing,finance"."""
    database_url: SecretStr
    """As everywhere, with `{department}` where the code belongs:
    postgresql+asyncpg://departments_app:…@host:port/departments_{department}."""
    client_secrets_file: Path
    """JSON of client id to secret: {"department-tax": "…", "department-housing": "…"}."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port_base: int = Field(ge=1, le=65_000)
    """The first department of `departments` listens here, the next on the port after it, and so on."""

    @model_validator(mode="after")
    def _one_database_each(self) -> Self:
        if DEPARTMENT_FIELD not in self.database_url.get_secret_value():
            raise ValueError(f"DOUDI_DATABASE_URL must hold {DEPARTMENT_FIELD}: every department has its own database")
        if len(set(self.codes)) != len(self.codes):
            raise ValueError("DOUDI_DEPARTMENTS names a department twice")
        return self

    @property
    def codes(self) -> list[str]:
        """The departments, in the order of their ports."""
        return self.departments.split(",")

    def of_each(self) -> list[Settings]:
        """The settings of every department, in the order of their ports. Raises LookupError for a missing secret."""
        secrets: dict[str, str] = json.loads(self.client_secrets_file.read_text(encoding="utf-8"))
        return [self._of(code, secrets) for code in self.codes]

    def _of(self, code: str, secrets: dict[str, str]) -> Settings:
        client_id = f"department-{code}"
        if client_id not in secrets:
            raise LookupError(f"{self.client_secrets_file} has no secret of the client {client_id}")
        database_url = self.database_url.get_secret_value().replace(DEPARTMENT_FIELD, code)
        return Settings(  # the rest comes from the environment
            department=code,
            database_url=SecretStr(database_url),
            client_id=client_id,
            client_secret=SecretStr(secrets[client_id]),
        )
