"""`xmeld-gateway protokoll read|search|export`: contents of the Protokoll, each reading recorded before it is shown."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from gateway import protokoll
from gateway.abruf.suchbegriffe import freitext, nutzer, person
from gateway.auswertung.auskunftsdokument import auskunftsdokument
from gateway.behoerden.leser import SqlLeser
from gateway.bootstrap import Instance
from gateway.commands.protokoll_leser import PurposeOption, ReferenceOption, WhoseOption
from gateway.errors import ConfigError, GatewayError
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.meldewesen.zweck import Zweck
from gateway.ports import Einsichtsgrund, Suchart, Suchbegriff
from gateway.protokoll.einsichtnahme import Einsichtnahme, KeinEinsichtsrecht, gesuchtes, vermerke_ablehnung
from gateway.protokoll.monat import BERLIN
from gateway.protokoll.personenauskunft import Betroffener, personenauskunft
from gateway.protokoll.recherche import MAX_ZEILEN, Suchfrage, person_gesucht
from gateway.terminal import InstanceOption, actor, out

RequestOption = Annotated[str, typer.Option("--request", help="The confirmed request, where four eyes are wanted.")]
FromOption = Annotated[datetime | None, typer.Option("--von", formats=["%Y-%m-%d"], help="First day.")]
ToOption = Annotated[datetime | None, typer.Option("--bis", formats=["%Y-%m-%d"], help="Last day.")]


@dataclass(frozen=True)
class Reading:
    """An instance whose Protokoll somebody reads."""

    here: Instance
    einsicht: Einsichtnahme


def add_to(app: typer.Typer) -> None:
    """Adds the commands to `protokoll`."""
    for command in (read, search, export):
        app.command()(command)


@contextmanager
def reading(directory: Path, grund: Einsichtsgrund, antrag: str) -> Iterator[Reading]:
    """Raises GatewayError where somebody may not, which is on record then."""
    with Instance.read(directory) as here:
        recht, vier_augen = SqlLeser(here.behoerden(readonly=True)), here.config.einsicht.vier_augen
        with closing(protokoll.SqlProtokoll(here.protokoll(), here.protokollschluessel)) as store:
            now = datetime.now(UTC)
            try:
                erlaubnis = protokoll.erlaube(recht, grund, now, antrag=antrag, vier_augen=vier_augen)
            except KeinEinsichtsrecht as error:
                vermerke_ablehnung(store, grund, error, now)
                raise
            yield Reading(
                here, Einsichtnahme(here.protokoll(readonly=True), here.protokollschluessel, store, erlaubnis)
            )


def read(
    record: Annotated[str, typer.Argument(help="Chain and number, as `search` has them: 3/1207.")],
    directory: InstanceOption,
    purpose: PurposeOption,
    reference: ReferenceOption,
    authority: WhoseOption = "",
    request: RequestOption = "",
) -> None:
    """The § 40 content of one record, as JSON."""
    with reading(directory, Einsichtsgrund(actor(), authority, purpose, reference), request) as session:
        try:
            _, inhalt = session.einsicht.zeige(protokoll.Stelle.parse(record))
        except (LookupError, ValueError) as error:
            raise GatewayError(str(error)) from None
        if inhalt is None:
            typer.echo(f"{record} has no § 40 content: a fault, or an authority that records itself", err=True)
        typer.echo(json.dumps(inhalt, ensure_ascii=False, indent=1))


def search(
    directory: InstanceOption,
    purpose: PurposeOption,
    reference: ReferenceOption,
    authority: WhoseOption = "",
    request: RequestOption = "",
    ags: Annotated[str, typer.Option(help="Of the person's municipality, with --ordnungsmerkmal.")] = "",
    ordnungsmerkmal: Annotated[str, typer.Option(help="Of the person's record.")] = "",
    familienname: Annotated[str, typer.Option(help="Of the person, with --vornamen and --geburtsdatum.")] = "",
    vornamen: str = "",
    geburtsdatum: Annotated[str, typer.Option(help="YYYY-MM-DD.")] = "",
    asked_by: Annotated[str, typer.Option("--asked-by", help="The authority that asked.")] = "",
    user: Annotated[str, typer.Option("--user", help="Its user, as messages name it, with --asked-by.")] = "",
    anlass: str = "",
    aktenzeichen: str = "",
    von: FromOption = None,
    bis: ToOption = None,
    readings: Annotated[bool, typer.Option("--readings", help="Who has read the Protokoll for it, instead.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MAX_ZEILEN)] = 100,
) -> None:
    """Records by person, authority, user, time, Anlass, Aktenzeichen, in any combination: newest first."""
    _check_form(ags, geburtsdatum, asked_by)
    gruppen = [
        _both((person(ags, ordnungsmerkmal),), ags, ordnungsmerkmal),
        _both(person_gesucht(familienname, vornamen, geburtsdatum), familienname, vornamen, geburtsdatum),
        _both((nutzer(asked_by or authority, user),), user, asked_by or authority) if user else (),
        (freitext(Suchart.ANLASS, anlass),) if anlass else (),
        (freitext(Suchart.AKTENZEICHEN, aktenzeichen),) if aktenzeichen else (),
    ]
    begriffe = tuple(tuple(map(gesuchtes, g)) if readings else g for g in gruppen if g)
    frage = Suchfrage(begriffe, asked_by, "einsicht" if readings else "", _day(von), _day(bis, 1), limit)
    with reading(directory, Einsichtsgrund(actor(), authority, purpose, reference), request) as session:
        table = Table("record", "received", "authority", "type", "outcome", "codes", "Treffer")
        for zeile in session.einsicht.suche(frage):
            when = zeile.empfangen.isoformat(sep=" ", timespec="seconds")
            what = (zeile.behoerde or "-", zeile.nachrichtentyp or "-", zeile.ergebnis, " ".join(zeile.codes))
            table.add_row(str(zeile.stelle), when, *what, str(zeile.treffer))
        out.print(table)


def export(
    folder: Annotated[Path, typer.Argument(help="A new folder for the documents.")],
    directory: InstanceOption,
    reference: ReferenceOption,
    request: RequestOption = "",
    ags: Annotated[str, typer.Option(help="Of the person's municipality, with --ordnungsmerkmal.")] = "",
    ordnungsmerkmal: Annotated[str, typer.Option(help="Of the person's record.")] = "",
    familienname: Annotated[str, typer.Option(help="For retrievals at other Laender, which know no record.")] = "",
    vornamen: Annotated[str, typer.Option(help="All of them.")] = "",
    geburtsdatum: Annotated[str, typer.Option(help="YYYY-MM-DD.")] = "",
    authority: WhoseOption = "",
    von: FromOption = None,
    bis: ToOption = None,
) -> None:
    """What a person may be told of retrievals of his data (§ 11 BMG); or an authority's commissioned Protokoll."""
    _check_form(ags, geburtsdatum)
    wer = Betroffener(ags, ordnungsmerkmal, familienname, vornamen, geburtsdatum)
    _both((person(ags, ordnungsmerkmal),), ags, ordnungsmerkmal)
    _both(person_gesucht(familienname, vornamen, geburtsdatum), familienname, vornamen, geburtsdatum)
    if bool(authority) == bool(ags or familienname):
        raise GatewayError("name a person, or an --authority with its own Protokoll")
    zweck = Zweck.DATENSCHUTZKONTROLLE if authority else Zweck.AUSKUNFT
    with reading(directory, Einsichtsgrund(actor(), authority, zweck, reference), request) as session:
        if authority:
            count = _export_commissioned(session, folder, Suchfrage((), "", "", _day(von), _day(bis, 1), MAX_ZEILEN))
            out.print(f"wrote {count} records to {folder}: personal data, readable by you alone")
            return
        behoerden = {one.kennung: one for one in session.here.authorities(readonly=True).all()}
        auskunft = personenauskunft(session.einsicht, wer, behoerden, datetime.now(UTC))
        name = session.here.config.absender.name
        write_private(folder / "auskunft.html", auskunftsdokument(auskunft, name))
        write_private(folder / "auskunft.json", json.dumps(auskunft.als_json(), ensure_ascii=False, indent=1))
        out.print(f"wrote {len(auskunft.uebermittlungen)} retrievals to {folder}: personal data, readable by you alone")
        out.print(f"not told of, § 11 (1) no. 3 BMG and the like: {auskunft.nicht_mitgeteilt}")


def write_private(path: Path, text: str) -> None:
    """A new file that its owner alone can read. Raises ConfigError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None


def _export_commissioned(session: Reading, folder: Path, frage: Suchfrage) -> int:
    zeilen = session.einsicht.suche(frage)
    if len(zeilen) >= MAX_ZEILEN:
        raise GatewayError(f"there are {MAX_ZEILEN} records or more: narrow it with --von and --bis")
    session.einsicht.vermerke("export", {**frage.beschreibung, "anzahl": len(zeilen)})
    lines = (json.dumps(_exported(session, zeile), ensure_ascii=False) for zeile in reversed(zeilen))
    write_private(folder / "protokoll.jsonl", "".join(f"{line}\n" for line in lines))
    return len(zeilen)


def _exported(session: Reading, zeile: protokoll.Protokollzeile) -> dict[str, Any]:
    names = ("transport", "ergebnis", "codes", "behoerde", "fingerprint", "nachrichtentyp", "nachricht_uuid", "treffer")
    inhalt = session.einsicht.inhalt(zeile.stelle) if zeile.hat_inhalt and zeile.mandant else None
    return {
        "stelle": str(zeile.stelle),
        "empfangen": zeile.empfangen.isoformat(),
        "beantwortet": zeile.beantwortet.isoformat(),
        **{name: getattr(zeile, name) for name in names},
        "inhalt": inhalt,
    }


def _check_form(ags: str, geburtsdatum: str, asked_by: str = "") -> None:
    """What is written otherwise would find nothing, and look as if there were nothing."""
    try:
        Gemeindeschluessel(ags or "00000000")
        Teildatum(geburtsdatum or "0000-00-00")
    except ValueError as error:
        raise GatewayError(f"--ags, --geburtsdatum: {error}") from None
    if asked_by and not re.fullmatch(r"dbs:[0-9]{12}", asked_by):
        raise GatewayError("--asked-by: the key of an authority is written dbs: and 12 digits")


def _both(begriffe: tuple[Suchbegriff, ...], *given: str) -> tuple[Suchbegriff, ...]:
    if not any(given):
        return ()
    if not all(given) or not begriffe:
        raise GatewayError(
            "a person is named by --ags and --ordnungsmerkmal, or by --familienname, --vornamen and --geburtsdatum; "
            "a --user by --asked-by too"
        )
    return begriffe


def _day(day: datetime | None, later: int = 0) -> datetime | None:
    """Its first moment in Germany, or that of so many days later."""
    return (day + timedelta(days=later)).replace(tzinfo=BERLIN).astimezone(UTC) if day else None
