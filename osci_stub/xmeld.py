"""XMeld 25.11a: reads a 1330 or 1332 and writes the 1331 or 1333 that answers it."""

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
FREIE_SUCHE = f"{{{XMELD}}}datenabruf.freieSuche.suchanfrage.1332"

IDENTIFIKATION = "nachrichtenkopf.g2g/identifikation.nachricht"
ANFORDERUNGSELEMENTE = "x:steuerungsinformationen/x:anforderungselement/code"
KENNUNG = ("nachrichtenUUID", "nachrichtentyp/code", "erstellungszeitpunkt")

#: Auswahldaten by their path below `auswahldaten`, and the field of Person that each is compared with.
_NAMEN = {
    "name/name/nachnameUndVornamen/vornamen/name": "vornamen",
    "name/name/nachnameUndVornamen/nachname/name": "familienname",
    "geschlecht/code": "geschlecht",
}
_DATUM = ("jahrMonatTag", "jahrMonat", "jahr")
_GESUCHT, _FREI_GESUCHT = "geburtsdatum/geburtsdatum/teilbekanntesDatum", "wohnung/anschrift/anschrift.inland"
_HAUS = _FREI_GESUCHT + "/hausnummerOderHausnummernbereich/hausnummer"
PERSONENSUCHE_NACH: Mapping[str, str] = {
    **_NAMEN,
    "anschrift/gemeindeschluessel/code": "ags",
    "anschrift/hausnummer": "hausnummer",
    "anschrift/hausnummerBuchstabeZusatzziffer": "hausnummer_zusatz",
    "anschrift/postleitzahl": "postleitzahl",
    "anschrift/strasse": "strasse",
    **{f"{_GESUCHT}/{genau}": "geburtsdatum" for genau in _DATUM},
}
FREIE_SUCHE_NACH: Mapping[str, str] = {
    **_NAMEN,
    f"{_FREI_GESUCHT}/gemeindeschluessel/code": "ags",
    f"{_HAUS}/hausnummer": "hausnummer",
    f"{_HAUS}/hausnummerBuchstabeZusatzziffer": "hausnummer_zusatz",
    f"{_FREI_GESUCHT}/postleitzahl": "postleitzahl",
    f"{_FREI_GESUCHT}/strasse": "strasse",
    f"{_FREI_GESUCHT}/wohnort": "wohnort",
    **{f"geburtsdaten/geburtstag/{_GESUCHT}/{genau}": "geburtsdatum" for genau in _DATUM},
}
#: Names of codes: they say nothing that the code does not.
CODE_NAMES = frozenset(
    {"anschrift/gemeindeschluessel/name", f"{_FREI_GESUCHT}/gemeindeschluessel/name", "geschlecht/name"}
)


def _daten(geburtsdatum: str, anschrift: str) -> Mapping[str, str]:
    """The answer's data in the schema's order: field of Person, path below `personendaten`."""
    return {
        "familienname": "x:name/x:familienname.unstrukturiert/x:nachname/name",
        "vornamen": "x:name/x:vornamen/x:vornamen/name",
        "geburtsdatum": f"{geburtsdatum}/teilbekanntesDatum/jahrMonatTag",
        "ags": f"{anschrift}/gemeindeschluessel/code",
        "hausnummer": f"{anschrift}/hausnummer",
        "hausnummer_zusatz": f"{anschrift}/hausnummerBuchstabeZusatzziffer",
        "postleitzahl": f"{anschrift}/postleitzahl",
        "strasse": f"{anschrift}/strasse",
        "wohnort": f"{anschrift}/wohnort",
        "geschlecht": "x:geschlecht/code",
    }


#: § 6 (1) S. 2 BMeldDAV, as far as this register holds it; a Trefferliste does not depend on what was asked for.
TREFFERLISTE = frozenset({"1", "7", "13", "44", "45", "46", "48", "49", "50"})


@dataclass(frozen=True)
class Art:
    """What tells a Personensuche from a freie Suche; `codes` are the Anforderungselemente of `daten`, in its order."""

    antwort: str
    auswahldaten: Mapping[str, str]
    daten: Mapping[str, str]
    codes: tuple[str, ...]

    @property
    def nummer(self) -> str:
        return self.antwort.rpartition(".")[2]


PERSONENSUCHE = Art(
    f"{{{XMELD}}}datenabruf.personensuche.antwort.1331",
    PERSONENSUCHE_NACH,
    _daten("x:geburtsangaben/x:geburt/x:geburtsdatum", "x:wohnung/x:anschrift/x:anschrift.inland/x:anschrift.inland"),
    ("1", "7", "13", "44", "49", "50", "45", "48", "46", "19"),
)
ARTEN: Mapping[str, Art] = {
    SUCHANFRAGE: PERSONENSUCHE,
    FREIE_SUCHE: Art(
        f"{{{XMELD}}}datenabruf.freieSuche.antwort.1333",
        FREIE_SUCHE_NACH,
        _daten("x:geburtsangaben/x:geburtsdatum", "x:wohnung/x:anschrift/x:anschrift.inland"),
        ("1", "6", "11", "17", "22", "23", "18", "21", "19", "15"),
    ),
}

#: Code lists whose version must be sent.
LIST_VERSIONS = {"gemeindeschluessel": "2026-06-30", "geschlecht": "1", "verzeichnisdienst": "3", "kanal": "3"}

STELLE = "Testregister Hessen (osci_stub)"
ANSCHRIFT = (("hausnummer", "1"), ("postleitzahl", "65183"), ("strasse", "Probeweg"), ("wohnort", "Wiesbaden"))


class NotAnswered(ValueError):
    """The message is not one that this register answers; the text names the rule, never a value."""


@dataclass(frozen=True)
class Suchanfrage:
    """A request as read: `anfrage` for the register, the document for what the answer's header repeats."""

    anfrage: Anfrage
    dokument: etree._Element

    @property
    def art(self) -> Art:
        return ARTEN[self.dokument.tag]


def read(nachricht: bytes) -> Suchanfrage:
    """The 1330 or 1332 in `nachricht`. Raises NotAnswered, or XmlRefused for what is not XML."""
    root = parse(nachricht)
    art = ARTEN.get(root.tag)
    if art is None:
        raise NotAnswered("this register answers XMeld 25.11a 1330 and 1332 only")
    auswahl: dict[str, str] = {}
    unbekannt: list[str] = []
    for path, value in _auswahldaten(root):
        if path in art.auswahldaten:
            auswahl[art.auswahldaten[path]] = value
        elif path not in CODE_NAMES:
            unbekannt.append(path)
    anfrage = Anfrage(
        autor=_text(root, "nachrichtenkopf.g2g/autor/kennung"),
        leser=_text(root, "nachrichtenkopf.g2g/leser/kennung"),
        gefragt=frozenset(code.text or "" for code in root.iterfind(ANFORDERUNGSELEMENTE, NS)),
        auswahl=auswahl,
        unbekannt=tuple(unbekannt),
        merkmal=root.findtext("x:suchprofil/x:identifikationsmerkmal", None, NS),
        bereich=root.findtext("x:steuerungsinformationen/x:suchbereich/*/code", None, NS),
    )
    for path in KENNUNG:
        _text(root, f"{IDENTIFIKATION}/{path}")
    return Suchanfrage(anfrage, root)


def write(suchanfrage: Suchanfrage, antwort: Antwort, now: datetime) -> etree._Element:
    """The 1331 or 1333 that gives `antwort` to `suchanfrage`."""
    art = suchanfrage.art
    root = etree.Element(art.antwort, nsmap={"xmeld": XMELD})
    root.attrib.update({"standard": "XMeld", "version": "25.11a"})
    root.attrib.update({"produkt": "osci_stub", "produkthersteller": "xmeld-gateway"})
    _write_header(root, suchanfrage, now)
    _write_antwort(etree.SubElement(root, f"{{{XMELD}}}antwortSuchanfrage"), suchanfrage.anfrage, antwort, art)
    for path in KENNUNG:
        value = _text(suchanfrage.dokument, f"{IDENTIFIKATION}/{path}")
        _put(root, f"x:ursprungsnachricht/{path}", value)
    return root


def _write_header(root: etree._Element, suchanfrage: Suchanfrage, now: datetime) -> None:
    for path, value in zip(
        KENNUNG, (str(uuid4()), suchanfrage.art.nummer, now.isoformat(timespec="milliseconds")), strict=True
    ):
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


def _write_antwort(parent: etree._Element, anfrage: Anfrage, antwort: Antwort, art: Art) -> None:
    if isinstance(antwort, Rueckweisung):
        for grund in antwort.gruende:
            rueckweisung = etree.SubElement(parent, f"{{{XMELD}}}rueckweisung")
            _put(rueckweisung, "x:grundDerRueckweisung/code", grund.code)
            if grund.freitext is not None:
                _put(rueckweisung, "x:freitext", grund.freitext)
        return
    _put(parent, "x:auskunft/x:ergebnisstatus/code", antwort.status)
    gefragt = TREFFERLISTE if antwort.status == "02" else anfrage.gefragt
    for treffer in antwort.treffer:
        _write_person(parent[0], treffer, gefragt, art)


def _write_person(auskunft: etree._Element, treffer: Treffer, gefragt: frozenset[str], art: Art) -> None:
    person = etree.SubElement(auskunft, f"{{{XMELD}}}person")
    for code, (feld, path) in zip(art.codes, art.daten.items(), strict=True):
        value = getattr(treffer.person, feld)
        if code in gefragt and value:
            _put(person, f"x:personendaten/{path}", value)
    wohnung = person.find("x:personendaten/x:wohnung", NS)
    if wohnung is not None and art is PERSONENSUCHE:
        _put(wohnung, "x:wohnung.aktuell", "true")
    if treffer.merkmal is not None:
        _put(person, "x:identifikationsmerkmal", treffer.merkmal)


def serialize(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def answer_about(person: Person, antwort: bytes) -> bytes:
    """`antwort`, a 1331 or 1333, made to tell of `person` instead."""
    root = parse(antwort)
    place = root.find("x:antwortSuchanfrage", NS)
    assert place is not None
    place.clear()
    art = next(art for art in ARTEN.values() if art.antwort == root.tag)
    everything = Anfrage("", "", frozenset(art.codes), {})
    _write_antwort(place, everything, Auskunft("01" if art is PERSONENSUCHE else "04", (Treffer(person),)), art)
    return serialize(root)


def answer_to_another(antwort: bytes) -> bytes:
    """`antwort`, a 1331 or 1333, made to answer a message that nobody sent."""
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
