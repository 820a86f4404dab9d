"""The command line `doudi`. Each command is a module of `doudi.commands`."""

import typer

from doudi.commands import dlq
from doudi.commands.assess import assess
from doudi.commands.demo import demo
from doudi.commands.events import events
from doudi.commands.population import population
from doudi.commands.replay import replay
from doudi.commands.screen import screen
from doudi.commands.token import token
from doudi.commands.up import up

app = typer.Typer(
    name="doudi",
    help="Doudi, the social-assistance platform: run it on this machine, try its rules, look after its events.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command()(up)
app.command()(demo)
app.command()(assess)
app.command()(token)
app.command()(population)
app.command()(screen)
app.command()(events)
app.command()(replay)
app.add_typer(dlq.app, name="dlq")
