"""The environment of each process of the embedded deployment: every setting of every service has its value here."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from doudi import keys
from doudi.broker import Broker

# One machine, a few processes: each keeps few connections, so that 17 departments fit under max_connections.
_POOL_SIZE = 10
# Relay and worker keep three of them for themselves.
_DEPARTMENT_POOL_SIZE = 6
# Officers do not feel it, and 17 idle departments ask the broker less.
_DEPARTMENT_FETCH_WAIT_MILLISECONDS = 100
# Load tests come from one client.
_REQUESTS_PER_MINUTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What all processes share, and from it the variables of each."""

    urls: Mapping[str, str]
    broker_address: str
    fetch_wait_milliseconds: int
    issuer_url: str
    token_key_file: Path
    secrets_file: Path
    secrets: Mapping[str, str]
    clock_file: Path
    key_rings: Path
    """Directory with a key ring for each process that encrypts fields."""
    log_key_file: Path
    seal_keys: Mapping[str, str]
    """Of each service by its name (`data-sharing`); all departments have one."""

    @classmethod
    def create(
        cls,
        directory: Path,
        *,
        urls: Mapping[str, str],
        issuer_url: str,
        broker: Broker,
        clock_file: Path,
        seal_keys: Mapping[str, str],
        client_ids: Iterable[str],
    ) -> Self:
        """With every key and secret made anew, in files of this directory, for the services that have a seal key."""
        secrets_file = directory / "client-secrets.json"
        environment = cls(
            urls=urls,
            broker_address=broker.address,
            fetch_wait_milliseconds=broker.fetch_wait_milliseconds,
            issuer_url=issuer_url,
            token_key_file=directory / "token-key.json",
            secrets_file=secrets_file,
            secrets=keys.make_client_secrets(secrets_file, client_ids),
            clock_file=clock_file,
            key_rings=directory,
            log_key_file=directory / "log-key.pem",
            seal_keys=seal_keys,
        )
        keys.make_token_key(environment.token_key_file)
        for service in seal_keys:
            keys.make_key_ring(environment.key_ring(service))
        keys.make_log_key(environment.log_key_file)
        departments = [client for client in environment.secrets if client.startswith("department-")]
        keys.make_signing_keys(directory, "data-sharing", departments)
        return environment

    def of_issuer(self) -> dict[str, str]:
        """The variables of `doudi.issuer`."""
        return {
            **_inherited(),
            "DOUDI_ISSUER_URL": self.issuer_url,
            "DOUDI_ISSUER_KEY_FILE": str(self.token_key_file),
            "DOUDI_ISSUER_SECRETS_FILE": str(self.secrets_file),
        }

    def of_service(self, service: str, database_url: str) -> dict[str, str]:
        """The variables of one service (`data-sharing`)."""
        return {
            **self._common(service, database_url, _POOL_SIZE),
            "DOUDI_CLIENT_ID": service,
            "DOUDI_CLIENT_SECRET": self.secrets[service],
            "DOUDI_BATCH_DIRECTORY": str(self.key_rings / f"{service}-batches"),
            "DOUDI_SNAPSHOT_DIRECTORY": str(self.key_rings / f"{service}-snapshots"),
            "DOUDI_LOG_ORIGIN": "doudi.embedded/oversight",
            "DOUDI_LOG_SIGNING_KEY_FILE": str(self.log_key_file),
            "DOUDI_SIGNING_KEYS_FILE": str(self.key_rings / f"signing-key-{service}.json"),
            "DOUDI_SIGNERS_FILE": str(self.key_rings / "trusted-clients.json"),
        }

    def of_departments(self, codes: Sequence[str], database_url: str, port_base: int) -> dict[str, str]:
        """The variables of a process that hosts departments; `{department}` stands in the database's URL."""
        return {
            **self._common("departments", database_url, _DEPARTMENT_POOL_SIZE),
            "DOUDI_DEPARTMENTS": ",".join(codes),
            "DOUDI_CLIENT_SECRETS_FILE": str(self.secrets_file),
            "DOUDI_SIGNING_KEYS_FILE": str(self.key_rings / "signing-keys.json"),
            "DOUDI_SIGNERS_FILE": str(self.key_rings / "trusted-data-sharing.json"),
            "DOUDI_KAFKA_FETCH_WAIT_MILLISECONDS": str(
                max(self.fetch_wait_milliseconds, _DEPARTMENT_FETCH_WAIT_MILLISECONDS)
            ),
            "DOUDI_HOST": "127.0.0.1",
            "DOUDI_PORT_BASE": str(port_base),
        }

    def key_ring(self, service: str) -> Path:
        """Where the key ring of a service is. No two services can read each other's fields."""
        return self.key_rings / f"{service}-key-ring.json"

    def _common(self, service: str, database_url: str, pool_size: int) -> dict[str, str]:
        return {
            **_inherited(),
            **{f"DOUDI_{_variable(name)}_URL": url for name, url in self.urls.items()},
            "DOUDI_DATABASE_URL": database_url,
            "DOUDI_DATABASE_POOL_SIZE": str(pool_size),
            "DOUDI_SEAL_KEY": self.seal_keys[service],
            "DOUDI_KAFKA_BOOTSTRAP": self.broker_address,
            "DOUDI_KAFKA_FETCH_WAIT_MILLISECONDS": str(self.fetch_wait_milliseconds),
            "DOUDI_TOKEN_ISSUER": self.issuer_url,
            "DOUDI_TOKEN_AUDIENCE": "doudi",
            "DOUDI_CLOCK_FILE": str(self.clock_file),
            "DOUDI_KEY_FILE": str(self.key_ring(service)),
            "DOUDI_ENVIRONMENT": "embedded",
            "DOUDI_LOG_LEVEL": "INFO",
            "DOUDI_REQUESTS_PER_MINUTE": str(_REQUESTS_PER_MINUTE),
        }


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _inherited() -> dict[str, str]:
    """Our own environment without the platform's settings: a variable set for one service must not reach all."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DOUDI_")}
