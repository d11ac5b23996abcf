"""Reading requests: from valid XML to the law's types, and the identification even of a message that is not valid."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from gateway.meldewesen.anfrage import (
    AbrufendeStelle,
    Bestaetigungsdaten,
    Datenbestaetigung,
    FreieAuswahl,
    FreieSuche,
    Nachrichtenkennung,
    Personensuche,
    Stelle,
)
from gateway.meldewesen.werte import NICHT_VORHANDEN, UNBEKANNT
from gateway.xmeld.auswahl import AUSWAHL, BESTAETIGUNGSDATEN, SUCHBEREICH, token
from gateway.xmeld.mapping import Abrufart

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NACHRICHTENTYP = re.compile(r"[0-9]{4}")
_DATETIME = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?"
)

#: Ways to a datum: what is behind a tag is either the field's name or the next tags.
Wege = dict[str, "str | Wege"]


def read_personensuche(root: etree._Element, art: Abrufart) -> Personensuche:
    """The 1330 in `root`, which must be valid against the schema of the mapping's version.

    Raises Ruecksendung where a key is malformed that the schema leaves open.
    """
    werte = _werte(root, art)
    return Personensuche(
        **_abruf(werte),
        auswahldaten=AUSWAHL["1330"].read(werte, ""),
        identifikationsmerkmal=werte.get("identifikationsmerkmal"),
    )


def read_freie_suche(root: etree._Element, art: Abrufart) -> FreieSuche:
    """The 1332 in `root`, as `read_personensuche` reads a 1330. Its Auswahldaten may be empty."""
    werte = _werte(root, art)
    return FreieSuche(
        **_abruf(werte),
        auswahldaten=AUSWAHL["1332"].read(werte, "") or FreieAuswahl(),
        suchbereich=SUCHBEREICH.read(werte, "suchbereich"),
        aktualitaet=werte.get("aktualitaet"),
    )


def read_datenbestaetigung(root: etree._Element, art: Abrufart) -> Datenbestaetigung:
    """The 9910 in `root`, as `read_personensuche` reads a 1330. What is to be compared may be nothing."""
    werte = _werte(root, art)
    return Datenbestaetigung(
        **_abruf(werte),
        auswahldaten=AUSWAHL["9910"].read(werte, ""),
        zu_bestaetigen=BESTAETIGUNGSDATEN.read(werte, "zu_bestaetigen") or Bestaetigungsdaten(),
    )


def read_kennung(root: etree._Element) -> Nachrichtenkennung | None:
    """What identifies a message, valid or not and of any version: None unless each part is there once and well formed.

    A 0910 repeats these texts to the sender, so nothing but their form is let through.
    """
    place = _only(_only(root, "nachrichtenkopf.g2g"), "identifikation.nachricht")
    uuid = _text_of(_only(place, "nachrichtenUUID"))
    typ = _text_of(_only(_only(place, "nachrichtentyp"), "code"))
    zeit = _text_of(_only(place, "erstellungszeitpunkt"))
    if _UUID.fullmatch(uuid) and _NACHRICHTENTYP.fullmatch(typ) and _DATETIME.fullmatch(zeit):
        return Nachrichtenkennung(uuid, typ, zeit)
    return None


_ASKED = "anforderungselemente[]"
_KENNUNG = ("uuid", "nachrichtentyp", "erstellungszeitpunkt")


@dataclass(frozen=True)
class _Plan:
    wege: Wege
    beside: dict[str, etree.XPath]  # what stands among the codes, which nobody should have to walk through for it
    codes: "_Codes | None"  # None where nothing can be asked for


@dataclass(frozen=True)
class _Codes:
    texts: etree.XPath
    elements: etree.XPath
    number: etree.XPath  # how many elements there are


@lru_cache(maxsize=16)
def _plan(art: Abrufart) -> _Plan:
    orte = [(feld, ort.replace("[]", "")) for feld, ort in art.orte]
    place = dict(orte).get(_ASKED)
    if place is None:
        return _Plan(_ways(orte, art.namespaces), {}, None)
    among = place.rpartition("/")[0] + "/"
    names = {"x": art.namespaces[0]}
    asked = _xpath(place)
    return _Plan(
        wege=_ways([(feld, ort) for feld, ort in orte if not ort.startswith(among)], art.namespaces),
        beside={
            feld: etree.XPath(_xpath(ort), namespaces=names)
            for feld, ort in orte
            if ort.startswith(among) and feld != _ASKED
        },
        codes=_Codes(
            texts=etree.XPath(f"{asked}/code/text()", namespaces=names, smart_strings=False),
            elements=etree.XPath(asked, namespaces=names),
            number=etree.XPath(f"count({asked})", namespaces=names),
        ),
    )


def _werte(root: etree._Element, art: Abrufart) -> dict[str, Any]:
    """What stands at the places of the request, by the mapping's names."""
    plan = _plan(art)
    werte: dict[str, Any] = {_ASKED: _codes(root, plan.codes) if plan.codes else frozenset()}
    _read(root, plan.wege, werte)
    for feld, find in plan.beside.items():
        found: Any = find(root)
        if found:
            werte[feld] = wert(found[0])
    return werte


def _abruf(werte: dict[str, Any]) -> dict[str, Any]:
    """The fields of every request."""
    return {
        "kennung": Nachrichtenkennung(*(token(werte[f"kennung.{name}"]) for name in _KENNUNG)),
        "autor": _stelle(werte, "autor"),
        "leser": _stelle(werte, "leser"),
        "abrufende_stelle": _abrufende_stelle(werte),
        "anforderungselemente": werte[_ASKED],
        "verzicht_auf_mitteilung": "verzicht_auf_mitteilung" in werte,
        "landesspezifische_erweiterungen": "landesspezifische_erweiterungen" in werte,
    }


def _xpath(ort: str) -> str:
    return "/".join(f"x:{step}" for step in ort.split("/"))


def _codes(root: etree._Element, codes: _Codes) -> frozenset[str]:
    """The codes asked for, often 165 of them. A text that a comment divides is put together again."""
    texts: Any = codes.texts(root)
    if len(texts) == codes.number(root):
        return frozenset(map(str.strip, texts))
    elements: Any = codes.elements(root)
    return frozenset(map(wert, elements))


def _ways(orte: Iterable[tuple[str, str]], namespaces: Iterable[str]) -> Wege:
    """Every spelling of each tag: at one place, a valid message has one of the qualified or the unqualified one."""
    wege: Wege = {}
    for feld, ort in orte:
        *groups, last = ort.split("/")
        below = wege
        for step in groups:
            way = below.setdefault(step, {})
            assert isinstance(way, dict), f"{ort} leads through a datum"
            below |= {f"{{{namespace}}}{step}": way for namespace in namespaces}
            below = way
        below |= {last: feld} | {f"{{{namespace}}}{last}": feld for namespace in namespaces}
    return wege


def _read(element: etree._Element, wege: Wege, werte: dict[str, Any]) -> None:
    for child in element:
        way = wege.get(child.tag)
        if way is None:
            continue
        if isinstance(way, dict):
            _read(child, way, werte)
        elif "[]" in way:
            werte.setdefault(way, []).append(_angabe(child))
        else:
            werte[way] = _angabe(child)


def wert(element: etree._Element) -> str:
    """An element's datum: its text, or what its type's own elements say."""
    for child in element:
        read = _LEAF.get(child.tag)
        if read is not None:
            return read(child)
    return _text(element)


def _angabe(element: etree._Element) -> str:
    """As `wert`, of a request. That somebody legally has no such name is said by `nichtVorhanden` and by nothing else
    (schema documentation of type.Personensuche.Auswahldaten.Name and of the freie Suche's). The register's sign for it
    in `name` is a text without letters, and so not given: Anlage Nr. 4 a aa and 6 a aa S. 3 BMeldDAV.
    """
    said = wert(element)
    return "" if said == NICHT_VORHANDEN and element.find("name") is not None else said


def _text(element: etree._Element) -> str:
    """Text as it stands. A comment within does not end it."""
    if len(element) == 0:
        return element.text or ""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def _token_of(element: etree._Element) -> str:
    return token(_text(element))


#: Elements of the types that hold one datum, all unqualified: xoev:Code, xian:AllgemeinerName, xida:*, xiaa:Zeile*.
_LEAF: dict[object, Callable[[etree._Element], str]] = {
    "code": _token_of,
    "name": _text,
    "nichtVorhanden": lambda _: NICHT_VORHANDEN,
    "teilbekanntesDatum": wert,
    "datum": _token_of,
    "jahrMonatTag": _token_of,
    "jahrMonat": lambda element: f"{_token_of(element)}-00",
    "jahr": lambda element: f"{_token_of(element)}-00-00",
    "unbekannt": lambda _: str(UNBEKANNT),
    "inhalt": _text,
}


def _stelle(werte: dict[str, Any], role: str) -> Stelle:
    return Stelle(*(werte[f"{role}.{name}"] for name in ("verzeichnisdienst", "kennung", "name")))


def _abrufende_stelle(werte: dict[str, Any]) -> AbrufendeStelle:
    return AbrufendeStelle(
        sicherheitsbehoerde=token(werte["stelle.sicherheitsbehoerde"]) in ("true", "1"),
        behoerdenname=werte["stelle.behoerdenname"],
        anschrift=_one_line(werte),
        erreichbarkeit=tuple(werte["stelle.erreichbarkeit[].kennung"]),
        aktenzeichen=werte["stelle.aktenzeichen"],
        anlass=werte["stelle.anlass"],
        kennung=werte["stelle.kennung"],
    )


#: Parts of an address without which no letter arrives.
_NOTWENDIGE = (
    "gebaeude.strasse",
    "gebaeude.plz",
    "gebaeude.wohnort",
    "postfach.postfach",
    "postfach.plz",
    "postfach.wohnort",
)


def _one_line(werte: dict[str, Any]) -> str:
    """§ 11 no. 2 BMeldDAV: street and house number or box, postcode, place; empty where one of these is blank."""

    def part(kind: str, *names: str) -> str:
        return " ".join(filter(None, (werte.get(f"stelle.anschrift.{kind}.{name}", "") for name in names)))

    notwendige = (f"stelle.anschrift.{teil}" for teil in _NOTWENDIGE)
    if not all(werte[name].strip() for name in notwendige if name in werte):
        return ""
    strasse = part("gebaeude", "strasse", "hausnummer", "hausnummer_zusatz", "hausnummer_teil")
    postfach = part("postfach", "postfach")
    orte = (part(kind, "plz", "wohnort") for kind in ("gebaeude", "postfach"))
    return ", ".join(filter(None, (strasse, f"Postfach {postfach}" if postfach else "", *orte)))


def _children(element: etree._Element | None) -> Iterator[etree._Element]:
    return iter(()) if element is None else element.iterchildren(tag=etree.Element)


def _only(element: etree._Element | None, name: str) -> etree._Element | None:
    """The only child of that local name, in whatever namespace."""
    found = [child for child in _children(element) if etree.QName(child).localname == name]
    return found[0] if len(found) == 1 else None


def _text_of(element: etree._Element | None) -> str:
    return "" if element is None else _token_of(element)
