"""`xmeld-gateway behoerde antrag`: applications for access."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from gateway.behoerden import antraege
from gateway.behoerden.antraege import Antrag
from gateway.behoerden.formulare import AntragForm
from gateway.bootstrap import Instance
from gateway.errors import ConfigError
from gateway.sections import explain, read_toml
from gateway.terminal import InstanceOption, actor, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Applications for access.")

IdArgument = Annotated[str, typer.Argument(help="The application's id.")]


@app.command(name="list")
def list_applications(directory: InstanceOption) -> None:
    """The applications, newest first."""
    table = Table("id", "received", "key", "name", "role", "state")
    with Instance.read(directory) as here:
        for row in antraege.alle(here.verwaltung(actor())):
            wer = row["behoerde"]
            table.add_row(row["id"], row["eingegangen"][:10], row["kennung"], wer["name"], wer["rolle"], row["stand"])
    out.print(table)


@app.command()
def show(nummer: IdArgument, directory: InstanceOption) -> None:
    """Everything in an application, as JSON."""
    with Instance.read(directory) as here:
        out.print_json(data=antraege.zeige(here.verwaltung(actor()), nummer))


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="TOML with kennung, name, rolle, massnahmen and [administrator].")],
    directory: InstanceOption,
    signed: Annotated[bool, typer.Option("--signed", help="The authority's head has signed it.")] = False,
) -> None:
    """Take in an application as it came by post."""
    antrag = _read(file, signed)
    with Instance.read(directory) as here:
        nummer = antraege.stelle(here.verwaltung(actor()), antrag)
    out.print(f"{nummer}: received")


@app.command()
def check(nummer: IdArgument, directory: InstanceOption) -> None:
    """Mark an application as complete and lawful."""
    with Instance.read(directory) as here:
        antraege.pruefe(here.verwaltung(actor()), nummer)
    out.print(f"{nummer}: checked")


@app.command()
def release(nummer: IdArgument, directory: InstanceOption) -> None:
    """Register the authority and make its first administrator's account."""
    with Instance.read(directory) as here:
        name = antraege.gib_frei(here.verwaltung(actor()), nummer)
    out.print(f"{nummer}: released; give out both halves of the password: behoerde konto haelfte {name} 1, and 2")


@app.command()
def refuse(
    nummer: IdArgument, grund: Annotated[str, typer.Argument(help="The reason.")], directory: InstanceOption
) -> None:
    """Refuse an application with a reason."""
    with Instance.read(directory) as here:
        antraege.lehne_ab(here.verwaltung(actor()), nummer, grund)
    out.print(f"{nummer}: refused")


def _read(file: Path, signed: bool) -> Antrag:
    try:
        return AntragForm.model_validate({**read_toml(file), "unterschrieben": signed}).antrag()
    except FileNotFoundError:
        raise ConfigError(f"{file} cannot be read: No such file or directory") from None
    except ValidationError as error:
        raise ConfigError(f"{file}: {explain(error.errors(include_input=False))}") from None
