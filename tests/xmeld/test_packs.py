"""Choosing a pack, checking it when it is read, deciding by it, and explaining without telling."""

import copy
import hashlib
import random
import re
import shutil
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import ConfigError, Fault, FaultCode
from gateway.xmeld import packs
from gateway.xmeld.packs import Direction, Pack, Packs
from tests.conformance.mutationen import XMELD, XSI, Walker, mutated

XSD = Path(__file__).parents[2] / "xsd"
PACK = "xmeld-25.11a"
BUILDER = "datenbestaetigung-1"  # builds on PACK
BESTAETIGUNG = "{urn:xmeld-gateway:datenbestaetigung:1}datenbestaetigung.anfrage.9910"
ANFRAGE = "datenabruf.personensuche.suchanfrage.1330"
ANTWORT = "datenabruf.personensuche.antwort.1331"
DIRECTIONS = {
    "1330": Direction.REQUEST,
    "1331": Direction.ANSWER,
    "1332": Direction.REQUEST,
    "1333": Direction.ANSWER,
    "1322": Direction.NOTICE,
    "0910": Direction.ANSWER,
}
DATATYPE_C = "{urn:xoev-de:kosit:xoev:datentyp:din-91379_2022-08}datatypeC"


@pytest.fixture(scope="module")
def installed() -> Packs:
    return Packs.load(XSD)


@pytest.fixture(scope="module")
def pack(installed: Packs) -> Pack:
    return installed.newest


@pytest.fixture(scope="module")
def walker(pack: Pack) -> Walker:
    return Walker(pack.schema, random.Random(1330))


@pytest.fixture
def anfrage(pack: Pack) -> etree._Element:
    """A valid request with every optional part."""
    full = Walker(pack.schema, random.Random(4))
    full.density = 1.0
    return full.message(ANFRAGE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the installed packs that a test may damage."""
    shutil.copytree(XSD, tmp_path / "xsd")
    return tmp_path / "xsd"


def rewrite(pack_folder: Path, old: str, new: str) -> None:
    """Replaces a text in pack.toml and in all schema files, checksums included."""
    manifest = pack_folder / "pack.toml"
    text = manifest.read_text(encoding="utf-8").replace(old, new)
    for file in pack_folder.rglob("*.xsd"):
        before = hashlib.sha256(file.read_bytes()).hexdigest()
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        text = text.replace(before, hashlib.sha256(file.read_bytes()).hexdigest())
    manifest.write_text(text, encoding="utf-8")


def further_version(folder: Path) -> Path:
    """A second pack as a later version of the standard would be."""
    later = folder / "xmeld-26.05"
    shutil.copytree(folder / PACK, later)
    rewrite(later, "xmeld2511a", "xmeld2605")
    rewrite(later, "25.11a", "26.05")
    rewrite(later, "valid_from = 2025-11-01", "valid_from = 2026-05-01")
    return later


class TestChoosing:
    @pytest.mark.parametrize("number", DIRECTIONS)
    def test_a_handled_message_is_claimed_by_one_pack(self, installed: Packs, pack: Pack, number: str) -> None:
        chosen, found = installed.choose(etree.Element(XMELD + pack.messages[number].element))
        assert (chosen.name, found) == (PACK, number)

    @pytest.mark.parametrize(
        ("tag", "code"),
        [
            (f"{XMELD}hinweisnachricht.mitteilung.1500", FaultCode.MESSAGE_NOT_ACCEPTED),
            (f"{XMELD}suchprofil", FaultCode.MESSAGE_NOT_ACCEPTED),
            (ANFRAGE, FaultCode.NOT_XMELD),
            (f"{{http://www.osci.de/xmeld2405}}{ANFRAGE}", FaultCode.NOT_XMELD),
            ("{http://www.osci.de/xinneres/datum/2}datum", FaultCode.NOT_XMELD),
            ("html", FaultCode.NOT_XMELD),
        ],
    )
    def test_no_pack_and_no_such_message_are_two_faults(self, installed: Packs, tag: str, code: FaultCode) -> None:
        with pytest.raises(Fault) as caught:
            installed.choose(etree.Element(tag))
        assert caught.value.code is code

    def test_a_message_that_two_packs_claim_is_ambiguous(self, folder: Path) -> None:
        shutil.copytree(folder / PACK, folder / "twin")
        rewrite(folder / "twin", f'name = "{PACK}"', 'name = "twin"')
        with pytest.raises(Fault, match="twin, xmeld") as caught:
            Packs.load(folder).choose(etree.Element(XMELD + ANFRAGE))
        assert caught.value.code is FaultCode.AMBIGUOUS_XMELD

    def test_a_further_version_is_a_further_folder_and_each_message_goes_to_its_own(self, folder: Path) -> None:
        further_version(folder)
        both = Packs.load(folder)
        later, _ = both.choose(etree.Element(f"{{http://www.osci.de/xmeld2605}}{ANFRAGE}"))
        earlier, _ = both.choose(etree.Element(XMELD + ANFRAGE))
        assert (later.version, earlier.version) == ("26.05", "25.11a")
        assert both.newest is later

    def test_each_message_has_its_direction(self, pack: Pack) -> None:
        directions = {number: message.direction for number, message in pack.messages.items()}
        assert directions == DIRECTIONS


def _manifest(old: str, new: str) -> Callable[[Path], None]:
    def damage(pack: Path) -> None:
        text = (pack / "pack.toml").read_text(encoding="utf-8")
        assert old in text
        (pack / "pack.toml").write_text(text.replace(old, new, 1), encoding="utf-8")

    return damage


def _changed(pack: Path) -> None:
    with (pack / "codes.xsd").open("a") as file:
        file.write(" ")


def _replaced(old: str, new: str) -> Callable[[Path], None]:
    return lambda pack: rewrite(pack, old, new)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a changed file": (_changed, r"pack\.toml: files\.codes\.xsd: the file was changed"),
    "a missing file": (lambda pack: (pack / "codes.xsd").unlink(), r"files\.codes\.xsd: cannot be read: No such file"),
    "a file too many": (lambda pack: shutil.copy(pack / "codes.xsd", pack / "more.xsd"), "more.xsd lies in the pack"),
    "no TOML": (_manifest("[files]", "[files"), r"pack\.toml: cannot be read"),
    "an unknown key": (_manifest("entry =", "colour = 1\nentry ="), r"pack\.toml: colour: unknown key"),
    "a missing key": (_manifest('version = "25.11a"\n', ""), r"pack\.toml: version: missing"),
    "an empty key": (_manifest('version = "25.11a"', 'version = ""'), "version: must not be empty"),
    "a number for a name": (_manifest(f'name = "{PACK}"', "name = 1"), "name: must be a str"),
    "a name that is a path": (_manifest(f'name = "{PACK}"', 'name = "../x"'), "name: only letters"),
    "a date that is none": (_manifest("2025-11-01", '"morgen"'), "valid_from: must be a date"),
    "an end before the beginning": (_manifest("2026-11-15", "2025-10-31"), "valid_until: lies before valid_from"),
    "no number of a message": (_manifest("1330 =", "suche ="), r"messages\.suche: must be a number of four digits"),
    "a direction that is none": (
        _manifest('"request"', '"up"'),
        r"messages\.1330\.direction: must be one of request, answer, notice",
    ),
    "an unknown key of a message": (_manifest('"request"', '"request", a = 1'), r"messages\.1330: must have exactly"),
    "an element that no schema has": (
        _manifest(ANFRAGE, "suche.1330"),
        r"messages\.1330\.element: the schemas declare no",
    ),
    "an entry that is no file": (_manifest('"xmeld.xsd"', '"top.xsd"'), r"entry: top\.xsd is not one of the files"),
    "a file outside": (_manifest('"codes.xsd"', '"../codes.xsd"'), r"files\.\.\./codes\.xsd: not the path"),
    "an absolute file": (_manifest('"codes.xsd"', '"/etc/passwd.xsd"'), "not the path of an .xsd file inside"),
    "no checksum": (_manifest('"codes.xsd" = "', '"codes.xsd" = "x'), "must be a SHA-256"),
    "a catalogue that leads nowhere": (
        _manifest("[files]", '[catalogue]\n"http://a/b.xsd" = "b.xsd"\n[files]'),
        r"catalogue\.http://a/b\.xsd: b\.xsd is not one of the files",
    ),
    "a catalogue of something else": (
        _manifest("[files]", '[catalogue]\n"http://a/b.xsd" = ["b.xsd"]\n[files]'),
        r"catalogue\.http://a/b\.xsd: \['b\.xsd'\] is not one of the files",
    ),
    "an import that leads nowhere": (
        _replaced('Location="xoev/din', 'Location="http://xoev.de/din'),
        "is neither a file of the pack",
    ),
    "an import that leads outside": (
        _replaced('Location="xoev/din', 'Location="../xoev/din'),
        "is neither a file of the pack",
    ),
    "a schema with a DOCTYPE": (_replaced("<xs:schema", "<!DOCTYPE a []><xs:schema"), "must not have a DOCTYPE"),
    "a schema that is not well-formed": (_replaced("</xs:schema>", ""), "not well-formed XML"),
    "a file that is no schema": (_replaced("xs:schema", "xs:element"), "not an XML Schema"),
    "another namespace": (_manifest("xmeld2511a", "xmeld2605"), r"namespace: is not that of xmeld\.xsd"),
}


class TestReading:
    @pytest.mark.parametrize("what", DAMAGES)
    def test_a_damaged_pack_stops_the_start_and_is_named(self, folder: Path, what: str) -> None:
        damage, message = DAMAGES[what]
        damage(folder / PACK)
        with pytest.raises(ConfigError, match=message) as caught:
            Packs.load(folder)
        assert "\n" not in str(caught.value).strip()
        assert PACK in str(caught.value)

    def test_two_packs_of_one_name_are_refused(self, folder: Path) -> None:
        shutil.copytree(folder / PACK, folder / "again")
        with pytest.raises(ConfigError, match=f"2 schema packs are called {PACK}"):
            Packs.load(folder)

    def test_a_folder_without_packs_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="no schema pack is installed"):
            Packs.load(tmp_path / "nothing")

    def test_a_schema_that_does_not_compile_is_named_in_one_line(self, folder: Path) -> None:
        rewrite(folder / PACK, 'type="xida:Tagesdatum"', 'type="xida:Gibtsnicht"')
        damaged = Packs.load(folder).newest
        for use in (lambda: damaged.is_valid(etree.Element("a")), lambda: damaged.schema):
            with pytest.raises(ConfigError, match=r"xmeld\.xsd: not a usable schema") as caught:
                use()
            assert "\n" not in str(caught.value).strip()

    def test_what_is_compiled_is_what_was_checked(self, folder: Path, anfrage: etree._Element) -> None:
        loaded = Packs.load(folder).newest
        for file in folder.rglob("*.xsd"):
            file.unlink()
        assert loaded.is_valid(anfrage)

    def test_the_folder_may_have_any_name(self, folder: Path, anfrage: etree._Element) -> None:
        moved = folder.rename(folder.parent / "Größe 1 #2 %20")
        pack = Packs.load(moved).newest
        pack.warm()
        assert pack.is_valid(anfrage)


def _circle(folder: Path) -> None:
    _manifest("valid_from", f'requires = "{BUILDER}"\nvalid_from')(folder / PACK)


def _of_builder(old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: _manifest(old, new)(folder / BUILDER)


def _import_of(address: str, namespace: str) -> Callable[[Path], None]:
    return lambda folder: rewrite(
        folder / BUILDER,
        "<!-- 9910:",
        f'<xs:import namespace="{namespace}" schemaLocation="{address}"/><!-- 9910:',
    )


def _include_of(address: str) -> Callable[[Path], None]:
    return lambda folder: rewrite(folder / BUILDER, "<!-- 9910:", f'<xs:include schemaLocation="{address}"/><!-- 9910:')


BASELESS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pack that is not there": (lambda folder: shutil.rmtree(folder / PACK), f"requires: no pack {PACK} lies beside"),
    "itself": (_of_builder(f'"{PACK}"', f'"{BUILDER}"'), f"requires: {BUILDER} builds on this pack itself"),
    "a circle": (_circle, f"requires: ({PACK}|{BUILDER}) builds on this pack itself"),
    "a path": (_of_builder(f'"{PACK}"', f'"../{PACK}"'), "requires: must be the name of a pack"),
    "nothing": (_of_builder(f'"{PACK}"', '""'), "requires: must not be empty"),
    "two packs": (_of_builder(f'"{PACK}"', f'["{PACK}"]'), "requires: must be a str"),
    "a pack in another's folder": (
        lambda folder: _manifest(f'name = "{PACK}"', 'name = "x"')(folder / PACK),
        f"requires: the pack in the folder {PACK} is called x",
    ),
    "a changed pack": (lambda folder: _changed(folder / PACK), r"files\.codes\.xsd: the file was changed"),
    "no pack at all": (_of_builder(f'requires = "{PACK}"', ""), "is neither a file of the pack"),
    "a namespace that the pack does not give": (
        _import_of(f"../{PACK}/xinneres/datum.xsd", "urn:other"),
        f"/{PACK}/xinneres/datum.xsd is neither a file of the pack",
    ),
    "an include of the pack's file": (
        _include_of(f"../{PACK}/xinneres/datum.xsd"),
        f"/{PACK}/xinneres/datum.xsd is neither a file of the pack",
    ),
}


class TestBuildingOnAnother:
    def test_a_message_of_our_own_is_claimed_by_its_pack(self, installed: Packs) -> None:
        pack, number = installed.choose(etree.Element(BESTAETIGUNG))
        assert (pack.name, number, pack.is_standard) == (BUILDER, "9910", False)

    def test_only_the_standards_versions_are_the_newest(self, folder: Path) -> None:
        rewrite(folder / BUILDER, "valid_from = 2025-11-01", "valid_from = 2026-10-01")
        packs = Packs.load(folder)
        assert {packs.newest.name, packs.newest_on(date(2026, 12, 1)).name} == {PACK}
        assert packs.newest_on(date(2020, 1, 1)).name == PACK
        assert [pack.name for pack in packs.versions] == [PACK]

    def test_packs_of_our_own_alone_are_no_installation(self, installed: Packs) -> None:
        own = [pack for pack in installed.packs if not pack.is_standard]
        assert own
        with pytest.raises(ConfigError, match="none of the schema packs is a version of the standard"):
            Packs(own)

    @pytest.mark.parametrize("what", BASELESS)
    def test_what_a_pack_cannot_build_on_stops_the_start(self, folder: Path, what: str) -> None:
        damage, message = BASELESS[what]
        damage(folder)
        with pytest.raises(ConfigError, match=message) as caught:
            Packs.load(folder)
        assert "\n" not in str(caught.value).strip()

    def test_a_pack_that_is_a_link_builds_on_what_lies_beside_the_link(self, folder: Path, tmp_path: Path) -> None:
        (folder / BUILDER).rename(tmp_path / "elsewhere")
        (folder / BUILDER).symlink_to(tmp_path / "elsewhere")
        assert {pack.name for pack in Packs.load(folder).packs} == {BUILDER, "unterrichtung-1", PACK}

    def test_an_import_means_the_checked_file_whatever_its_address(self, folder: Path, tmp_path: Path) -> None:
        lure = tmp_path / "lure.xsd"
        lure.write_text("this is no schema: whoever reads it fails", encoding="utf-8")
        rewrite(folder / BUILDER, f"../{PACK}/xinneres/datum.xsd", lure.as_uri())
        pack = next(pack for pack in Packs.load(folder).packs if pack.name == BUILDER)
        shutil.rmtree(folder)
        pack.warm()
        assert not pack.is_valid(etree.Element(BESTAETIGUNG))


def _first(root: etree._Element, name: str) -> etree._Element:
    return next(element for element in root.iter() if etree.QName(element).localname == name)


def _text(name: str, text: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        _first(root, name).text = text

    return change


def _attribute(name: str, attribute: str, value: str) -> Callable[[etree._Element], None]:
    return lambda root: _first(root, name).set(attribute, value)


def _without(name: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = _first(root, name)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


def _foreign_element(root: etree._Element) -> None:
    etree.SubElement(_first(root, "leser"), "Mustermann").text = "Erika"


def _wrong_namespace(root: etree._Element) -> None:
    _first(root, "kanal").tag = XMELD + "kanal"


def _no_namespace(root: etree._Element) -> None:
    _first(root, "suchprofil").tag = "suchprofil"


def _extension_with_unknown_type(root: etree._Element) -> None:
    foreign = etree.SubElement(_first(root, "landesspezifischeErweiterungen"), "{urn:geheim}Mustermann")
    foreign.set(f"{XSI}type", "gibtsnicht")


def _attribute_removed(root: etree._Element) -> None:
    del root.attrib["produkt"]


VERSTOESSE: dict[str, tuple[Callable[[etree._Element], None], str, str]] = {
    "a missing element": (_without("aktenzeichen"), "/anlassDesAbrufs[1]", "erwartet ist aktenzeichen"),
    "a missing last element": (_without("kennung"), "/name[1]", "erwartet ist kennung"),
    "an unknown element": (_foreign_element, "/leser[1]/*[1]", "dieses Element ist hier nicht"),
    "an element in a namespace that has none": (_wrong_namespace, "/kanal[1]", "gehört in keinen Namensraum"),
    "an element without its namespace": (_no_namespace, "/suchprofil[1]", f"den Namensraum {XMELD[1:-1]}"),
    "text between elements": (_text("leser", "Mustermann"), "/leser[1]", "darf kein Text stehen"),
    "a value that is no boolean": (
        _text("sicherheitsbehoerde", "Erika"),
        "/sicherheitsbehoerde[1]",
        "des Typs boolean",
    ),
    "a value that is no date": (
        _text("erstellungszeitpunkt", "Erika"),
        "/erstellungszeitpunkt[1]",
        "des Typs dateTime",
    ),
    "a character outside DIN 91379": (_text("aktenzeichen", "Ж"), "/aktenzeichen[1]", "Typs datatypeC (DIN 91379)"),
    "a value that breaks a pattern": (_text("azrNummer", "Erika"), "/azrNummer[1]", "dem Muster [0-9]{12}"),
    "a value that is too long": (_text("postleitzahl", "1234567"), "/postleitzahl[1]", "höchstens 5 Zeichen"),
    "a code that is not in the list": (
        _text("verzichtAufMitteilung", "0"),
        "[1]/verzichtAufMitteilung[1]",
        "Wert true",
    ),
    "a missing attribute": (_attribute_removed, f"/{ANFRAGE}[1]", "es fehlt das Attribut produkt"),
    "an attribute too many": (_attribute("kanal", "erika", "x"), "/kanal[1]", "nur listURI oder listVersionID"),
    "an attribute where none is": (_attribute("leser", "erika", "x"), "/leser[1]", "kein Attribut zulässig"),
    "another fixed attribute": (
        _attribute("kanal", "listURI", "Erika"),
        "/kanal[1]",
        "listURI hat den festen Wert urn:",
    ),
    "a nil": (_attribute("aktenzeichen", f"{XSI}nil", "true"), "/aktenzeichen[1]", "xsi:nil ist nicht zulässig"),
    "an unknown type": (_extension_with_unknown_type, "Erweiterungen[1]/*[", "der in xsi:type genannte Typ"),
}


class TestExplaining:
    @pytest.mark.parametrize("what", VERSTOESSE)
    def test_place_and_rule_are_named_in_german(self, pack: Pack, anfrage: etree._Element, what: str) -> None:
        change, place, rule = VERSTOESSE[what]
        assert pack.is_valid(anfrage)
        change(anfrage)
        assert not pack.is_valid(anfrage)
        verstoss = pack.explain(anfrage)
        assert place in verstoss.ort
        assert rule in verstoss.regel
        assert verstoss.hinweis == f"Ort: {verstoss.ort}; Regel: {verstoss.regel}."
        assert "Mustermann" not in verstoss.hinweis
        assert "erika" not in verstoss.hinweis.lower()

    def test_a_hint_holds_no_value_and_fits_into_0910(self, pack: Pack, walker: Walker) -> None:
        rng = random.Random(910)
        datatype_c = pack.schema.maps.types[DATATYPE_C]
        explained = 0
        for number in range(120):
            walker.density = 0.8
            _, mutant = mutated(_secret(walker.message(rng.choice((ANFRAGE, ANTWORT)))), rng, walker)
            if not pack.is_valid(mutant):
                hinweis = pack.explain(mutant).hinweis
                assert "geheim" not in hinweis.lower(), number
                assert len(hinweis) <= 500
                assert datatype_c.is_valid(hinweis)
                assert re.fullmatch(r"Ort: /\S+; Regel: .+\.", hinweis)
                explained += 1
        assert explained > 50

    def test_a_long_place_loses_its_beginning_and_a_long_rule_its_end(self) -> None:
        verstoss = packs.Verstoss("/" + "/".join(["abschnitt[1]"] * 60) + "/ende[1]", "r" * 600)
        assert len(verstoss.hinweis) == 500
        assert re.fullmatch(r"Ort: \.\.\..*/ende\[1\]; Regel: r+\.\.\.\.", verstoss.hinweis)

    def test_a_very_large_message_is_explained_by_its_place(self, pack: Pack, anfrage: etree._Element) -> None:
        steuerung = _first(anfrage, "steuerungsinformationen")
        element = _first(anfrage, "anforderungselement")
        for _ in range(packs.MAX_EXPLAINED_ELEMENTS):
            steuerung.insert(0, copy.deepcopy(element))
        _text("aktenzeichen", "geheim \u2026")(anfrage)
        verstoss = pack.explain(anfrage)
        assert verstoss.ort.endswith("/datenAbrufendeStelle[1]/aktenzeichen[1]")
        assert verstoss.regel == "der Wert hat nicht die vorgeschriebene Form"

    def test_neither_verdict_nor_explanation_follows_an_address_in_the_message(
        self, pack: Pack, anfrage: etree._Element, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("a connection was opened")

        monkeypatch.setattr(socket, "socket", refuse)
        monkeypatch.setattr("urllib.request.urlopen", refuse)
        lure = tmp_path / "lure.xsd"
        lure.write_text("this is no schema: whoever reads it fails", encoding="utf-8")
        anfrage.set(f"{XSI}schemaLocation", f"urn:a {lure.as_uri()} urn:b http://example.invalid/b.xsd")
        anfrage.set(f"{XSI}noNamespaceSchemaLocation", lure.as_uri())
        assert pack.is_valid(anfrage)
        _foreign_element(anfrage)
        assert pack.explain(anfrage).ort.endswith("/leser[1]/*[1]")


def _secret(root: etree._Element) -> etree._Element:
    """The same message with texts and foreign attributes that must not reappear."""
    for element in root.iter():
        if element.text and len(element) == 0 and element.text not in ("true", "false"):
            element.text = f"{element.text} geheim" if len(element.text) > 12 else element.text
    etree.SubElement(root, f"{XMELD}landesspezifischeErweiterungen").append(
        etree.Element("{urn:geheim}geheim", geheim="1")
    )
    return root


class TestThreads:
    def test_threads_get_their_own_verdicts_and_explanations(self, folder: Path, anfrage: etree._Element) -> None:
        pack = Packs.load(folder).newest
        broken = {name: copy.deepcopy(anfrage) for name in ("aktenzeichen", "anlassDesAbrufs", "behoerdenname")}
        for name, root in broken.items():
            _text(name, "\u2026")(root)
        start = threading.Barrier(8)

        def work(seed: int) -> int:
            rng = random.Random(seed)
            start.wait()
            for number in range(60):
                name = rng.choice(sorted(broken))
                assert pack.is_valid(anfrage)
                assert not pack.is_valid(broken[name])
                if number % 10 == 0:
                    assert pack.explain(broken[name]).ort.endswith(f"/{name}[1]")
            return id(pack.schema)

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(work, range(8)))) == 1

    def test_warm_compiles_for_this_thread_and_for_explanations(self, folder: Path, anfrage: etree._Element) -> None:
        pack = Packs.load(folder).newest
        pack.warm()
        shutil.rmtree(folder)
        assert pack.is_valid(anfrage)
        _foreign_element(anfrage)
        assert pack.explain(anfrage).ort.endswith("/leser[1]/*[1]")
