"""`xmeld-gateway behoerde konto`: the accounts of operators and of authorities' administrators."""

from typing import Annotated

import typer
from rich.table import Table

from gateway.behoerden import konten
from gateway.bootstrap import Instance
from gateway.terminal import InstanceOption, actor, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Accounts for the admin API.")

NameArgument = Annotated[str, typer.Argument(help="The account's name.")]


@app.command(name="list")
def list_accounts(directory: InstanceOption) -> None:
    """The accounts."""
    table = Table("name", "role", "authority", "state")
    with Instance.read(directory) as here:
        for row in konten.alle(here.verwaltung(actor())):
            state = "blocked" if row["gesperrt"] else "active" if row["aktiv"] else "no password chosen yet"
            table.add_row(row["name"], row["rolle"], row["kennung"] or "-", state)
    out.print(table)


@app.command()
def add(
    name: NameArgument,
    directory: InstanceOption,
    rolle: Annotated[str, typer.Option(help=f"One of: {', '.join(konten.ROLLEN)}.")],
    kennung: Annotated[str | None, typer.Option(help="The authority whose administrator it is.")] = None,
) -> None:
    """Make an account. It can be used when both halves of its first password were given out: `haelfte`."""
    with Instance.read(directory) as here:
        konten.lege_an(here.verwaltung(actor()), name, rolle, kennung)
    out.print(f"{name}: added; give out both halves of its password with: behoerde konto haelfte {name} 1, and 2")


@app.command()
def haelfte(
    name: NameArgument,
    welche: Annotated[int, typer.Argument(min=1, max=2, help="1, by e-mail; 2, by telephone.")],
    directory: InstanceOption,
) -> None:
    """Make one half of a new first password and print it, this once.

    The two halves go different ways; the account must choose its own password before anything else.
    """
    with Instance.read(directory) as here:
        out.print(konten.gib_haelfte(here.verwaltung(actor()), name, str(welche)))


@app.command()
def block(name: NameArgument, directory: InstanceOption) -> None:
    """Block an account; its sessions end at once."""
    with Instance.read(directory) as here:
        konten.sperre(here.verwaltung(actor()), name, gesperrt=True)
    out.print(f"{name}: blocked")


@app.command()
def unblock(name: NameArgument, directory: InstanceOption) -> None:
    """Lift the block."""
    with Instance.read(directory) as here:
        konten.sperre(here.verwaltung(actor()), name, gesperrt=False)
    out.print(f"{name}: active")
