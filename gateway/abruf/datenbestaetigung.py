"""The Datenbestaetigung, 9910 → 9911: § 39a BMG. A message of the house, and off unless the instance enables it."""

from collections.abc import Sequence

from gateway.abruf.dienst import Dienst, Ergebnis, Frage, nennt_person, refused, route_to_gemeinde
from gateway.abruf.personensuche import gruende_der_suche
from gateway.meldewesen.anfrage import (
    BESTAETIGT,
    MAX_TREFFER,
    MEHRERE,
    NICHT_BESTAETIGT,
    Auskunft,
    Bestaetigungsdaten,
    Datenbestaetigung,
    Rueckweisungsgrund,
)
from gateway.meldewesen.aufbewahrung import tellable
from gateway.meldewesen.bestaetigung import stimmt_ueberein
from gateway.meldewesen.sperren import Sicht
from gateway.meldewesen.suchformen import formen_der_anfrage
from gateway.ports import Treffer, ZuVieleTreffer
from gateway.xmeld.lesen import read_datenbestaetigung

_NICHTS = Bestaetigungsdaten()
_OHNE_DATEN = Rueckweisungsgrund("17", "Es sind keine Daten angegeben, die bestätigt werden sollen.")


def answer(frage: Frage[Datenbestaetigung]) -> Ergebnis:
    """Every ground of Rueckweisung that applies, or how many records agree. Raises StoreError.

    The data to be confirmed could as well be Auswahldaten: who is found by all of them is identified by all of them.
    """
    anfrage, sicht = frage.anfrage, Sicht.neutral(frage.heute)
    gruende = gruende_der_suche(frage, formen_der_anfrage(anfrage.auswahldaten), sicht)
    if anfrage.zu_bestaetigen == _NICHTS:
        gruende.append(_OHNE_DATEN)
    if gruende:
        return refused(*gruende)
    try:
        gefunden = finde(frage, sicht, MAX_TREFFER)
    except ZuVieleTreffer:
        return refused(Rueckweisungsgrund("12"))
    einige = frozenset(one.merkmal for one in gefunden if _stimmt_ueberein(one, frage))
    return Ergebnis(Auskunft((NICHT_BESTAETIGT, BESTAETIGT, MEHRERE)[min(len(einige), 2)]), tuple(gefunden), einige)


def finde(frage: Frage[Datenbestaetigung], sicht: Sicht, hoechstens: int) -> Sequence[Treffer]:
    """See `Dienst.finde`."""
    return frage.gateway.spiegel.suche(formen_der_anfrage(frage.anfrage.auswahldaten), sicht, hoechstens)


def _stimmt_ueberein(treffer: Treffer, frage: Frage[Datenbestaetigung]) -> bool:
    """What may not be told is not confirmed either."""
    return stimmt_ueberein(frage.anfrage.zu_bestaetigen, tellable(treffer.datensatz, frage.rolle, frage.heute))


def _inhalt(anfrage: Datenbestaetigung, ergebnis: Ergebnis) -> dict[str, object]:
    """§ 40 (1) BMG: no data left but whether the given ones agree, which are named and not repeated. And whose records
    the Auswahldaten led to (no. 7), with whom they agree or not: else nobody could be told that his were tried out.
    """
    daten = sorted(name for name, wert in vars(anfrage.zu_bestaetigen).items() if wert not in (None, ()))
    treffer = [
        {
            "ags": one.datensatz["ags"],
            "ordnungsmerkmal": one.datensatz["ordnungsmerkmal"],
            "bestaetigt": one.merkmal in ergebnis.bestaetigt,
        }
        for one in ergebnis.treffer
    ]
    return {"zu_bestaetigen": daten, "treffer": treffer}


DATENBESTAETIGUNG = Dienst(
    nachrichtentyp="9910",
    antwort="9911",
    read=read_datenbestaetigung,
    route=route_to_gemeinde,
    answer=answer,
    finde=finde,
    inhalt=_inhalt,
    nacharbeit=nennt_person,  # § 39a (3) with § 34 (5) BMG
)
