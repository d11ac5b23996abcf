"""Requests for tests, made as text, and what is needed to write answers to them."""

from functools import cache

from lxml import etree

from gateway.meldewesen.anfrage import (
    AbrufendeStelle,
    FreieAuswahl,
    FreieSuche,
    Nachrichtenkennung,
    Personensuche,
    Stelle,
    Suchbereich,
)
from gateway.resources import folder
from gateway.xmeld.mapping import Abrufart, Mapping
from gateway.xmeld.packs import Pack, Packs
from gateway.xmeld.schreiben import Absender, Schreiber

NAMESPACE = "http://www.osci.de/xmeld2511a"
UUID = "ce435bc4-99c5-5956-9afb-24d709e49b53"
ZEIT = "2026-03-25T08:35:06.562+01:00"
ANTWORT_UUID = "281fc3d6-3b43-469c-b9c0-d966c4f42197"

ABSENDER = Absender(
    kennung="ags:03000000",
    name="Landesbetrieb Musterland",
    strasse="Göttinger Chaussee",
    hausnummer="259",
    plz="30459",
    wohnort="Hannover",
    erreichbarkeit=(("01", "betrieb@example.org"), ("02", "0511 1234567")),
    produkt="xmeld-gateway",
    produkthersteller="xmeld-gateway",
    produktversion="0.1.0",
)

NAME = """<x:name><x:name><x:nachnameUndVornamen>
  <x:vornamen><name>Erika Maria</name></x:vornamen><x:nachname><name>Œrensen</name></x:nachname>
</x:nachnameUndVornamen></x:name></x:name>"""
ANSCHRIFT = (
    '<x:anschrift><gemeindeschluessel listVersionID="2026-06-30"><code>03241001</code></gemeindeschluessel>'
    "<postleitzahl>30159</postleitzahl></x:anschrift>"
)
GEBAEUDE = "<gebaeude><hausnummer>91</hausnummer><postleitzahl>30159</postleitzahl><strasse>Am Wall</strasse>\
<wohnort>Hannover</wohnort></gebaeude>"

LAND = "<x:bundesland listVersionID='2010-04-01'><code>03</code></x:bundesland>"


@cache
def pack() -> Pack:
    return next(pack for pack in Packs.load(folder("xsd")).packs if pack.name == "xmeld-25.11a")


@cache
def mapping() -> Mapping:
    return Mapping.load(folder("mappings") / "xmeld-25.11a.toml")


def art(nummer: str = "1330") -> Abrufart:
    return mapping().abrufe[nummer]


def schreiber() -> Schreiber:
    return Schreiber(pack(), mapping(), ABSENDER)


def suchanfrage(
    suchprofil: str = "",
    *,
    name: str = NAME,
    codes: tuple[str, ...] = ("1",),
    rest: str = "",
    typ: str = "1330",
    **of_message: str,
) -> etree._Element:
    """A 1330; `suchprofil` is what auswahldaten hold beside name and municipality, or an Identifikationsmerkmal."""
    if not suchprofil.startswith("<x:identifikationsmerkmal"):
        suchprofil = f"<x:auswahldaten>{name}{ANSCHRIFT}{suchprofil}</x:auswahldaten>"
    return _nachricht("datenabruf.personensuche.suchanfrage.1330", typ, suchprofil, _asked(codes) + rest, **of_message)


def freie_suchanfrage(
    auswahldaten: str = "",
    *,
    suchbereich: str = LAND,
    codes: tuple[str, ...] = ("1",),
    aktualitaet: str = "",
    rest: str = "",
    **of_message: str,
) -> etree._Element:
    """A 1332."""
    suchprofil = f"<x:auswahldaten>{auswahldaten}</x:auswahldaten>"
    steuerung = f"{_asked(codes)}{aktualitaet}<x:suchbereich>{suchbereich}</x:suchbereich>{rest}"
    return _nachricht("datenabruf.freieSuche.suchanfrage.1332", "1332", suchprofil, steuerung, **of_message)


def _asked(codes: tuple[str, ...]) -> str:
    return "".join(f"<x:anforderungselement><code>{code}</code></x:anforderungselement>" for code in codes)


def _nachricht(
    element: str,
    typ: str,
    suchprofil: str,
    steuerung: str,
    *,
    sicherheit: str = "false",
    anschrift: str = GEBAEUDE,
    uuid: str = UUID,
    zeit: str = ZEIT,
    nach: str = "",
) -> etree._Element:
    erreichbarkeit = '<kanal listVersionID="3"><code>01</code></kanal><kennung>amt@example.org</kennung>'
    stelle = '<verzeichnisdienst listVersionID="3"><code>DVDV</code></verzeichnisdienst>'
    return etree.fromstring(
        f"""
<x:{element} xmlns:x="{NAMESPACE}" produkt="p" produkthersteller="h" standard="XMeld"
 version="25.11a">
 <nachrichtenkopf.g2g>
  <identifikation.nachricht><nachrichtenUUID>{uuid}</nachrichtenUUID>
   <nachrichtentyp><code>{typ}</code></nachrichtentyp><erstellungszeitpunkt>{zeit}</erstellungszeitpunkt>
  </identifikation.nachricht>
  <leser>{stelle}<kennung>ags:03241001</kennung><name>Hannover, Bürgeramt</name></leser>
  <autor>{stelle}<kennung>dbs:030010000001</kennung><name>Jugendamt Hannover</name>
   <erreichbarkeit>{erreichbarkeit}</erreichbarkeit></autor>
 </nachrichtenkopf.g2g>
 <anschrift.autor>{GEBAEUDE}</anschrift.autor>
 <x:datenAbrufendeStelle>
  <x:sicherheitsbehoerde>{sicherheit}</x:sicherheitsbehoerde>
  <x:abrufberechtigteStelle><x:erreichbarkeit>{erreichbarkeit}</x:erreichbarkeit>
   <x:erreichbarkeit>{erreichbarkeit.replace("01", "02").replace("amt@example.org", "0511 1")}</x:erreichbarkeit>
   <x:anschrift>{anschrift}</x:anschrift><x:behoerdenname>Jugendamt Hannover</x:behoerdenname>
  </x:abrufberechtigteStelle>
  <x:aktenzeichen>51-17/26</x:aktenzeichen><x:anlassDesAbrufs>Unterhalt</x:anlassDesAbrufs><x:kennung>u17</x:kennung>
 </x:datenAbrufendeStelle>
 <x:suchprofil>{suchprofil}</x:suchprofil>
 <x:steuerungsinformationen>{steuerung}</x:steuerungsinformationen>{nach}
</x:{element}>""".strip()
    )


def freie_suche() -> FreieSuche:
    """A freie Suche as read, for what is written in answer to it."""
    return FreieSuche(
        kennung=Nachrichtenkennung(UUID, "1332", ZEIT),
        autor=Stelle("DVDV", "dbs:030010000001", "Jugendamt Hannover & Partner"),
        leser=Stelle("DVDV", "ags:03000000", "Niedersachsen"),
        abrufende_stelle=AbrufendeStelle(False, "Jugendamt Hannover", "Am Wall 91, 30159 Hannover", (), "1", "2", "3"),
        auswahldaten=FreieAuswahl(familienname="Muster"),
        suchbereich=Suchbereich("03"),
    )


def personensuche(codes: frozenset[str] = frozenset({"1"})) -> Personensuche:
    """A request as read, for what is written in answer to it."""
    return Personensuche(
        kennung=Nachrichtenkennung(UUID, "1330", ZEIT),
        autor=Stelle("DVDV", "dbs:030010000001", "Jugendamt Hannover & Partner"),
        leser=Stelle("DVDV", "ags:03241001", "Hannover, Bürgeramt"),
        abrufende_stelle=AbrufendeStelle(False, "Jugendamt Hannover", "Am Wall 91, 30159 Hannover", (), "1", "2", "3"),
        anforderungselemente=codes,
        identifikationsmerkmal="x",
    )
