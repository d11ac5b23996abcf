"""Reading a 1332: each of its elements, written by hand."""

from dataclasses import fields
from typing import Any

import pytest
from lxml import etree

from gateway.errors import Ruecksendung
from gateway.meldewesen.anfrage import (
    AKTUELL,
    BELIEBIG,
    INAKTUELL,
    KEINE_ANGABE,
    FreieAuswahl,
    FreieSuche,
    Nachrichtenkennung,
    Stelle,
    Suchbereich,
)
from gateway.meldewesen.werte import NICHT_VORHANDEN, Teildatum
from gateway.xmeld.lesen import read_freie_suche
from tests.shared import SHARED, needs_shared
from tests.xmeld.nachrichten import NAME, UUID, ZEIT, art, freie_suchanfrage, pack

STAAT = "<code>137</code>"
VERSION = "listVersionID='1'"


def read(root: etree._Element) -> FreieSuche:
    assert pack().is_valid(root), pack().explain(root).hinweis
    return read_freie_suche(root, art("1332"))


def auswahl(auswahldaten: str) -> dict[str, Any]:
    """What was read beside the defaults."""
    gelesen = read(freie_suchanfrage(auswahldaten)).auswahldaten
    return {f.name: value for f in fields(gelesen) if (value := getattr(gelesen, f.name)) != f.default}


def wohnung(xml: str) -> dict[str, Any]:
    gelesen = auswahl(f"<x:wohnung>{xml}</x:wohnung>")["wohnung"]
    return {f.name: value for f in fields(gelesen) if (value := getattr(gelesen, f.name)) != f.default}


def anschrift(kind: str, xml: str) -> dict[str, Any]:
    return wohnung(f"<x:anschrift><x:anschrift.{kind}>{xml}</x:anschrift.{kind}></x:anschrift>")


# -- the message -----------------------------------------------------------------------------------------------------


def test_a_request_is_read_whole() -> None:
    anfrage = read(
        freie_suchanfrage(
            NAME,
            codes=("1", "17", "46", "1"),
            aktualitaet="<x:aktualitaetPerson><code> 02 </code></x:aktualitaetPerson>",
            rest="<x:verzichtAufMitteilung>true</x:verzichtAufMitteilung>",
            sicherheit="true",
        )
    )
    assert anfrage.kennung == Nachrichtenkennung(UUID, "1332", ZEIT)
    assert anfrage.autor == Stelle("DVDV", "dbs:030010000001", "Jugendamt Hannover")
    assert anfrage.leser == Stelle("DVDV", "ags:03241001", "Hannover, Bürgeramt")
    assert anfrage.abrufende_stelle.sicherheitsbehoerde
    assert anfrage.abrufende_stelle.anschrift == "Am Wall 91, 30159 Hannover"
    assert anfrage.abrufende_stelle.erreichbarkeit == ("amt@example.org", "0511 1")
    assert anfrage.anforderungselemente == {"1", "17", "46"}
    assert anfrage.suchbereich == Suchbereich("03")
    assert anfrage.aktualitaet == INAKTUELL
    assert anfrage.verzicht_auf_mitteilung
    assert not anfrage.landesspezifische_erweiterungen


def test_a_request_without_any_auswahldatum_is_read_as_such() -> None:
    anfrage = read(freie_suchanfrage())
    assert anfrage.auswahldaten == FreieAuswahl()
    assert (anfrage.aktualitaet, anfrage.verzicht_auf_mitteilung) == (None, False)
    assert auswahl("<x:name/><x:wohnung><x:anschrift><x:anschrift.inland/></x:anschrift></x:wohnung>") == {}


def test_extensions_of_a_land_are_noticed() -> None:
    nach = "<x:landesspezifischeErweiterungen><a xmlns='urn:x'><code>1</code></a></x:landesspezifischeErweiterungen>"
    assert read(freie_suchanfrage(nach=nach)).landesspezifische_erweiterungen


@needs_shared
def test_the_example_of_the_standards_test_suite_is_read_whole() -> None:
    root = etree.parse(SHARED / "xmeld" / "samples" / "testsuite" / "FachspezifischBehoerdenauskunft005a-1332.xml")
    anfrage = read(root.getroot())
    assert anfrage.auswahldaten == FreieAuswahl(
        familienname="Fischer",
        vornamen="Barbara Carina",
        geburtsdatum=Teildatum("1992-02-02"),
        geschlecht="w",
    )
    assert anfrage.suchbereich == Suchbereich("09")
    assert anfrage.anforderungselemente == {*map(str, range(1, 11)), "29", "33", "34", "35", "37"}
    assert anfrage.verzicht_auf_mitteilung


# -- Suchbereich -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("element", "schluessel"),
    [("bundesland", "03"), ("bezirk", "034"), ("kreis", "03241"), ("gemeindeschluessel", "03241001")],
)
def test_each_kind_of_area_is_read(element: str, schluessel: str) -> None:
    xml = f"<x:{element} {VERSION}><code> {schluessel}\n</code></x:{element}>"
    assert read(freie_suchanfrage(suchbereich=xml)).suchbereich == Suchbereich(schluessel)


@pytest.mark.parametrize("element", ["bundesland", "bezirk", "kreis", "gemeindeschluessel"])
@pytest.mark.parametrize("schluessel", ["", "3", "03", "034", "0324", "03241", "03241001", "032410010", "0x", "٠٣"])
def test_a_key_that_has_not_the_digits_of_its_kind_goes_back(element: str, schluessel: str) -> None:
    digits = {"bundesland": 2, "bezirk": 3, "kreis": 5, "gemeindeschluessel": 8}[element]
    if len(schluessel) == digits and schluessel.isdecimal() and schluessel.isascii():
        return
    root = freie_suchanfrage(suchbereich=f"<x:{element} {VERSION}><code>{schluessel}</code></x:{element}>")
    with pytest.raises(Ruecksendung) as caught:
        read(root)
    assert caught.value.grund == "X011"
    assert caught.value.hinweis == (  # whatever was sent, none of it comes back
        "Der Schlüssel des Suchbereichs muss so viele Ziffern haben: Land 2, Bezirk 3, Kreis 5, Gemeinde 8."
    )


# -- Auswahldaten ----------------------------------------------------------------------------------------------------


def test_names_are_read_as_sent() -> None:
    name = (
        "<x:name><x:name><x:nachnameUndVornamen><x:vornamen><name>An?a *</name></x:vornamen>"
        "<x:nachname><name>M*er</name></x:nachname></x:nachnameUndVornamen>"
        "<x:ordensOderKuenstlername>Graf Zahl</x:ordensOderKuenstlername></x:name><x:phonetik>true</x:phonetik>"
        "</x:name><x:doktorgrad>Dr.</x:doktorgrad>"
    )
    assert auswahl(name) == {
        "vornamen": "An?a *", "familienname": "M*er", "ordens_oder_kuenstlername": "Graf Zahl", "phonetik": True,
        "doktorgrad": "Dr.",
    }  # fmt: skip


def test_a_name_that_legally_does_not_exist_is_read_as_plus() -> None:
    name = NAME.replace("<name>Erika Maria</name>", "<nichtVorhanden>true</nichtVorhanden>")
    assert auswahl(name) == {"familienname": "Œrensen", "vornamen": NICHT_VORHANDEN}


def test_an_address_in_germany_is_read_with_the_parts_of_its_house_number() -> None:
    xml = (
        f"<gemeindeschluessel {VERSION}><code>03241001</code></gemeindeschluessel>"
        "<x:hausnummerOderHausnummernbereich><x:hausnummer><hausnummer>17</hausnummer>"
        "<hausnummerBuchstabeZusatzziffer>a</hausnummerBuchstabeZusatzziffer>"
        "<teilnummerDerHausnummer>1/3</teilnummerDerHausnummer></x:hausnummer></x:hausnummerOderHausnummernbereich>"
        "<postleitzahl>30159</postleitzahl><stockwerkswohnungsnummer>3.OG</stockwerkswohnungsnummer>"
        "<strasse>Lange*</strasse><wohnort>Hannover</wohnort>"
        "<wohnortFruehererGemeindename>Linden</wohnortFruehererGemeindename>"
        "<wohnungsinhaber>Muster</wohnungsinhaber><zusatzangaben>Hof</zusatzangaben>"
    )
    assert anschrift("inland", xml) == {
        "gemeindeschluessel": "03241001", "hausnummer": "17", "hausnummer_zusatz": "a", "hausnummer_teil": "1/3",
        "postleitzahl": "30159", "stockwerk": "3.OG", "strasse": "Lange*", "wohnort": "Hannover",
        "frueherer_gemeindename": "Linden", "wohnungsinhaber": "Muster", "zusatz": "Hof",
    }  # fmt: skip


def test_a_range_of_house_numbers_is_read() -> None:
    xml = (
        "<x:hausnummerOderHausnummernbereich><x:hausnummernbereich><x:hausnummer.von>3</x:hausnummer.von>"
        "<x:hausnummer.bis>12</x:hausnummer.bis></x:hausnummernbereich></x:hausnummerOderHausnummernbereich>"
    )
    assert anschrift("inland", xml) == {"hausnummer_von": "3", "hausnummer_bis": "12"}


def test_a_malformed_gemeindeschluessel_goes_back() -> None:
    with pytest.raises(Ruecksendung, match="X011"):
        anschrift("inland", f"<gemeindeschluessel {VERSION}><code>0324100</code></gemeindeschluessel>")


LINES = "".join(
    f"<zeile.anschrift><zeilennummer>{n}</zeilennummer><inhalt>{text}</inhalt></zeile.anschrift>"
    for n, text in enumerate(("12 Harbour Road", "London"), 1)
)


@pytest.mark.parametrize(
    ("xml", "gelesen"),
    [
        (
            f"<x:auslandsanschrift><x:staat {VERSION}>{STAAT}</x:staat><x:anschriftzone>{LINES}</x:anschriftzone>"
            "</x:auslandsanschrift>",
            {"auslandsanschrift_staat": "137", "auslandsanschrift": ("12 Harbour Road", "London")},
        ),
        (
            f"<x:auslandsanschrift><x:staat {VERSION}>{STAAT}</x:staat></x:auslandsanschrift>",
            {"auslandsanschrift_staat": "137"},
        ),
        (f"<x:zuzugsstaat><x:staat {VERSION}>{STAAT}</x:staat></x:zuzugsstaat>", {"zuzugsstaat": "137"}),
        (
            "<x:zuzugsstaat><x:zurechtnichtuebermittelt>true</x:zurechtnichtuebermittelt></x:zuzugsstaat>",
            {"zuzugsstaat": BELIEBIG},
        ),
        (
            f"<x:auslandsanschriftOderZuzugsstaat><x:staat {VERSION}>{STAAT}</x:staat>"
            "</x:auslandsanschriftOderZuzugsstaat>",
            {"staat": "137"},
        ),
        (
            "<x:auslandsanschriftOderZuzugsstaat><x:zurechtnichtuebermittelt>true</x:zurechtnichtuebermittelt>"
            "</x:auslandsanschriftOderZuzugsstaat>",
            {"staat": BELIEBIG},
        ),
    ],
)
def test_each_kind_of_address_abroad_is_read(xml: str, gelesen: dict[str, Any]) -> None:
    assert anschrift("ausland", xml) == gelesen


@pytest.mark.parametrize(
    ("sachverhalt", "gelesen"),
    [("", ""), *((f"<x:sachverhalt><code>{code}</code></x:sachverhalt>", code) for code in "012")],
)
def test_an_unknown_address_is_read_with_its_circumstance_or_whichever(sachverhalt: str, gelesen: str) -> None:
    xml = f"<x:anschriftUnbekannt>true</x:anschriftUnbekannt>{sachverhalt}"
    assert anschrift("unbekannt", xml) == {"unbekannt": gelesen}


def test_what_else_is_known_of_a_dwelling_is_read() -> None:
    xml = (
        "<x:auszugsdatum> 2021-02-03 </x:auszugsdatum><x:einzugsdatum>2020-01-02</x:einzugsdatum>"
        "<x:wohnungsstatus><code>1</code></x:wohnungsstatus>"
        "<x:aktualitaetAnschrift><code>01</code></x:aktualitaetAnschrift>"
    )
    assert wohnung(xml) == {
        "auszugsdatum": "2021-02-03", "einzugsdatum": "2020-01-02", "status": "1", "aktualitaet": AKTUELL,
    }  # fmt: skip


def geburtstag(xml: str) -> str:
    return f"<x:geburtsdaten><x:geburtstag>{xml}</x:geburtstag></x:geburtsdaten>"


@pytest.mark.parametrize(
    ("xml", "gelesen"),
    [
        (
            geburtstag("<x:geburtsdatum><x:geburtsdatum><unbekannt>true</unbekannt></x:geburtsdatum></x:geburtsdatum>"),
            {"geburtsdatum": Teildatum("0000-00-00")},
        ),
        (
            geburtstag(
                "<x:geburtsdatum><x:geburtsdatum><teilbekanntesDatum><jahrMonat>1998-03</jahrMonat>"
                "</teilbekanntesDatum></x:geburtsdatum></x:geburtsdatum>"
            ),
            {"geburtsdatum": Teildatum("1998-03-00")},
        ),
        (
            geburtstag(
                "<x:geburtszeitraum><x:geburtsdatum.von>1998-03-01</x:geburtsdatum.von>"
                "<x:geburtsdatum.bis>\n1998-03-31</x:geburtsdatum.bis></x:geburtszeitraum>"
            ),
            {"geburt_von": "1998-03-01", "geburt_bis": "1998-03-31"},
        ),
        (
            f"<x:geburtsdaten><x:geburtsort>Celle</x:geburtsort><x:geburtsortstaat><x:geburtsortstaat {VERSION}>{STAAT}"
            "</x:geburtsortstaat></x:geburtsortstaat></x:geburtsdaten>",
            {"geburtsort": "Celle", "geburtsstaat": "137"},
        ),
        (
            "<x:geburtsdaten><x:geburtsortstaat><x:keineAngabe>true</x:keineAngabe></x:geburtsortstaat></x:geburtsdaten>",
            {"geburtsstaat": KEINE_ANGABE},
        ),
        (
            f"<x:sterbedaten><x:sterbeort>Linz</x:sterbeort><x:sterbeortStaat><x:sterbeortstaat {VERSION}>{STAAT}"
            "</x:sterbeortstaat></x:sterbeortStaat><x:sterbetag>2020-01-02</x:sterbetag></x:sterbedaten>",
            {"sterbeort": "Linz", "sterbestaat": "137", "sterbedatum": "2020-01-02"},
        ),
        (
            "<x:sterbedaten><x:sterbeortStaat><x:keineAngabe>true</x:keineAngabe></x:sterbeortStaat></x:sterbedaten>",
            {"sterbestaat": KEINE_ANGABE},
        ),
        (
            f"<x:geschlecht {VERSION}><code>d</code></x:geschlecht>"
            f"<x:staatsangehoerigkeit {VERSION}>{STAAT}</x:staatsangehoerigkeit>",
            {"geschlecht": "d", "staatsangehoerigkeit": "137"},
        ),
        (
            "<x:familienstand><x:datumBeginn><jahr>1999</jahr></x:datumBeginn>"
            "<x:familienstand><code>VH</code></x:familienstand>"
            "<x:ort.letzte.ehe.oder.lp>Wien</x:ort.letzte.ehe.oder.lp>"
            f"<x:ortstaat.letzte.ehe.oder.lp {VERSION}>{STAAT}</x:ortstaat.letzte.ehe.oder.lp>"
            "<x:datumBeginnVorausgegangeneLP>1990-02-03</x:datumBeginnVorausgegangeneLP></x:familienstand>",
            {
                "familienstand": "VH",
                "familienstand_beginn": Teildatum("1999-00-00"),
                "familienstand_ort": "Wien",
                "familienstand_staat": "137",
                "familienstand_beginn_vorausgegangene_lp": "1990-02-03",
            },
        ),
        ("<x:waffenrechtlicheErlaubnis>true</x:waffenrechtlicheErlaubnis>", {"waffenrechtliche_erlaubnis": True}),
        ("<x:waffenbesitzverbot>true</x:waffenbesitzverbot>", {"waffenbesitzverbot": True}),
        (
            "<x:sprengstoffrechtlicheErlaubnis>true</x:sprengstoffrechtlicheErlaubnis>",
            {"sprengstoffrechtliche_erlaubnis": True},
        ),
    ],
)
def test_each_other_auswahldatum_is_read(xml: str, gelesen: dict[str, Any]) -> None:
    assert auswahl(xml) == gelesen


@pytest.mark.parametrize("code", ["", " ", "*", "1 3"])
@pytest.mark.parametrize(
    "xml",
    [
        "<x:geburtsdaten><x:geburtsortstaat><x:geburtsortstaat {}><code>{}</code></x:geburtsortstaat>"
        "</x:geburtsortstaat></x:geburtsdaten>",
        "<x:wohnung><x:anschrift><x:anschrift.ausland><x:zuzugsstaat><x:staat {}><code>{}</code></x:staat>"
        "</x:zuzugsstaat></x:anschrift.ausland></x:anschrift></x:wohnung>",
    ],
)
def test_no_key_can_be_sent_that_means_any_or_no_state(xml: str, code: str) -> None:
    with pytest.raises(Ruecksendung, match="X011"):
        auswahl(xml.format(VERSION, code))
