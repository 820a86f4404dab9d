"""`doudi token`: access tokens of the running embedded deployment."""

from typing import Annotated

import typer

from doudi.identities import Client, load_identities
from doudi.running import MINI_PROGRAM, NotRunning, Running
from shared.auth import Role

_DEFAULT_STREET = "420106009"
_ROLES = ", ".join(Role)


def token(
    roles: Annotated[list[str], typer.Argument(metavar="ROLE...", help=f"One or more of: {_ROLES}.")],
    street: Annotated[str, typer.Option(help="Street of a street_clerk or street_approver.")] = _DEFAULT_STREET,
    department: Annotated[
        str | None, typer.Option(help="Department of a department_officer or service, such as education.")
    ] = None,
    subject: Annotated[str, typer.Option(help="Subject of a resident, for whom the mini-program acts.")] = "resident-1",
    service: Annotated[str, typer.Option(help="Which service, for the role service.")] = "intake",
    second: Annotated[bool, typer.Option("--second", help="The second person with the role, for four eyes.")] = False,
) -> None:
    """Print an access token for each ROLE, one per line, from the issuer of the running deployment.

    The people are made up; deploy/local/doudi/identities.yaml names them. For example:

        curl -H "Authorization: Bearer $(doudi token street_clerk)" ...
    """
    try:
        running = Running.find()
        for role in roles:
            print(_token(running, role, street, department, subject, service, second=second))  # noqa: T201 - the token is what the command prints
    except (NotRunning, LookupError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _token(
    running: Running, role: str, street: str, department: str | None, subject: str, service: str, *, second: bool
) -> str:
    if role not in set(Role):
        raise LookupError(f"{role} is no role; the roles are {_ROLES}")
    if role == Role.RESIDENT:
        return running.resident_token(subject)
    if role == Role.SERVICE:
        return running.token(service if department is None else f"department-{department}")
    matching = [client.id for client in load_identities().by_id().values() if _fits(client, role, street, department)]
    if len(matching) <= second:
        raise LookupError(f"nobody has the role {role} there; see deploy/local/doudi/identities.yaml")
    return running.token(matching[second])


def _fits(client: Client, role: str, street: str, department: str | None) -> bool:
    return (
        client.id != MINI_PROGRAM
        and role in client.roles
        and (not client.streets or street in client.streets)
        and (client.department is None or client.department == department)
    )
