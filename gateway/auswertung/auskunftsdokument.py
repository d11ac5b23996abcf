"""The document that a person gets: § 11 BMG, Art. 15 GDPR."""

from collections.abc import Iterator

from gateway.auswertung.html import absatz, seite, tabelle, ueberschrift
from gateway.protokoll.monat import BERLIN
from gateway.protokoll.personenauskunft import Personenauskunft, Uebermittlung

_KOPF = ("Zeitpunkt", "Empfänger", "Kategorien der übermittelten Daten")


def auskunftsdokument(auskunft: Personenauskunft, verantwortlicher: str) -> str:
    """As HTML. `verantwortlicher`: who answers."""
    return seite("Auskunft über automatisierte Abrufe Ihrer Meldedaten", _teile(auskunft, verantwortlicher))


def _teile(auskunft: Personenauskunft, verantwortlicher: str) -> Iterator[str]:
    yield absatz(f"Auskunft gibt: {verantwortlicher}")
    yield absatz(f"Stand: {auskunft.erstellt.astimezone(BERLIN):%d.%m.%Y, %H:%M Uhr}")
    if (wer := auskunft.wer).ordnungsmerkmal:
        yield absatz(f"Betroffener Datensatz: Gemeindeschlüssel {wer.ags}, Ordnungsmerkmal {wer.ordnungsmerkmal}")
    if wer.familienname:
        yield absatz(f"Betroffene Person: {wer.vornamen} {wer.familienname}, geboren am {wer.geburtsdatum}")
    yield ueberschrift("Empfänger Ihrer Daten (Artikel 15 Absatz 1 Buchstabe b und c DSGVO)")
    if auskunft.uebermittlungen:
        yield tabelle(_KOPF, map(_zeile, auskunft.uebermittlungen))
    else:
        yield absatz("Es liegen keine Abrufe vor, über die Auskunft erteilt wird.")
    yield ueberschrift("Umfang dieser Auskunft")
    yield absatz(
        "Auskunft über automatisierte Abrufe wird innerhalb der Frist erteilt, in der die Protokolldaten aufbewahrt "
        "werden: mindestens zwölf Monate, längstens bis zum Ende des Kalenderjahres, das auf die Speicherung folgt "
        "(§ 11 Absatz 1 Satz 2, § 40 Absatz 5 BMG)."
    )
    yield absatz(
        "Das Recht auf Auskunft besteht nicht, soweit § 11 BMG es ausschließt; dazu gehören Abrufe der in § 34 "
        "Absatz 4 Satz 1 BMG genannten Behörden. Ob es solche Abrufe gab, geht aus dieser Auskunft nicht hervor."
    )


def _zeile(one: Uebermittlung) -> tuple[str, str, str]:
    wer = f"{one.empfaenger}, für: {one.weitergegeben_an}" if one.weitergegeben_an else one.empfaenger
    wer += f"; beim Land {one.land} abgerufen" if one.land else ""
    what = ", ".join(name.replace("_", " ").capitalize() for name in one.kategorien)
    return f"{one.zeitpunkt.astimezone(BERLIN):%d.%m.%Y %H:%M:%S}", wer, what
