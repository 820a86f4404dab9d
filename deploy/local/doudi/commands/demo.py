"""`doudi demo`: the story of the platform's main job, on real parts."""

from typing import Annotated

import typer

from doudi.commands.up import BrokerOption
from doudi.demo import story
from doudi.running import AlreadyRunning


def demo(
    broker: BrokerOption = "tansu",
    once: Annotated[bool, typer.Option("--once", help="End after the story; exit code 0 if every step held.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the steps and what was measured as one JSON object. Only with --once.")
    ] = False,
) -> None:
    """Start everything, run the story, print each case's time line as it happens; then stay up until Ctrl-C.

    Cases: an application that is verified, assessed, decided, paid and referred; one that is refused; an emergency
    grant; a department that was down; the proof that nothing was removed from the log.
    """
    if json and not once:
        raise typer.BadParameter("--json needs --once")
    try:
        code = story.run(broker=broker, once=once, as_json=json)
    except AlreadyRunning as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    raise typer.Exit(code)
