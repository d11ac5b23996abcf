"""Reading a 1330, and the identification of whatever came."""

import copy

import pytest
from lxml import etree

from gateway.errors import Ruecksendung
from gateway.meldewesen.anfrage import Nachrichtenkennung, Ort, Personensuche, Stelle
from gateway.xmeld.lesen import read_kennung, read_personensuche
from tests.shared import SHARED, needs_shared
from tests.xmeld.nachrichten import NAME, UUID, ZEIT, art, pack, suchanfrage

POSTFACH = "<postfach><postfach>1234</postfach><wohnort>Hannover</wohnort><postleitzahl>30001</postleitzahl></postfach>"


def read(root: etree._Element) -> Personensuche:
    assert pack().is_valid(root), pack().explain(root).hinweis
    return read_personensuche(root, art())


def auswahl(suchprofil: str = "", name: str = NAME) -> dict[str, object]:
    daten = read(suchanfrage(suchprofil, name=name)).auswahldaten
    return {name: value for name, value in vars(daten).items() if value}


def test_a_request_is_read_whole() -> None:
    anfrage = read(
        suchanfrage(codes=("1", "13", "163"), rest="<x:verzichtAufMitteilung>true</x:verzichtAufMitteilung>")
    )
    assert anfrage.kennung == Nachrichtenkennung(UUID, "1330", ZEIT)
    assert anfrage.autor == Stelle("DVDV", "dbs:030010000001", "Jugendamt Hannover")
    assert anfrage.leser == Stelle("DVDV", "ags:03241001", "Hannover, Bürgeramt")
    assert anfrage.anforderungselemente == {"1", "13", "163"}
    assert anfrage.verzicht_auf_mitteilung
    assert not anfrage.landesspezifische_erweiterungen
    assert anfrage.identifikationsmerkmal is None
    stelle = anfrage.abrufende_stelle
    assert (stelle.behoerdenname, stelle.aktenzeichen, stelle.anlass, stelle.kennung) == (
        "Jugendamt Hannover", "51-17/26", "Unterhalt", "u17",
    )  # fmt: skip
    assert stelle.erreichbarkeit == ("amt@example.org", "0511 1")
    assert stelle.anschrift == "Am Wall 91, 30159 Hannover"
    assert not stelle.sicherheitsbehoerde


def test_names_are_read_as_sent() -> None:
    assert auswahl() == {
        "familienname": "Œrensen", "vornamen": "Erika Maria", "gemeindeschluessel": "03241001", "postleitzahl": "30159",
    }  # fmt: skip


def test_a_name_that_legally_does_not_exist_is_read_as_plus() -> None:
    name = NAME.replace("<name>Erika Maria</name>", "<nichtVorhanden>true</nichtVorhanden>")
    assert auswahl(name=name)["vornamen"] == "+"


def test_a_pseudonym_and_the_wish_for_phonetics_are_read() -> None:
    name = "<x:name><x:name><x:ordensOderKuenstlername>Nancy &amp; Co</x:ordensOderKuenstlername></x:name>\
<x:phonetik>true</x:phonetik></x:name>"
    daten = auswahl(name=name)
    assert daten["ordens_oder_kuenstlername"] == "Nancy & Co"
    assert daten["phonetik"] is True
    assert "familienname" not in daten


@pytest.mark.parametrize(
    ("xml", "value"),
    [
        ("<teilbekanntesDatum><jahrMonatTag> 1998-03-17 </jahrMonatTag></teilbekanntesDatum>", "1998-03-17"),
        ("<teilbekanntesDatum><jahrMonat>1998-03</jahrMonat></teilbekanntesDatum>", "1998-03-00"),
        ("<teilbekanntesDatum><jahr>1998</jahr></teilbekanntesDatum>", "1998-00-00"),
        ("<unbekannt>true</unbekannt>", "0000-00-00"),
    ],
)
def test_a_birth_date_keeps_what_is_unknown_of_it(xml: str, value: str) -> None:
    geburt = f"<x:geburtsdatum><x:geburtsdatum>{xml}</x:geburtsdatum></x:geburtsdatum>"
    assert auswahl(geburt)["geburtsdatum"] == value


def test_places_of_birth_and_death_are_abroad_only_with_a_state() -> None:
    geburt = "<x:geburtsort><x:geburtsort.inland>Celle</x:geburtsort.inland></x:geburtsort>"
    tod = "<x:sterbetag>2020-01-02</x:sterbetag><x:sterbeort><x:sterbeort.ausland>\
<x:sterbeortStaat listVersionID='2024-08-01'><code>151</code></x:sterbeortStaat><x:sterbeort>Linz</x:sterbeort>\
</x:sterbeort.ausland></x:sterbeort><x:azrNummer>123456789012</x:azrNummer>"
    daten = auswahl(geburt + "<x:geschlecht listVersionID='1'><code> w </code></x:geschlecht>" + tod)
    assert daten["geburtsort"] == Ort("Celle")
    assert daten["sterbeort"] == Ort("Linz", "151")
    assert daten["sterbedatum"] == "2020-01-02"
    assert daten["geschlecht"] == "w"
    assert daten["azr_nummer"] == "123456789012"


def test_a_follow_up_has_its_mark_and_no_auswahldaten() -> None:
    anfrage = read(suchanfrage("<x:identifikationsmerkmal>abc-123</x:identifikationsmerkmal>"))
    assert anfrage.identifikationsmerkmal == "abc-123"
    assert anfrage.auswahldaten is None


def test_a_post_office_box_is_an_address_too() -> None:
    assert read(suchanfrage(anschrift=POSTFACH)).abrufende_stelle.anschrift == "Postfach 1234, 30001 Hannover"


@pytest.mark.parametrize(("text", "value"), [("true", True), (" 1 ", True), ("false", False), ("0", False)])
def test_both_spellings_of_a_boolean_are_read(text: str, value: bool) -> None:
    assert read(suchanfrage(sicherheit=text)).abrufende_stelle.sicherheitsbehoerde is value


def test_extensions_of_a_land_are_noticed() -> None:
    nach = "<x:landesspezifischeErweiterungen><a xmlns='urn:x'><code>1</code></a></x:landesspezifischeErweiterungen>"
    assert read(suchanfrage(nach=nach)).landesspezifische_erweiterungen


def test_a_comment_within_a_text_does_not_end_it() -> None:
    root = suchanfrage(name=NAME.replace("Œrensen", "Œren<!-- x -->sen"), codes=("1<!-- x -->3", "<?p x?>17", " 5 "))
    anfrage = read(root)
    assert anfrage.auswahldaten is not None
    assert anfrage.auswahldaten.familienname == "Œrensen"
    assert anfrage.anforderungselemente == {"13", "17", "5"}


def test_a_key_of_a_municipality_that_is_none_goes_back_to_the_sender() -> None:
    root = suchanfrage()
    for code in root.iter("code"):
        if code.text == "03241001":
            code.text = "3241001"
    with pytest.raises(Ruecksendung, match="X011"):
        read(root)


@needs_shared
@pytest.mark.parametrize("name", ["006a", "007a", "008a"])
def test_the_standards_own_requests_are_read(name: str) -> None:
    path = SHARED / "xmeld" / "samples" / "testsuite" / f"FachspezifischBehoerdenauskunft{name}-1330.xml"
    anfrage = read(etree.parse(path).getroot())
    assert anfrage.leser.kennung == "ags:09000009"
    assert (anfrage.auswahldaten is None) == (name == "007a")
    assert anfrage.identifikationsmerkmal == ("1234567890" if name == "007a" else None)
    assert len(anfrage.anforderungselemente) >= 162
    assert anfrage.anforderungselemente <= art().codes
    assert anfrage.abrufende_stelle.anschrift.endswith(" 91, 60000 S Stadt")


# -- the identification, of messages that may be anything ------------------------------------------------------------

KENNUNG = Nachrichtenkennung(UUID, "1330", ZEIT)


def without(name: str) -> etree._Element:
    root = suchanfrage()
    for element in list(root.iter(name)):
        element.getparent().remove(element)  # type: ignore[union-attr]
    return root


def doubled(name: str) -> etree._Element:
    root = suchanfrage()
    element = next(root.iter(name))
    element.addnext(copy.deepcopy(element))
    return root


def test_an_invalid_message_is_identified_all_the_same() -> None:
    for root in (without("leser"), without("anschrift.autor"), suchanfrage("<x:unsinn/>")):
        assert not pack().is_valid(root)
        assert read_kennung(root) == KENNUNG


def test_another_versions_message_is_identified() -> None:
    text = etree.tostring(suchanfrage(), encoding="unicode").replace("xmeld2511a", "xmeld2605")
    assert read_kennung(etree.fromstring(text)) == KENNUNG


@pytest.mark.parametrize("part", ["nachrichtenkopf.g2g", "identifikation.nachricht", "nachrichtenUUID", "code"])
def test_a_message_without_a_part_of_it_is_not_identified(part: str) -> None:
    assert read_kennung(without(part)) is None


@pytest.mark.parametrize("part", ["nachrichtenkopf.g2g", "identifikation.nachricht", "erstellungszeitpunkt"])
def test_a_message_with_a_part_twice_is_not_identified(part: str) -> None:
    assert read_kennung(doubled(part)) is None


@pytest.mark.parametrize(
    "bad",
    [
        {"uuid": "ce435bc4"},
        {"uuid": "Erika Muster"},
        {"uuid": UUID + "0"},
        {"typ": "Erika"},
        {"typ": "13300"},
        {"zeit": "gestern"},
        {"zeit": "2026-03-25"},
        {"zeit": "2026-13-25T08:35:06"},
        {"zeit": "2026-03-25T08:35:06 für Erika"},
    ],
)
def test_what_is_not_well_formed_is_never_repeated(bad: dict[str, str]) -> None:
    assert read_kennung(suchanfrage(**bad)) is None  # type: ignore[arg-type]


def test_texts_hidden_in_foreign_content_do_not_identify() -> None:
    root = without("identifikation.nachricht")
    holder = etree.SubElement(root, "anhang")
    holder.append(next(suchanfrage().iter("identifikation.nachricht")))
    assert read_kennung(root) is None
    assert read_kennung(etree.fromstring("<a>text</a>")) is None
