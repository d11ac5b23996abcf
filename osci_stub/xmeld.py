"""XMeld 25.11a: reads a 1330 and writes the 1331 that answers it."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from lxml import etree

from osci_stub.register import Anfrage, Antwort, Auskunft, Person, Rueckweisung, Treffer
from osci_stub.xml import parse

XMELD = "http://www.osci.de/xmeld2511a"
NS = {"x": XMELD}
SUCHANFRAGE = f"{{{XMELD}}}datenabruf.personensuche.suchanfrage.1330"
ANTWORT = f"{{{XMELD}}}datenabruf.personensuche.antwort.1331"

IDENTIFIKATION = "nachrichtenkopf.g2g/identifikation.nachricht"
ANFORDERUNGSELEMENTE = "x:steuerungsinformationen/x:anforderungselement/code"
KENNUNG = ("nachrichtenUUID", "nachrichtentyp/code", "erstellungszeitpunkt")

#: Auswahldaten by their path below `auswahldaten`, and the field of Person that each is compared with.
AUSWAHLDATEN: Mapping[str, str] = {
    "name/name/nachnameUndVornamen/vornamen/name": "vornamen",
    "name/name/nachnameUndVornamen/nachname/name": "familienname",
    "anschrift/gemeindeschluessel/code": "ags",
    "anschrift/hausnummer": "hausnummer",
    "anschrift/hausnummerBuchstabeZusatzziffer": "hausnummer_zusatz",
    "anschrift/postleitzahl": "postleitzahl",
    "anschrift/strasse": "strasse",
    "geburtsdatum/geburtsdatum/teilbekanntesDatum/jahrMonatTag": "geburtsdatum",
    "geburtsdatum/geburtsdatum/teilbekanntesDatum/jahrMonat": "geburtsdatum",
    "geburtsdatum/geburtsdatum/teilbekanntesDatum/jahr": "geburtsdatum",
    "geschlecht/code": "geschlecht",
}
#: Names of codes: they say nothing that the code does not.
CODE_NAMES = frozenset({"anschrift/gemeindeschluessel/name", "geschlecht/name"})

#: The answer's data in the schema's order: Anforderungselement, field of Person, path below `person`.
_NAME, _GEBURT = "x:personendaten/x:name", "x:personendaten/x:geburtsangaben/x:geburt/x:geburtsdatum"
_WOHNUNG = "x:personendaten/x:wohnung"
_INLAND = _WOHNUNG + "/x:anschrift/x:anschrift.inland/x:anschrift.inland"
ABRUFDATEN = (
    ("1", "familienname", _NAME + "/x:familienname.unstrukturiert/x:nachname/name"),
    ("7", "vornamen", _NAME + "/x:vornamen/x:vornamen/name"),
    ("13", "geburtsdatum", _GEBURT + "/teilbekanntesDatum/jahrMonatTag"),
    ("44", "ags", _INLAND + "/gemeindeschluessel/code"),
    ("49", "hausnummer", _INLAND + "/hausnummer"),
    ("50", "hausnummer_zusatz", _INLAND + "/hausnummerBuchstabeZusatzziffer"),
    ("45", "postleitzahl", _INLAND + "/postleitzahl"),
    ("48", "strasse", _INLAND + "/strasse"),
    ("46", "wohnort", _INLAND + "/wohnort"),
    ("19", "geschlecht", "x:personendaten/x:geschlecht/code"),
)
#: § 6 (1) S. 2 BMeldDAV, as far as this register holds it; a Trefferliste does not depend on what was asked for.
TREFFERLISTE = frozenset({"1", "7", "13", "44", "45", "46", "48", "49", "50"})

#: Code lists whose version must be sent.
LIST_VERSIONS = {"gemeindeschluessel": "2026-06-30", "geschlecht": "1", "verzeichnisdienst": "3", "kanal": "3"}

STELLE = "Testregister Hessen (osci_stub)"
ANSCHRIFT = (("hausnummer", "1"), ("postleitzahl", "65183"), ("strasse", "Probeweg"), ("wohnort", "Wiesbaden"))


class NotAnswered(ValueError):
    """The message is not a 1330 that this register answers; the text names the rule, never a value."""


@dataclass(frozen=True)
class Suchanfrage:
    """A 1330 as read: `anfrage` for the register, the document for what the answer's header repeats."""

    anfrage: Anfrage
    dokument: etree._Element


def read(nachricht: bytes) -> Suchanfrage:
    """The 1330 in `nachricht`. Raises NotAnswered, or XmlRefused for what is not XML."""
    root = parse(nachricht)
    if root.tag != SUCHANFRAGE:
        raise NotAnswered("this register answers XMeld 25.11a 1330 only")
    auswahl: dict[str, str] = {}
    unbekannt: list[str] = []
    for path, value in _auswahldaten(root):
        if path in AUSWAHLDATEN:
            auswahl[AUSWAHLDATEN[path]] = value
        elif path not in CODE_NAMES:
            unbekannt.append(path)
    anfrage = Anfrage(
        autor=_text(root, "nachrichtenkopf.g2g/autor/kennung"),
        leser=_text(root, "nachrichtenkopf.g2g/leser/kennung"),
        gefragt=frozenset(code.text or "" for code in root.iterfind(ANFORDERUNGSELEMENTE, NS)),
        auswahl=auswahl,
        unbekannt=tuple(unbekannt),
        merkmal=root.findtext("x:suchprofil/x:identifikationsmerkmal", None, NS),
    )
    for path in KENNUNG:
        _text(root, f"{IDENTIFIKATION}/{path}")
    return Suchanfrage(anfrage, root)


def write(suchanfrage: Suchanfrage, antwort: Antwort, now: datetime) -> etree._Element:
    """The 1331 that gives `antwort` to `suchanfrage`."""
    root = etree.Element(ANTWORT, nsmap={"xmeld": XMELD})
    root.attrib.update({"standard": "XMeld", "version": "25.11a"})
    root.attrib.update({"produkt": "osci_stub", "produkthersteller": "xmeld-gateway"})
    _write_header(root, suchanfrage, now)
    _write_antwort(etree.SubElement(root, f"{{{XMELD}}}antwortSuchanfrage"), suchanfrage.anfrage, antwort)
    for path in KENNUNG:
        value = _text(suchanfrage.dokument, f"{IDENTIFIKATION}/{path}")
        _put(root, f"x:ursprungsnachricht/{path}", value)
    return root


def _write_header(root: etree._Element, suchanfrage: Suchanfrage, now: datetime) -> None:
    for path, value in zip(KENNUNG, (str(uuid4()), "1331", now.isoformat(timespec="milliseconds")), strict=True):
        _put(root, f"{IDENTIFIKATION}/{path}", value)
    kopf = root[0]
    leser = etree.SubElement(kopf, "leser")
    leser.extend(deepcopy(child) for child in suchanfrage.dokument.iterfind("nachrichtenkopf.g2g/autor/*"))
    autor = etree.SubElement(kopf, "autor")
    _put(autor, "verzeichnisdienst/code", "DVDV")
    _put(autor, "kennung", suchanfrage.anfrage.leser)
    _put(autor, "name", STELLE)
    _put(autor, "erreichbarkeit/kanal/code", "01")
    _put(autor, "erreichbarkeit/kennung", "register@hessen.example")
    for name, value in ANSCHRIFT:
        _put(root, f"anschrift.autor/gebaeude/{name}", value)


def _write_antwort(parent: etree._Element, anfrage: Anfrage, antwort: Antwort) -> None:
    if isinstance(antwort, Rueckweisung):
        for grund in antwort.gruende:
            rueckweisung = etree.SubElement(parent, f"{{{XMELD}}}rueckweisung")
            _put(rueckweisung, "x:grundDerRueckweisung/code", grund.code)
            if grund.freitext is not None:
                _put(rueckweisung, "x:freitext", grund.freitext)
        return
    _put(parent, "x:auskunft/x:ergebnisstatus/code", antwort.status)
    for treffer in antwort.treffer:
        _write_person(parent[0], treffer, anfrage.gefragt if treffer.merkmal is None else TREFFERLISTE)


def _write_person(auskunft: etree._Element, treffer: Treffer, gefragt: frozenset[str]) -> None:
    person = etree.SubElement(auskunft, f"{{{XMELD}}}person")
    for code, feld, path in ABRUFDATEN:
        value = getattr(treffer.person, feld)
        if code in gefragt and value:
            _put(person, path, value)
    wohnung = person.find(_WOHNUNG, NS)
    if wohnung is not None:
        _put(wohnung, "x:wohnung.aktuell", "true")
    if treffer.merkmal is not None:
        _put(person, "x:identifikationsmerkmal", treffer.merkmal)


def serialize(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def answer_about(person: Person, antwort: bytes) -> bytes:
    """`antwort`, a 1331, made to tell of `person` instead."""
    root = parse(antwort)
    place = root.find("x:antwortSuchanfrage", NS)
    assert place is not None
    place.clear()
    everything = Anfrage("", "", frozenset(code for code, _, _ in ABRUFDATEN), {})
    _write_antwort(place, everything, Auskunft("01", (Treffer(person),)))
    return serialize(root)


def answer_to_another(antwort: bytes) -> bytes:
    """`antwort`, a 1331, made to answer a message that nobody sent."""
    root = parse(antwort)
    uuid = root.find("x:ursprungsnachricht/nachrichtenUUID", NS)
    assert uuid is not None
    uuid.text = str(uuid4())
    return serialize(root)


def _auswahldaten(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Path and text of every leaf of the Auswahldaten."""
    for child in root.iterfind("x:suchprofil/x:auswahldaten/*", NS):
        yield from _leaves(child, etree.QName(child).localname)


def _leaves(element: etree._Element, path: str) -> Iterator[tuple[str, str]]:
    if len(element) == 0:
        yield path, (element.text or "").strip()
    for child in element.iterfind("*"):
        yield from _leaves(child, f"{path}/{etree.QName(child).localname}")


def _text(root: etree._Element, path: str) -> str:
    value = (root.findtext(path) or "").strip()
    if not value:
        raise NotAnswered(f"{path} is missing")
    return value


def _put(parent: etree._Element, path: str, text: str) -> None:
    """Sets the text of the element at `path`, made where it is missing; the prefix `x` is XMeld's namespace."""
    for step in path.split("/"):
        name = step.removeprefix("x:")
        tag = f"{{{XMELD}}}{name}" if step != name else name
        child = parent.find(tag)
        if child is None:
            child = etree.SubElement(parent, tag)
            if name in LIST_VERSIONS:
                child.set("listVersionID", LIST_VERSIONS[name])
        parent = child
    parent.text = text
