"""Roles and databases of the services, made by the superuser of a PostgreSQL on this machine."""

from dataclasses import dataclass
from typing import NamedTuple

import asyncpg

from doudi.apart import run_apart, run_coroutine_apart
from doudi.repository import REPOSITORY
from shared.migrations import migrate

SERVICES = ("intake", "data_sharing", "eligibility", "emergency_fund", "departments", "oversight")
"""The services by the name of their package; their roles and databases are named alike."""

SUPERUSER = "postgres"


class DatabaseUrls(NamedTuple):
    """One database as its two roles see it: migrations run as the owner, the service as app."""

    owner: str
    app: str


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL as its superuser reaches it. All roles share one generated password."""

    port: int
    password: str

    @property
    def admin_url(self) -> str:
        """The superuser's address of the maintenance database."""
        return self.url(SUPERUSER, "postgres")

    def url(self, role: str, database: str) -> str:
        """The address of a database for a role, in SQLAlchemy's form."""
        return f"postgresql+asyncpg://{role}:{self.password}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser, each in a transaction of its own. Works inside a running event loop too."""

        async def run() -> None:
            connection = await asyncpg.connect(
                host="127.0.0.1", port=self.port, user=SUPERUSER, password=self.password, database=database
            )
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        run_coroutine_apart(run)

    def create_roles(self, service: str) -> None:
        """Create `<service>_owner`, who migrates, and `<service>_app`, who runs and may change no table's form."""
        rights = f"login nosuperuser nobypassrls nocreatedb nocreaterole password '{self.password}'"
        self.execute(*(f"create role {service}_{suffix} {rights}" for suffix in ("owner", "app")))

    def create_database(self, name: str, *, service: str, template: str = "template1") -> DatabaseUrls:
        """Create a database that belongs to the service's owner role; nobody but its two roles may connect."""
        owner, app = f"{service}_owner", f"{service}_app"
        self.execute(
            f"create database {name} owner {owner} template {template}",
            f"revoke all on database {name} from public",
            f"grant connect on database {name} to {app}",
        )
        return DatabaseUrls(owner=self.url(owner, name), app=self.url(app, name))

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the connections that are open."""
        self.execute(f"drop database {name} with (force)")


def migrate_service(service: str, owner_url: str) -> None:
    """Bring a database of a service to the newest version of its migrations, which stand beside its package.

    Works inside a running event loop too.
    """
    directory = REPOSITORY / "services" / service.replace("_", "-") / "migrations"
    run_apart(lambda: migrate(directory, owner_url))
