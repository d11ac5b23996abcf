"""Who may not ask now, whatever is asked; and what is asked beyond an authority's own rights. One row a rule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.meldewesen.anfrage import Abruf, Datenbestaetigung, FreieSuche, Personensuche, Rueckweisungsgrund
from gateway.meldewesen.behoerde import Behoerde
from gateway.meldewesen.rechte import AUSWAHLDATEN, Rechte, Verbrauch
from gateway.meldewesen.regeln import Pruefling, Regel


@dataclass(frozen=True)
class Zugangspruefling:
    """What the rules of the first kind look at. `jetzt` is the time in Germany."""

    kennung: str  # of the user
    behoerde: Behoerde
    jetzt: datetime
    verbrauch: Verbrauch  # before this request

    @property
    def rechte(self) -> Rechte:
        return self.behoerde.zugang.rechte

    @property
    def oeffnet(self) -> str:
        """When the hours begin."""
        return f"{self.rechte.stunden.von:%H:%M}" if self.rechte.stunden else ""

    @property
    def schliesst(self) -> str:
        """When they end."""
        return f"{self.rechte.stunden.bis:%H:%M}" if self.rechte.stunden else ""

    @property
    def morgen(self) -> str:
        """When the day's quotas begin anew."""
        return f"{self.jetzt.date() + timedelta(days=1):%d.%m.%Y}, 00:00 Uhr"


#: Mark of what is no datum or search of the authority's.
RECHT = "RECHT"


@dataclass(frozen=True)
class Zugangsregel:
    """`marke` stands in the Protokoll beside the code 17; `freitext` may name what the Pruefling `p` knows."""

    marke: str
    gilt: Callable[[Zugangspruefling], bool]
    freitext: str


def _ausserhalb(p: Zugangspruefling) -> bool:
    stunden = p.rechte.stunden
    return stunden is not None and not stunden.umfasst(p.jetzt.time())


def _erreicht(grenze: int | None, verbraucht: int) -> bool:
    return grenze is not None and verbraucht >= grenze


ZUGANG: tuple[Zugangsregel, ...] = (
    Zugangsregel(
        "BENUTZER_GESPERRT",
        lambda p: p.behoerde.zugang.sperrt(p.kennung),
        "Der Zugang der angegebenen Kennung ist gesperrt. Bitte wenden Sie sich an die Administration Ihrer Behörde.",
    ),
    Zugangsregel(
        "BENUTZER_UNBEKANNT",
        lambda p: not p.behoerde.zugang.laesst_zu(p.kennung),
        "Die angegebene Kennung ist für Ihre Behörde nicht eingerichtet.",
    ),
    Zugangsregel(
        "STUNDEN",
        _ausserhalb,
        "Abrufe Ihrer Behörde sind von {p.oeffnet} bis {p.schliesst} Uhr zugelassen. "
        "Bitte fragen Sie ab {p.oeffnet} Uhr wieder an.",
    ),
    Zugangsregel(
        "KONTINGENT_TAG",
        lambda p: _erreicht(p.rechte.je_tag, p.verbrauch.anfragen),
        "Das Kontingent Ihrer Behörde von {p.rechte.je_tag} Anfragen je Tag ist erschöpft. "
        "Bitte fragen Sie ab dem {p.morgen}, wieder an.",
    ),
    Zugangsregel(
        "KONTINGENT_TREFFER",
        lambda p: _erreicht(p.rechte.treffer_je_tag, p.verbrauch.treffer),
        "Das Kontingent Ihrer Behörde von {p.rechte.treffer_je_tag} Treffern je Tag ist erschöpft. "
        "Bitte fragen Sie ab dem {p.morgen}, wieder an.",
    ),
)


def kein_zugang(pruefling: Zugangspruefling) -> list[Rueckweisungsgrund]:
    """Every ground that applies."""
    return [
        Rueckweisungsgrund("17", regel.freitext.format(p=pruefling), regel.marke)
        for regel in ZUGANG
        if regel.gilt(pruefling)
    ]


# -- what is asked -----------------------------------------------------------------------------------------------------


def _rechte(p: Pruefling) -> Rechte:
    return p.behoerde.zugang.rechte


def _phonetik(p: Pruefling) -> bool:
    auswahl = auswahldaten_von(p.anfrage)
    return auswahl is not None and auswahl.phonetik and not _rechte(p).phonetik


def _bereich(p: Pruefling) -> bool:
    return isinstance(p.anfrage, FreieSuche) and not _rechte(p).erlaubt_bereich(p.anfrage.suchbereich.art)


RECHTE: tuple[Regel[Pruefling], ...] = (
    Regel(
        "17",
        lambda p: isinstance(p.anfrage, FreieSuche) and not _rechte(p).freie_suche,
        "Die freie Suche ist für Ihre Behörde nicht freigegeben.",
        RECHT,
    ),
    Regel("17", _bereich, "Ein Suchbereich dieser Größe ist für Ihre Behörde nicht freigegeben.", RECHT),
    Regel("17", _phonetik, "Die phonetische Suche ist für Ihre Behörde nicht freigegeben.", RECHT),
)


def auswahldaten_von(anfrage: Abruf) -> Any:
    """The Auswahldaten, of whichever kind; None for a follow-up by Identifikationsmerkmal."""
    return anfrage.auswahldaten if isinstance(anfrage, Personensuche | FreieSuche | Datenbestaetigung) else None


def nicht_freigegeben(
    anfrage: Abruf, rechte: Rechte, elemente: Mapping[str, str], auswahl: Mapping[str, str]
) -> list[Rueckweisungsgrund]:
    """For each datum that is asked for or searched with and not the authority's: the list's code where it has one for
    it (04 to 11: `elemente` by Anforderungselement, `auswahl` by field), else 17 with all others in one sentence.
    """
    fremd = _ueber(rechte.elemente, (f"{anfrage.kennung.nachrichtentyp}:{e}" for e in _gefragt(anfrage)))
    gefragt = {one.partition(":")[2] for one in fremd}
    gesucht = _ueber(rechte.auswahldaten, _benutzt(auswahldaten_von(anfrage)))
    codes = {elemente[one] for one in gefragt & elemente.keys()} | {auswahl[one] for one in gesucht & auswahl.keys()}
    gruende = [Rueckweisungsgrund(code, None, RECHT) for code in sorted(codes)]
    if rest := sorted(gefragt - elemente.keys(), key=lambda one: (len(one), one)):  # numbers in their order
        was = "zu bestätigenden Daten" if isinstance(anfrage, Datenbestaetigung) else "Anforderungselemente"
        satz = f"Für Ihre Behörde nicht freigegeben sind die {was} {', '.join(rest)}."
        gruende.append(Rueckweisungsgrund("17", satz, RECHT))
    if rest := sorted(gesucht - auswahl.keys()):
        satz = f"Für Ihre Behörde nicht freigegeben sind die Auswahldaten {', '.join(rest)}."
        gruende.append(Rueckweisungsgrund("17", satz, RECHT))
    return gruende


def _ueber(erlaubt: frozenset[str] | None, gewollt: Any) -> frozenset[str]:
    return frozenset() if erlaubt is None else frozenset(gewollt) - erlaubt


def _gefragt(anfrage: Abruf) -> frozenset[str]:
    """Codes of the Anforderungselemente, or the fields that are to be confirmed."""
    if isinstance(anfrage, Datenbestaetigung):
        return _gegeben(vars(anfrage.zu_bestaetigen))
    return anfrage.anforderungselemente


def _benutzt(auswahl: Any) -> frozenset[str]:
    """Names of the Auswahldaten that are given."""
    if auswahl is None:
        return frozenset()
    teile = {**vars(auswahl), **(vars(auswahl.wohnung) if getattr(auswahl, "wohnung", None) else {})}
    return _gegeben(teile) & AUSWAHLDATEN


def _gegeben(felder: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for name, wert in felder.items() if wert not in (None, False, ()))
