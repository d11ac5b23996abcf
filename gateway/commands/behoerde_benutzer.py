"""`xmeld-gateway behoerde benutzer`: the users of an authority, as its messages name them."""

import typer
from rich.table import Table

from gateway.behoerden import auskunft, benutzer
from gateway.bootstrap import Instance
from gateway.commands.arguments import BenutzerArgument, KennungArgument
from gateway.terminal import InstanceOption, actor, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The users of an authority.")


@app.command(name="list")
def list_users(kennung: KennungArgument, directory: InstanceOption) -> None:
    """The users that are registered or blocked."""
    table = Table("user", "state")
    with Instance.read(directory) as here:
        for row in auskunft.benutzer(here.verwaltung(actor()), kennung):
            table.add_row(row["benutzer"], f"blocked by {row['gesperrt']}" if row["gesperrt"] else "active")
    out.print(table)


@app.command()
def add(kennung: KennungArgument, user: BenutzerArgument, directory: InstanceOption) -> None:
    """Register a user."""
    with Instance.read(directory) as here:
        benutzer.lege_an(here.verwaltung(actor()), kennung, user)
    out.print(f"{kennung}: {user} added")


@app.command()
def block(kennung: KennungArgument, user: BenutzerArgument, directory: InstanceOption) -> None:
    """Refuse the user from now on, within a second in every process."""
    with Instance.read(directory) as here:
        benutzer.sperre(here.verwaltung(actor()), kennung, user)
    out.print(f"{kennung}: {user} blocked")


@app.command()
def unblock(kennung: KennungArgument, user: BenutzerArgument, directory: InstanceOption) -> None:
    """Lift the block."""
    with Instance.read(directory) as here:
        benutzer.entsperre(here.verwaltung(actor()), kennung, user)
    out.print(f"{kennung}: {user} active")


@app.command()
def only(
    kennung: KennungArgument,
    directory: InstanceOption,
    registered: bool = typer.Option(True, "--registered/--any", help="Only registered users, or whom it lets."),
) -> None:
    """Say whether only registered users of the authority may ask."""
    with Instance.read(directory) as here:
        benutzer.nur_benutzer(here.verwaltung(actor()), kennung, nur=registered)
    out.print(f"{kennung}: {'only registered users' if registered else 'any user'}")
