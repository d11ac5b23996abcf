"""Auswahldaten on their way: from the values at a request's places to the law's types, and back.

In the mapping a field of the law's type stands under its name. Where a message has several elements for it, a word
behind the name tells them apart: `geburtsort.inland`, `geburtsstaat.keine_angabe`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from gateway.errors import Ruecksendung
from gateway.meldewesen.anfrage import (
    BELIEBIG,
    KEINE_ANGABE,
    SUCHBEREICHE,
    Anschriftdaten,
    Auswahldaten,
    Bestaetigungsdaten,
    FreieAuswahl,
    FreieWohnung,
    Ort,
    Suchbereich,
)
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum

#: What was read, by the mapping's names.
Werte = Mapping[str, Any]

#: Elements that say a state or key without naming it, by their word in the mapping.
_MARKEN = {"keine_angabe": KEINE_ANGABE, "beliebig": BELIEBIG}


@dataclass(frozen=True)
class Form:
    """How a field is spelled in a message.

    `endungen`: what may stand behind its name in the mapping. `read`: its value out of what was read, None where
    nothing was; may raise Ruecksendung. `write`: a value as the message's writer takes it.
    """

    endungen: tuple[str, ...]
    read: Callable[[Werte, str], Any]
    write: Callable[[Any], Any]

    def namen(self, name: str) -> frozenset[str]:
        """The mapping's names for the field `name`."""
        return frozenset((name + endung).removeprefix(".") for endung in self.endungen)


def token(text: str) -> str:
    """As xs:token, xs:date and the like are read: outer whitespace says nothing."""
    return " ".join(text.split())


def _optional(typ: Callable[[str], Any]) -> Callable[[Werte, str], Any]:
    return lambda werte, name: typ(werte[name]) if name in werte else None


def _gemeindeschluessel(text: str) -> Gemeindeschluessel:
    try:
        return Gemeindeschluessel(text)
    except ValueError:
        raise Ruecksendung("X011", "Der Gemeindeschlüssel der Auswahldaten hat nicht acht Ziffern.") from None


def _read_ort(werte: Werte, name: str) -> Ort | None:
    if f"{name}.inland" in werte:
        return Ort(werte[f"{name}.inland"])
    if f"{name}.ausland.ort" not in werte:
        return None
    return Ort(werte[f"{name}.ausland.ort"], _schluessel(werte[f"{name}.ausland.staat"]))


def _write_ort(ort: Ort) -> dict[str, Any]:
    return {"ausland": {"ort": ort.ort, "staat": ort.staat}} if ort.staat else {"inland": ort.ort}


def _schluessel(text: str) -> str:
    """A key of a code list that the schema leaves open. One without any sign, or that could be taken for a mark, would
    silently widen the search.
    """
    if not text.isalnum():
        raise Ruecksendung("X011", "Ein Schlüssel der Auswahldaten hat nicht die Form seiner Codeliste.")
    return text


def _read_schluessel(werte: Werte, name: str) -> str | None:
    """A key, or the mark that stands for one."""
    schluessel: str | None = werte.get(f"{name}.schluessel")
    if schluessel is None:
        return next((wert for wort, wert in _MARKEN.items() if f"{name}.{wort}" in werte), None)
    return _schluessel(schluessel)


def _write_schluessel(wert: str) -> dict[str, Any]:
    return next(({wort: True} for wort, marke in _MARKEN.items() if wert == marke), {"schluessel": wert})


def _write_unbekannt(wert: str) -> dict[str, Any]:
    """The fact always, the circumstance where there is one."""
    return {"keine_angabe": True, "schluessel": wert or None}


def _read_suchbereich(werte: Werte, name: str) -> Suchbereich:
    (art,) = (art for art in SUCHBEREICHE.values() if f"{name}.{art}" in werte)
    try:
        bereich = Suchbereich(werte[f"{name}.{art}"])
    except ValueError:
        bereich = None
    if bereich is None or bereich.art != art:
        hinweis = "Der Schlüssel des Suchbereichs muss so viele Ziffern haben: Land 2, Bezirk 3, Kreis 5, Gemeinde 8."
        raise Ruecksendung("X011", hinweis)
    return bereich


def _gruppe(typ: Callable[..., Any], formen: Mapping[str, Form]) -> Form:
    """Fields of a dataclass that stand together; None where none of them is given."""

    def read(werte: Werte, name: str) -> Any:
        head = f"{name}." if name else ""
        given = {feld: wert for feld, form in formen.items() if (wert := form.read(werte, head + feld)) is not None}
        return typ(**given) if given else None

    def write(gruppe: Any) -> dict[str, Any]:
        werte = vars(gruppe)
        return {feld: form.write(werte[feld]) for feld, form in formen.items() if werte[feld] is not None}

    return Form(tuple(f".{name}" for feld, form in formen.items() for name in form.namen(feld)), read, write)


def _formen(typ: type[Any], **other: Form) -> dict[str, Form]:
    """A form for each field of `typ`: text, where `other` does not name one."""
    assert other.keys() <= {feld.name for feld in fields(typ)}
    return {feld.name: other.get(feld.name, _TEXT) for feld in fields(typ)}


_TEXT = Form(("",), lambda werte, name: werte.get(name), str)
_TAG = Form(("",), _optional(token), str)
_TEILDATUM = Form(("",), _optional(lambda text: Teildatum(token(text))), str)
_WAHR = Form(("",), lambda werte, name: True if name in werte else None, lambda wahr: wahr or None)
_AGS = Form(("",), _optional(_gemeindeschluessel), str)
_CODE = Form(("",), _optional(_schluessel), str)
_CODES = Form(("[]",), lambda werte, name: tuple(map(_schluessel, werte.get(f"{name}[]", ()))) or None, list)
_ZEILEN = Form(("[]",), lambda werte, name: tuple(werte.get(f"{name}[]", ())) or None, list)
_ORT = Form((".inland", ".ausland.ort", ".ausland.staat"), _read_ort, _write_ort)
_ODER_KEINER = Form((".schluessel", ".keine_angabe"), _read_schluessel, _write_schluessel)
_ODER_BELIEBIG = Form((".schluessel", ".beliebig"), _read_schluessel, _write_schluessel)

SUCHBEREICH = Form(
    tuple(f".{art}" for art in SUCHBEREICHE.values()),
    _read_suchbereich,
    lambda bereich: {bereich.art: bereich.schluessel},
)

_WOHNUNG = _formen(
    FreieWohnung,
    gemeindeschluessel=_AGS,
    auslandsanschrift=_ZEILEN,
    auslandsanschrift_staat=_CODE,
    zuzugsstaat=_ODER_BELIEBIG,
    staat=_ODER_BELIEBIG,
    unbekannt=Form(_ODER_KEINER.endungen, _read_schluessel, _write_unbekannt),
    einzugsdatum=_TAG,
    auszugsdatum=_TAG,
)

_PERSONENSUCHE = _formen(
    Auswahldaten,
    gemeindeschluessel=_AGS,
    phonetik=_WAHR,
    geburtsdatum=_TEILDATUM,
    geburtsort=_ORT,
    geschlecht=_CODE,
    sterbedatum=_TEILDATUM,
    sterbeort=_ORT,
)
_FREIE_SUCHE = _formen(
    FreieAuswahl,
    phonetik=_WAHR,
    wohnung=_gruppe(FreieWohnung, _WOHNUNG),
    geburtsdatum=_TEILDATUM,
    geburt_von=_TAG,
    geburt_bis=_TAG,
    geburtsstaat=_ODER_KEINER,
    geschlecht=_CODE,
    staatsangehoerigkeit=_CODE,
    familienstand=_CODE,
    familienstand_staat=_CODE,
    familienstand_beginn=_TEILDATUM,
    familienstand_beginn_vorausgegangene_lp=_TAG,
    sterbedatum=_TAG,
    sterbestaat=_ODER_KEINER,
    waffenrechtliche_erlaubnis=_WAHR,
    waffenbesitzverbot=_WAHR,
    sprengstoffrechtliche_erlaubnis=_WAHR,
)

#: § 39a BMG: what is to be compared.
BESTAETIGUNGSDATEN = _gruppe(
    Bestaetigungsdaten,
    _formen(
        Bestaetigungsdaten,
        geburtsdatum=_TEILDATUM,
        geburtsstaat=_CODE,
        geschlecht=_CODE,
        staatsangehoerigkeit=_CODES,
        familienstand=_CODE,
        anschrift=_gruppe(Anschriftdaten, _formen(Anschriftdaten, ags=_AGS)),
        sterbedatum=_TAG,
    ),
)

#: The Auswahldaten of each kind of request, by its number: §§ 4, 7 BMeldDAV.
AUSWAHL: Mapping[str, Form] = {
    "1330": _gruppe(Auswahldaten, _PERSONENSUCHE),
    "1332": _gruppe(FreieAuswahl, _FREIE_SUCHE),
    "9910": _gruppe(Auswahldaten, _PERSONENSUCHE),
}

#: What else a kind of request has of its own: the mapping's names.
EIGENES: Mapping[str, frozenset[str]] = {
    "1330": frozenset({"identifikationsmerkmal"}),
    "1332": frozenset({"aktualitaet"}) | SUCHBEREICH.namen("suchbereich"),
    "9910": BESTAETIGUNGSDATEN.namen("zu_bestaetigen"),
}
