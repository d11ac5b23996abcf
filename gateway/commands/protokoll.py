"""`xmeld-gateway protokoll`: the § 40 record seen from outside, technical columns only."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from gateway import protokoll
from gateway.bootstrap import Instance
from gateway.errors import GatewayError
from gateway.protokoll.zeit import from_micros
from gateway.terminal import InstanceOption, out, progress

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The Protokoll (§ 40 BMG).")


@app.command()
def verify(directory: InstanceOption) -> None:
    """Find changed, missing and inserted records, and name them."""
    with Instance.read(directory) as here:
        with progress("verifying") as update:
            result = protokoll.verify(here.protokoll(readonly=True), here.protokollschluessel, update)
        for finding in result.findings:
            out.print(f"{finding.kind.value} {finding.place}: {finding.text}", style="red")
        if result.more:
            out.print(f"and {result.more} more", style="red")
        if not result.intact:
            raise GatewayError(f"the Protokoll is not intact: {len(result.findings) + result.more} finding(s)")
        out.print(f"intact: {result.entries} records in {result.chains} chain(s)")


@app.command(name="list")
def list_entries(
    directory: InstanceOption,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
) -> None:
    """The newest records: technical columns only."""
    with Instance.read(directory) as here:
        table = Table("record", "received", "authority", "type", "outcome", "codes", "Treffer", "repeated", "asked of")
        for zeile in protokoll.Einsicht(here.protokoll(readonly=True)).entries(limit):
            table.add_row(
                str(zeile.stelle),
                _time(zeile.empfangen),
                zeile.behoerde or "-",
                zeile.nachrichtentyp or "-",
                zeile.ergebnis,
                " ".join(zeile.codes),
                str(zeile.treffer),
                "yes" if zeile.wiederholung else "",
                " ".join(dict.fromkeys(f"Land {weg['land']}" for weg in zeile.vermittlung)),
            )
        out.print(table)


@app.command()
def show(
    record: Annotated[str, typer.Argument(help="Chain and number, as `list` has them: 3/1207.")],
    directory: InstanceOption,
) -> None:
    """One record and its legs to other Laender: times, message ids, codes, digests; no personal data."""
    with Instance.read(directory) as here:
        try:
            zeile = protokoll.Einsicht(here.protokoll(readonly=True)).entry(protokoll.Stelle.parse(record))
        except (LookupError, ValueError) as error:
            raise GatewayError(str(error)) from None
        for name, value in (*_entry(zeile), *(pair for weg in zeile.vermittlung for pair in _leg(weg))):
            out.print(f"{name:16}{value}", soft_wrap=True)


def _entry(zeile: protokoll.Protokollzeile) -> Iterator[tuple[str, str]]:
    yield "record", str(zeile.stelle)
    yield "received", _time(zeile.empfangen)
    yield "answered", _time(zeile.beantwortet)
    yield "transport", zeile.transport
    yield "authority", zeile.behoerde or "-"
    yield "message", f"{zeile.nachrichtentyp or '-'} {zeile.nachricht_uuid or '-'}"
    yield "outcome", " ".join((zeile.ergebnis, *zeile.codes))
    yield "Treffer", str(zeile.treffer)
    yield "repeated", "yes" if zeile.wiederholung else "no"
    yield "§ 40 content", "yes" if zeile.hat_inhalt else "no"


def _leg(weg: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Column `vermittlung`, see `ports.Weg`."""
    yield "", ""
    yield "asked of", f"Land {weg['land']}"
    yield "sent", _time(from_micros(weg["gesendet"]))
    yield "ended", _time(from_micros(weg["beendet"]))
    yield "message", f"{weg['uuid']} SHA-256 {weg['anfrage_digest'] or '-'}"
    yield "answer", f"{weg['antwort_uuid'] or '-'} SHA-256 {weg['antwort_digest'] or '-'}"
    yield "codes", " ".join(weg["codes"])


def _time(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="milliseconds")
