"""Roles and databases of the services, made by the superuser of a PostgreSQL on this machine."""

from dataclasses import dataclass
from typing import NamedTuple

import asyncpg

from doudi.apart import run_apart, run_coroutine_apart
from doudi.repository import REPOSITORY
from shared.migrations import migrate
from shared.seal import SealKey

SERVICES = ("intake", "data_sharing", "eligibility", "emergency_fund", "departments", "oversight")
"""The services by the name of their package; their roles and databases are named alike."""

SUPERUSER = "postgres"
_EMPTY = "template1"


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

    def create_database(self, name: str, *, service: str, template: str = _EMPTY) -> DatabaseUrls:
        """Create a database that belongs to the service's owner role; nobody but its two roles may connect."""
        owner, app = f"{service}_owner", f"{service}_app"
        self.execute(
            f"create database {name} owner {owner} template {template}",
            f"revoke all on database {name} from public",
            f"grant connect on database {name} to {app}",
        )
        if template == _EMPTY:
            # Who could read the names of prepared statements could put his own in their place, for the next caller on
            # the same connection (decision 18). Databases made from this one have that from it.
            self.execute("revoke execute on function pg_prepared_statement() from public", database=name)
        return DatabaseUrls(owner=self.url(owner, name), app=self.url(app, name))

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the connections that are open."""
        self.execute(f"drop database {name} with (force)")


def migrate_service(service: str, owner_url: str, seal_key: SealKey) -> None:
    """Bring a database of a service to the newest version of its migrations, which stand beside its package, and have
    it accept this seal key alone. Works inside a running event loop too.
    """
    directory = REPOSITORY / "services" / service.replace("_", "-") / "migrations"
    run_apart(lambda: migrate(directory, owner_url, seal_keys=[seal_key]))
