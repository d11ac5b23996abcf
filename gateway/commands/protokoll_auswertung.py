"""`xmeld-gateway protokoll evaluate`: what a human should look at, as signed reports."""

import os
import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from gateway.auswertung.auswertung import QUOTE, Ergebnis, werte_aus
from gateway.auswertung.bericht import Anlass, bericht, betroffene
from gateway.auswertung.quelle import geloescht, zeilen
from gateway.auswertung.unterschrift import ist_unterschrieben, unterschreibe
from gateway.bootstrap import Instance
from gateway.commands.protokoll_einsicht import RequestOption, reading, write_private
from gateway.commands.protokoll_leser import ReferenceOption, WhoseOption
from gateway.errors import ConfigError, GatewayError
from gateway.meldewesen.zweck import Zweck
from gateway.ports import Einsichtsgrund
from gateway.protokoll.monat import BERLIN
from gateway.terminal import InstanceOption, actor, out

VORLAUF = timedelta(days=90)  # before the first day: what is usual


def add_to(app: typer.Typer) -> None:
    """Adds the commands to `protokoll`."""
    app.command()(evaluate)
    app.command(name="check-report")(check_report)


def evaluate(
    folder: Annotated[Path, typer.Argument(help="A new folder for the reports.")],
    directory: InstanceOption,
    reference: ReferenceOption,
    von: Annotated[datetime, typer.Option("--von", formats=["%Y-%m-%d"], help="First day.")],
    bis: Annotated[datetime, typer.Option("--bis", formats=["%Y-%m-%d"], help="Last day.")],
    authority: WhoseOption = "",
    request: RequestOption = "",
    samples: Annotated[int, typer.Option(min=0, max=1000, help="Of each authority and month, for review.")] = QUOTE,
) -> None:
    """Find what a human should look at; a signed report about all, and one for each authority that it concerns."""
    if bis < von:
        raise GatewayError("--von is after --bis")
    bis += timedelta(days=1)
    grund = Einsichtsgrund(actor(), authority, Zweck.DATENSCHUTZKONTROLLE, reference)
    with reading(directory, grund, request) as session:
        here = session.here
        zeitraum = {"von": von.date().isoformat(), "vor": bis.date().isoformat()}
        session.einsicht.vermerke("auswertung", {**zeitraum, "stichproben": samples})
        beginn, ende = (day.replace(tzinfo=BERLIN).astimezone(UTC) for day in (von, bis))
        stream = zeilen(here.protokoll(readonly=True), here.protokollschluessel, beginn - VORLAUF, ende, authority)
        ergebnis = werte_aus(stream, von.date().toordinal(), zufall=secrets.randbits(32), quote=samples)
        gone = geloescht(here.protokoll(readonly=True), beginn, ende)
        anlass = Anlass(here.config.absender.name, von.date(), bis.date(), reference, datetime.now(UTC), gone)
        written = _write(here, folder, ergebnis, anlass)
        out.print(f"{len(ergebnis.befunde)} findings in {sum(ergebnis.abrufe.values())} requests")
        if gone:
            out.print(f"{gone} records of these months are deleted by § 40 (5) BMG and were not looked at")
        out.print(f"wrote {written} signed reports to {folder}: personal data, readable by you alone")


def check_report(
    report: Annotated[Path, typer.Argument(help="A report; its signature lies beside it, with .sig.")],
    certificate: Annotated[Path, typer.Option(help="The gateway's signature certificate, PEM.")],
) -> None:
    """Whether a report is as the gateway has signed it."""
    try:
        known = x509.load_pem_x509_certificate(certificate.read_bytes())
        sound = ist_unterschrieben(known, report.read_bytes(), report.with_name(report.name + ".sig").read_bytes())
    except ValueError:
        raise ConfigError(f"{certificate} is no certificate in PEM") from None
    if not sound:
        raise GatewayError(f"{report} is not as this certificate's key has signed it")
    out.print(f"{report} is as it was signed")


def _write(here: Instance, folder: Path, ergebnis: Ergebnis, anlass: Anlass) -> int:
    namen = {one.kennung: one.name for one in here.authorities(readonly=True).all()}
    ueber = ["", *betroffene(ergebnis)]
    for behoerde in ueber:
        name = _file_name(anlass.von, anlass.bis, behoerde)
        text = bericht(ergebnis, anlass, namen, behoerde)
        write_private(folder / name, text)
        _write_signature(folder / f"{name}.sig", unterschreibe(here.identity, text.encode()))
    return len(ueber)


def _write_signature(path: Path, signature: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(signature)


def _file_name(von: date, bis: date, behoerde: str) -> str:
    whose = "-" + behoerde.replace(":", "-") if behoerde else ""
    return f"auswertung-{von.isoformat()}-{(bis - timedelta(days=1)).isoformat()}{whose}.html"
