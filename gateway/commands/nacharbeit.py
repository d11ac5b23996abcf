"""`xmeld-gateway nacharbeit`: what follows answers that hid somebody, §§ 34 (5), 34a (5) BMG."""

from typing import Annotated

import typer
from rich.table import Table

from gateway import protokoll, worker
from gateway.bootstrap import (
    Instance,
    build_ankerablage,
    build_aufbewahrung,
    build_gateway,
    build_lauf,
    check_databases,
)
from gateway.errors import GatewayError
from gateway.terminal import InstanceOption, out

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What follows answers: 1322 and the notices of § 34 (5) BMG."
)


@app.command(name="list")
def list_messages(
    directory: InstanceOption,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
) -> None:
    """The messages of the outbox, waiting or delivered: no personal data."""
    with Instance.read(directory) as here:
        einsicht = protokoll.Einsicht(here.protokoll(readonly=True))
        table = Table("message", "type", "what", "to", "since", "delivered", "tries failed")
        for zeile in einsicht.post(limit):
            delivered = zeile.zugestellt.isoformat(sep=" ", timespec="seconds") if zeile.zugestellt else "waits"
            since = zeile.angelegt.isoformat(sep=" ", timespec="seconds")
            table.add_row(
                *(zeile.uuid, zeile.nachrichtentyp, zeile.art, zeile.empfaenger, since, delivered, str(zeile.versuche))
            )
        out.print(table)
        waiting, failed, messages = einsicht.offen()
        out.print(f"{waiting} answered requests to look at, {failed} of them failed before; {messages} messages wait")


@app.command()
def run(
    directory: InstanceOption,
    once: Annotated[bool, typer.Option("--once", help="One round, then end.")] = False,
) -> None:
    """Do what follows answers, beside or instead of the worker that `serve` starts: one works at a time."""
    with Instance.read(directory) as here:
        check_databases(here)
        lauf = build_lauf(here, build_gateway(here))
        if not once:
            worker.run(lauf, build_aufbewahrung(here), build_ankerablage(here), here.config.nacharbeit.pause_seconds)
            return
        try:
            bilanz = lauf.runde()
        finally:
            lauf.gateway.protokoll.close()
    if not bilanz.allein:
        raise GatewayError("another worker is at it, as the one of 'serve': nothing was done")
    out.print(
        f"looked at {bilanz.angesehen} requests, {bilanz.entstanden} messages came of them; "
        f"{bilanz.zugestellt} delivered, {bilanz.gescheitert} failed"
    )
