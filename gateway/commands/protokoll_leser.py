"""`xmeld-gateway protokoll reader|request|confirm`: who may read the Protokoll, and four eyes for it."""

from typing import Annotated

import typer
from rich.table import Table

from gateway.behoerden import leser
from gateway.behoerden.leser import SqlLeser
from gateway.bootstrap import Instance
from gateway.meldewesen.zweck import Zweck
from gateway.ports import Einsichtsgrund
from gateway.protokoll.einsichtnahme import check_referenz
from gateway.terminal import InstanceOption, actor, out, system_user

NameArgument = Annotated[str, typer.Argument(help="Of the system user who runs the commands that read.")]
PurposeOption = Annotated[Zweck, typer.Option("--purpose", help="One of the four of § 40 (5) BMG.")]
ReferenceOption = Annotated[str, typer.Option("--reference", help="Of the case that it is read for.")]
WhoseOption = Annotated[
    str, typer.Option("--authority", help="The authority whose commissioned Protokoll it is; default: the operator's.")
]

reader = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who may read the Protokoll's contents.")


def add_to(app: typer.Typer) -> None:
    """Adds the commands to `protokoll`."""
    app.add_typer(reader, name="reader")
    for command in (request, requests, confirm):
        app.command()(command)


@reader.command()
def add(name: NameArgument, directory: InstanceOption, authority: WhoseOption = "") -> None:
    """Let somebody read the operator's Protokoll, or that of an authority which has commissioned it."""
    with Instance.read(directory) as here:
        leser.fuege_hinzu(here.verwaltung(actor()), system_user(name), authority)
        out.print(f"{name} may read the Protokoll of {authority or 'the operator'}")


@reader.command()
def remove(name: NameArgument, directory: InstanceOption, authority: WhoseOption = "") -> None:
    """Take it back."""
    with Instance.read(directory) as here:
        leser.entferne(here.verwaltung(actor()), system_user(name), authority)
        out.print(f"{name} may not read the Protokoll of {authority or 'the operator'} any more")


@reader.command(name="list")
def list_readers(directory: InstanceOption) -> None:
    """Who may read whose."""
    with Instance.read(directory) as here:
        table = Table("reader", "Protokoll of")
        for wer, mandant in SqlLeser(here.behoerden(readonly=True)).all():
            table.add_row(wer, mandant or "the operator")
        out.print(table)


def request(
    directory: InstanceOption,
    purpose: PurposeOption,
    reference: ReferenceOption,
    authority: WhoseOption = "",
) -> None:
    """Ask to read the Protokoll, where the instance wants four eyes."""
    check_referenz(reference)
    with Instance.read(directory) as here:
        antrag = leser.beantrage(here.verwaltung(actor()), Einsichtsgrund(actor(), authority, purpose, reference))
        out.print(f"request {antrag}: another reader confirms it with `protokoll confirm {antrag}`")


def requests(directory: InstanceOption) -> None:
    """The requests to read it, newest first."""
    with Instance.read(directory) as here:
        table = Table("request", "when", "who", "Protokoll of", "purpose", "reference", "confirmed by")
        for one in SqlLeser(here.behoerden(readonly=True)).antraege():
            when, grund = one.gestellt.isoformat(sep=" ", timespec="minutes"), one.grund
            whose = grund.mandant or "the operator"
            table.add_row(
                *(one.id, when, grund.wer, whose, grund.zweck.value, grund.referenz, one.bestaetigt_von or "-")
            )
        out.print(table)


def confirm(
    antrag: Annotated[str, typer.Argument(metavar="REQUEST", help="As `request` has named it.")],
    directory: InstanceOption,
) -> None:
    """Confirm another reader's request: it then holds for 24 hours."""
    with Instance.read(directory) as here:
        leser.bestaetige(here.verwaltung(actor()), antrag, actor())
        out.print(f"confirmed {antrag}")
