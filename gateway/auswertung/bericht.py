"""The report of an evaluation: for the operator about all, or about one authority, to be sent to it. German."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.auswertung.auswertung import Ergebnis
from gateway.auswertung.html import absatz, seite, tabelle, ueberschrift
from gateway.auswertung.regeln import REGELN, Regel
from gateway.auswertung.zeile import Befund
from gateway.protokoll.monat import BERLIN
from gateway.protokoll.stelle import Stelle

_WARNUNG = (
    "Enthält personenbezogene Daten aus dem Protokoll. Verarbeitung nur für die Zwecke des § 40 Absatz 5 Satz 3 BMG; "
    "nur berechtigten Personen zugänglich machen und nach Abschluss der Prüfung löschen."
)


@dataclass(frozen=True)
class Anlass:
    """Who reports about which days, for what case. `bis` is the first day after; `geloescht`: see `quelle`."""

    betreiber: str
    von: date
    bis: date
    referenz: str
    erstellt: datetime
    geloescht: int = 0


def bericht(ergebnis: Ergebnis, anlass: Anlass, namen: Mapping[str, str], behoerde: str = "") -> str:
    """As HTML. `namen` of authorities by key; of one `behoerde` nothing is said but what concerns it."""
    whose = f": {namen.get(behoerde, behoerde)}" if behoerde else ""
    return seite(f"Auswertung der Protokolle nach § 40 BMG{whose}", _teile(ergebnis, anlass, namen, behoerde))


def betroffene(ergebnis: Ergebnis) -> list[str]:
    """The authorities with findings or samples."""
    return sorted({befund.behoerde for befund in ergebnis.befunde if befund.behoerde} | set(ergebnis.stichproben))


def _teile(ergebnis: Ergebnis, anlass: Anlass, namen: Mapping[str, str], behoerde: str) -> Iterator[str]:
    befunde = [one for one in ergebnis.befunde if behoerde in ("", one.behoerde)]
    letzter = anlass.bis - timedelta(days=1)
    abrufe = ergebnis.abrufe.get(behoerde, 0) if behoerde else sum(ergebnis.abrufe.values())
    yield absatz(_WARNUNG, "vermerk")
    yield absatz(f"Erstellt von {anlass.betreiber} am {anlass.erstellt.astimezone(BERLIN):%d.%m.%Y, %H:%M Uhr}")
    yield absatz(f"Zeitraum: {anlass.von:%d.%m.%Y} bis {letzter:%d.%m.%Y}. Ausgewertete Abrufe: {abrufe}.")
    yield from (absatz(text, "vermerk") for text in _luecken(anlass))
    yield absatz(f"Aktenzeichen der Auswertung: {anlass.referenz}")
    yield absatz(
        "Ein Befund ist kein Vorwurf, sondern ein Grund, nachzusehen. Die Einträge sind mit ihrer Stelle im Protokoll "
        "genannt; wer gesucht wurde, steht nur dort. Protokolle, die eine Sicherheitsbehörde beauftragt hat, wertet "
        "diese selbst aus; hier sind von ihr nur technische Auffälligkeiten genannt."
    )
    yield ueberschrift("Übersicht")
    counts = ((regel.titel, sum(one.regel == regel.name for one in befunde)) for regel in REGELN)
    yield tabelle(("Regel", "Befunde"), counts)
    for regel in REGELN:
        if own := [one for one in befunde if one.regel == regel.name]:
            yield from _regel(regel, own, namen)
    yield ueberschrift("Stichproben zur Prüfung von Hand")
    stichproben = {wer: stellen for wer, stellen in ergebnis.stichproben.items() if behoerde in ("", wer)}
    if stichproben:
        yield tabelle(("Behörde", "Einträge"), ((_name(wer, namen), _orte(s)) for wer, s in stichproben.items()))
        yield absatz(f"Zufällig gezogen, je Behörde und Monat dieselbe Zahl; Zufallswert {ergebnis.zufall}.")
    else:
        yield absatz("Keine.")


def _luecken(anlass: Anlass) -> Iterator[str]:
    """Why finding nothing may mean nothing."""
    if anlass.geloescht:
        yield (
            f"Unvollständig: Aus den Monaten dieses Zeitraums sind {anlass.geloescht} Einträge nach Ablauf ihrer Frist "
            "gelöscht (§ 40 Absatz 5 BMG) und nicht ausgewertet."
        )
    if anlass.erstellt.astimezone(BERLIN).date() < anlass.bis:
        yield "Der Zeitraum war noch nicht zu Ende, als diese Auswertung erstellt wurde."


def _regel(regel: Regel, befunde: Sequence[Befund], namen: Mapping[str, str]) -> Iterator[str]:
    yield ueberschrift(regel.titel)
    yield absatz(f"Grund: {regel.grund}")
    if regel.schwelle:
        yield absatz("Schwelle: " + ", ".join(f"{name} {wert:g}" for name, wert in regel.schwelle.items()))
    ordered = sorted(befunde, key=lambda one: (one.behoerde, one.nutzer, one.tag))
    yield tabelle(("Behörde", "Nutzer", "Letzter Tag", "Befund", "Einträge"), (_zeile(one, namen) for one in ordered))


def _zeile(befund: Befund, namen: Mapping[str, str]) -> tuple[str, ...]:
    tag = f"{date.fromordinal(befund.tag):%d.%m.%Y}"
    return _name(befund.behoerde, namen), befund.nutzer or "-", tag, befund.text, _alle(befund)


def _name(behoerde: str, namen: Mapping[str, str]) -> str:
    if not behoerde:
        return "mehrere"
    return f"{namen[behoerde]} ({behoerde})" if behoerde in namen else behoerde


def _alle(befund: Befund) -> str:
    weitere = befund.anzahl - len(befund.stellen)
    return _orte(befund.stellen) + (f" und {weitere} weitere" if weitere > 0 else "")


def _orte(stellen: Iterable[Stelle]) -> str:
    return ", ".join(map(str, stellen))
