"""`xmeld-gateway protokoll`: the record of § 40 BMG: whether it is whole, how long it is kept, what proves it."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from gateway import protokoll
from gateway.behoerden.pruefung import ist_enthalten, spitze
from gateway.bootstrap import Instance
from gateway.errors import ConfigError, GatewayError
from gateway.protokoll import anker, beweis, siegelfolge
from gateway.protokoll.ankerablage import MUSTER
from gateway.protokoll.aufbewahrung import Aufbewahrung
from gateway.protokoll.befund import Finding, Kind, Verification
from gateway.protokoll.einsichtnahme import FREIGABE, HALT, vermerke_halt, vermerke_uhr
from gateway.protokoll.halten import Halteliste
from gateway.protokoll.monat import BERLIN
from gateway.protokoll.zeit import from_micros
from gateway.terminal import InstanceOption, actor, out, progress

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The Protokoll (§ 40 BMG).")

StelleArgument = Annotated[str, typer.Argument(metavar="RECORD", help="Chain and number, as in 3/1207.")]
DAYS = ["%Y-%m-%d"]


@contextmanager
def said() -> Iterator[None]:
    """What is wrong with what was given, as one line."""
    try:
        yield
    except ValueError as error:
        raise ConfigError(str(error)) from None


@app.command()
def verify(
    directory: InstanceOption,
    anchor: Annotated[
        Path | None, typer.Option(help="An anchor, or a folder of them: also what they have seen.")
    ] = None,
) -> None:
    """Find changed, missing and inserted records, and name them."""
    with Instance.read(directory) as here:
        keys = here.protokollschluessel
        folge = siegelfolge.read(here.protokoll(readonly=True), keys)
        seen = [anker.read_anker(one, folge) for one in _anchors(anchor)]
        with progress("verifying") as update:
            result = protokoll.verify(here.protokoll(readonly=True), keys, update, seen, datetime.now(UTC))
        findings = [*result.findings, *_changes(here, seen)]
        for finding in findings:
            out.print(f"{finding.kind.value} {finding.place}: {finding.text}", style="red")
        if result.more:
            out.print(f"and {result.more} more", style="red")
        if findings:
            raise GatewayError(f"the Protokoll is not intact: {len(findings) + result.more} finding(s)")
        out.print(f"intact: {result.entries} records in {result.chains} chain(s){_beside(result)}")


def _anchors(anchor: Path | None) -> list[Path]:
    if anchor is None or not anchor.is_dir():
        return [anchor] if anchor else []
    if found := sorted(anchor.glob(MUSTER)):
        return found
    raise ConfigError(f"{anchor} has no anchors")


def _changes(here: Instance, seen: list[anker.Anker]) -> Iterator[Finding]:
    """Changes of the register of authorities that an anchor has seen, and that are not there, or others."""
    for one in seen:
        if one.aenderungen and not ist_enthalten(here.behoerden(readonly=True), *one.aenderungen):
            text = f"the record of changes is another: the anchor of {one.moment:%Y-%m-%d %H:%M} has seen it"
            yield Finding(Kind.FORKED, f"authorities, change {one.aenderungen[0]}", text)


def _beside(result: Verification) -> str:
    words = (
        (result.deleted, "deleted by record"),
        (result.held, "held back"),
        (result.unfinished, "left by a deletion that was broken off: run protokoll aufbewahrung"),
    )
    return "".join(f", {count} {what}" for count, what in words if count)


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


@app.command()
def aufbewahrung(
    directory: InstanceOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; delete nothing.")] = False,
    clock_is_right: Annotated[
        bool,
        typer.Option("--clock-is-right", help="Though nothing was recorded for a month; on record."),
    ] = False,
) -> None:
    """Delete what has been kept for its time (§ 40 (5) BMG), as the worker of 'serve' does by itself."""
    with Instance.read(directory) as here:
        job, now = Aufbewahrung(here.protokoll(), here.protokollschluessel), datetime.now(UTC)
        if dry_run:
            faellig = job.faellige(now)
            for one in faellig:
                out.print(f"{one.monat}: {one.eintraege} records, due since {one.ab.astimezone(BERLIN):%Y-%m-%d}")
            if not faellig:
                out.print("nothing is due")
            return
        if clock_is_right:
            with _recording(here) as store:
                vermerke_uhr(store, actor(), now)
        bericht = job.loesche(now, uhr_stimmt=clock_is_right)
    if bericht is None:
        raise GatewayError("another one is deleting just now: nothing was done")
    months = " ".join(map(str, bericht.monate)) or "none"
    out.print(f"deleted {bericht.eintraege} records, months: {months}; {bericht.sendungen} rows of delivered messages")


@app.command()
def hold(
    stelle: StelleArgument,
    directory: InstanceOption,
    reason: Annotated[str, typer.Option(help="Why; kept encrypted.")],
) -> None:
    """Hold a record back from deletion."""
    with Instance.read(directory) as here, said():
        halteliste, which = Halteliste(here.protokoll(), here.protokollschluessel), protokoll.Stelle.parse(stelle)
        _record(here, HALT, which)
        bis = halteliste.halte(which, reason, datetime.now(UTC))
    out.print(f"{stelle} is held until it is released")
    out.print(f"its term by § 40 (5) BMG ends before {_tag(bis)}")


@app.command()
def release(stelle: StelleArgument, directory: InstanceOption) -> None:
    """End a hold: the record goes when its time has come, or with the next deletion."""
    with Instance.read(directory) as here, said():
        which = protokoll.Stelle.parse(stelle)
        _record(here, FREIGABE, which)
        Halteliste(here.protokoll(), here.protokollschluessel).gib_frei(which)
    out.print(f"{stelle} is released")


def _record(here: Instance, was: str, stelle: protokoll.Stelle) -> None:
    """Who keeps evidence or lets it go is on record, before it is done."""
    with _recording(here) as store:
        vermerke_halt(store, actor(), was, stelle, datetime.now(UTC))


def _recording(here: Instance) -> AbstractContextManager[protokoll.SqlProtokoll]:
    return closing(protokoll.SqlProtokoll(here.protokoll(), here.protokollschluessel))


@app.command()
def holds(directory: InstanceOption) -> None:
    """The records that are held back, until when they may be by § 40 (5) BMG alone, and why."""
    with Instance.read(directory) as here:
        table = Table("record", "since", "term ends before", "reason")
        now = datetime.now(UTC)
        for halt in Halteliste(here.protokoll(readonly=True), here.protokollschluessel).alle():
            table.add_row(
                str(halt.stelle),
                f"{halt.seit.astimezone(BERLIN):%Y-%m-%d %H:%M}",
                _tag(halt.bis) + (" (over)" if halt.vorbei(now) else ""),
                halt.grund or "unreadable",
            )
        out.print(table)


def _tag(moment: datetime) -> str:
    return f"{moment.astimezone(BERLIN):%Y-%m-%d}"


@app.command(name="anker")
def make_anchor(
    file: Annotated[Path, typer.Argument(help="Where to write it; keep it where the database's operator cannot.")],
    directory: InstanceOption,
) -> None:
    """Write the signed state of all chains: with it 'verify --anchor' finds a Protokoll that was set back."""
    with Instance.read(directory) as here:
        changes = spitze(here.behoerden(readonly=True))
        text = anker.make_anker(here.protokoll(readonly=True), here.protokollschluessel, datetime.now(UTC), changes)
    with file.open("x", encoding="ascii") as target:
        target.write(text)
    out.print(f"wrote {file}")


@app.command(name="export-beweis")
def export_evidence(
    file: Annotated[Path, typer.Argument(help="Where to write it (JSON Lines).")],
    directory: InstanceOption,
    von: Annotated[datetime, typer.Option(formats=DAYS, help="The first day, in Germany.")],
    bis: Annotated[datetime, typer.Option(formats=DAYS, help="The last day.")],
) -> None:
    """Write the evidence of a period, without contents.

    A third party checks it with gateway/protokoll/pruefskript/pruefe_protokoll.py, which needs only Python and
    cryptography; give the id of the seal's key by another way.
    """
    first, behind = von.replace(tzinfo=BERLIN), (bis + timedelta(days=1)).replace(tzinfo=BERLIN)
    if first >= behind:
        raise ConfigError("--von is after --bis")
    with Instance.read(directory) as here, file.open("x", encoding="utf-8") as target:
        keys = here.protokollschluessel
        count = beweis.export(here.protokoll(readonly=True), keys, first, behind, target)
        key = siegelfolge.read(here.protokoll(readonly=True), keys).aktuell
    out.print(f"wrote {count} records to {file}; the id of the seal's key is {key.id}")
