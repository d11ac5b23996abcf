"""The sample mirror's hand-made persons: every awkward case of a register once, for each municipality."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from lxml import etree

from gateway.meldewesen.anfrage import Auswahldaten
from gateway.meldewesen.datensatz import DATENSATZ, Feld, check
from gateway.meldewesen.normalform import TABELLE_9
from gateway.meldewesen.sperren import SPERREN_NACH_51, Sicht, sperre_bis
from gateway.meldewesen.suchformen import formen_der_anfrage
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.spiegel.laden import lade
from gateway.spiegel.muster import STICHTAG, Gemeinde, Record, gemeinden, generate, strassen
from gateway.spiegel.musterorte import S_STADT, alle_gemeinden, nachbar_of
from gateway.spiegel.musterpersonen import ALLE_BUCHSTABEN, ALLE_FELDER, DEMO, Demofrage, musterpersonen, notizen
from gateway.spiegel.suche import SqlSpiegel
from gateway.spiegel.tabellen import create_schema
from tests.databases import fresh_database, opened
from tests.shared import SHARED, needs_shared
from tests.spiegel.inhalte import addresses, blocks, born, has, own, texts, vornamen

HEUTE = STICHTAG.isoformat()
SICHT = Sicht.neutral(HEUTE)


def s_stadt() -> Gemeinde:
    return next(g for g in gemeinden("09") if g.ags == S_STADT)


@pytest.fixture(scope="module")
def handmade() -> dict[str, Record]:
    hannover = gemeinden("03")[0]
    return {record["ordnungsmerkmal"]: record for record in musterpersonen(hannover, nachbar_of(hannover))}


@pytest.mark.parametrize("gemeinde", alle_gemeinden(), ids=lambda gemeinde: gemeinde.ags)
def test_the_handmade_persons_fit_every_municipality(gemeinde: Gemeinde) -> None:
    nachbar = nachbar_of(gemeinde)
    streets = {g.ags: set(strassen(g)) for g in alle_gemeinden()}
    alone, both = musterpersonen(gemeinde), musterpersonen(gemeinde, nachbar)
    assert {record["ags"] for record in alone} == {gemeinde.ags}
    assert {record["ags"] for record in both} == {gemeinde.ags, nachbar.ags}
    for record in both:
        check(record)
        assert record["ags"] in {inland["ags"] for inland in addresses(record["wohnungen"])}
        assert all(inland["strasse"] in streets[inland["ags"]] for inland in addresses(record))


def test_a_municipality_is_not_its_own_neighbour() -> None:
    with pytest.raises(ValueError, match="its own neighbour"):
        musterpersonen(gemeinden("03")[0], gemeinden("03")[0])


def test_each_handmade_person_has_a_note_of_its_own_and_keeps_its_ordnungsmerkmal(handmade: dict[str, Record]) -> None:
    notes = notizen()
    assert list(notes) == sorted(notes)
    assert handmade.keys() <= notes.keys()
    assert len(set(notes.values())) == len(notes) > 110
    assert {merkmal for merkmal in notes if merkmal not in handmade} == {"M-951", "M-952"}  # only in S Stadt


def test_changing_a_handmade_record_changes_no_later_one() -> None:
    first = musterpersonen(s_stadt())
    first[0]["wohnungen"][0]["anschrift"]["inland"]["strasse"] = "changed"
    first[5]["familienname"] = "changed"
    assert "changed" not in set(texts(musterpersonen(s_stadt())))


def paths(felder: Mapping[str, Feld], prefix: str = "") -> Iterator[str]:
    """Every place of the record: groups and values, lists without index."""
    for name, feld in felder.items():
        yield prefix + name
        if isinstance(feld.form, Mapping):
            yield from paths(feld.form, f"{prefix}{name}.")


def filled(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield prefix + name
            yield from filled(inner, f"{prefix}{name}.")
    elif isinstance(value, list):
        for inner in value:
            yield from filled(inner, prefix)


def test_one_person_has_every_field_of_the_record(handmade: dict[str, Record]) -> None:
    """A single Nachweis has authority and file number apart or in one; both forms are there, of each at least two."""
    person = handmade[ALLE_FELDER]
    missing = set(paths(DATENSATZ)) - set(filled(person))
    apart, in_one = {"behoerde", "aktenzeichen"}, {"behoerde_aktenzeichen"}
    single = ("geburt_nachweis", "sterbe_nachweis", "familienstand.nachweis", "familienstand.beendigung_nachweis")
    forms = [{path.rpartition(".")[2] for path in missing if path.startswith(f"{name}.")} for name in single]
    assert sorted(map(sorted, forms)) == sorted(map(sorted, [apart, apart, in_one, in_one]))
    assert not {path for path in missing if not path.startswith(tuple(f"{name}." for name in single))}


def test_one_person_has_every_letter_of_din_91379_in_her_names(handmade: dict[str, Record]) -> None:
    spelled = [entry["name"] for entry in handmade[ALLE_BUCHSTABEN]["familiennamen_vor_aenderung"]]
    for letter in TABELLE_9:
        assert any(letter in name for name in spelled)


def test_every_field_of_the_record_is_filled_by_somebody_who_is_alive_too(handmade: dict[str, Record]) -> None:
    others = [record for merkmal, record in handmade.items() if merkmal != ALLE_FELDER]
    top = {name for record in others for name in record}
    assert top == DATENSATZ.keys()


# The catalogue of what a sample mirror must contain, case by case; a case is a test on one record.


def partner(record: Record) -> Record:
    found: Record = record.get("partner", {})
    return found


def at(hausnummer: str | None, zusatz: str | None = None, teil: str | None = None) -> Callable[[Record], bool]:
    wanted = (hausnummer, zusatz, teil)
    return own(lambda a: (a.get("hausnummer"), a.get("hausnummer_zusatz"), a.get("hausnummer_teil")) == wanted)


def street(test: Callable[[str], bool]) -> Callable[[Record], bool]:
    return own(lambda a: test(a["strasse"]))


def status(record: Record, *, here: str, there: str) -> bool:
    found = {
        (w["anschrift"]["inland"]["ags"] == record["ags"], w["status"])
        for w in record["wohnungen"]
        if w["aktuell"] and "inland" in w["anschrift"] and "status" in w
    }
    return {(True, here), (False, there)} <= found


def nobody_knows(sachverhalt: str) -> Callable[[Record], bool]:
    wanted = {"unbekannt": {"sachverhalt": sachverhalt}}
    return lambda record: any(wohnung["anschrift"] == wanted for wohnung in record["wohnungen"])


def stand(code: str) -> Callable[[Record], bool]:
    return lambda record: record.get("familienstand", {}).get("stand") == code


def passart(*codes: str) -> Callable[[Record], bool]:
    return lambda record: set(codes) <= {entry["passart"] for entry in record.get("ausweisdokumente", ())}


def blocked_relative(field: str) -> Callable[[Record], bool]:
    """A relative blocked while the person is not."""

    def test(record: Record) -> bool:
        entries = record.get(field, ())
        entries = [entries] if isinstance(entries, Mapping) else entries
        return "auskunftssperren" not in record and any(
            sperre_bis(e.get("auskunftssperren", ())) >= HEUTE for e in entries
        )

    return test


def marked(field: str) -> Callable[[Record], bool]:
    return lambda record: any("bedingter_sperrvermerk" in inland for inland in addresses(record.get(field, ())))


CATALOGUE: dict[str, Callable[[Record], bool]] = {
    "noble title in several parts": lambda r: r["familienname"].startswith("Freiherr von und zu"),
    "two-part surname with hyphen": lambda r: r["familienname"].count("-") == 1 and " " not in r["familienname"],
    "two-part surname without hyphen": lambda r: r["familienname"] == "Knickrehm Oltmanns",
    "birth name and earlier names": lambda r: "geburtsname" in r and len(r.get("familiennamen_vor_aenderung", ())) > 1,
    "religious name": has("ordensname"),
    "stage name": has("kuenstlername"),
    "several first names, the usual one not the first": lambda r: (
        len(vornamen(r)) > 1 and r.get("gebraeuchlicher_vorname", "") in vornamen(r)[1:]
    ),
    "first name legally absent": lambda r: r["vornamen"] == "+",
    "surname legally absent": lambda r: r["familienname"] == "+",
    "precomposed letters": lambda r: any(c in r["familienname"] for c in "ễęÞİ"),
    "combining sequences": lambda r: "\u0325\u0304" in r["familienname"],
    "surname of 50 and more characters": lambda r: len(r["familienname"]) >= 50,
    "first names of 50 and more characters": lambda r: len(r["vornamen"]) >= 50,
    "only the year of birth": lambda r: r["geburtsdatum"][:4] != "0000" and born("-00-00")(r),
    "only month and year of birth": lambda r: born("-00")(r) and not born("-00-00")(r),
    "nothing known of the birth": born("0000-00-00"),
    "several earlier birth dates": lambda r: len(r.get("fruehere_geburtsdaten", ())) == 4,
    "born abroad": has("geburtsstaat"),
    "sex divers": lambda r: r["geschlecht"] == "d",
    "sex unknown": lambda r: r["geschlecht"] == "x",
    "sole dwelling": lambda r: [w.get("status") for w in r["wohnungen"]] == ["0"],
    "main and secondary dwelling": lambda r: [w.get("status") for w in r["wohnungen"] if w["aktuell"]] == ["1", "2"],
    "main here, secondary elsewhere": lambda r: status(r, here="1", there="2"),
    "secondary here, main elsewhere": lambda r: status(r, here="2", there="1"),
    "five former dwellings": lambda r: [w["aktuell"] for w in r["wohnungen"]].count(False) == 5,
    "house number 17 a": at("17", "a"),
    "house number 13 1/4": at("13", None, "1/4"),
    "house number 0 A": at("0", "A"),
    "range of house numbers": at("12", None, "-16"),
    "no house number": at(None),
    "floor": own(lambda a: "stockwerk" in a),
    "additional line": own(lambda a: "zusatz" in a),
    "tenant's name": own(lambda a: "inhaber" in a),
    "overlong street": street(lambda name: len(name) > 50),
    "street with digits": street(lambda name: any(map(str.isdigit, name))),
    "street with abbreviation at the end": street(lambda name: name.endswith("Str.")),
    "street with abbreviation inside": street(lambda name: " d. " in name),
    "moved within the country": lambda r: r.get("verzogen") == "inland" and r["wohnungen"][0].get("art") == "4",
    "moved to unknown": nobody_knows("1"),
    "moved abroad": lambda r: r.get("verzogen") == "ausland" and "wegzug_ausland" in r and "sterbedatum" not in r,
    "moved abroad to unknown": nobody_knows("2"),
    "returned from abroad": lambda r: "zuzug_ausland" in r and "letzter_wegzug_ausland" in r,
    "returned to a former dwelling": lambda r: (
        len(r["wohnungen"]) > 2 and r["wohnungen"][0]["anschrift"] == r["wohnungen"][-1]["anschrift"]
    ),
    "signed off ex officio": nobody_knows("0"),
    **{f"Sperre {code}": blocks(code) for code in ("1", "2", "3", "5", "6", "7", "10", "11", "12", "13")},
    "two blocks at once": lambda r: len({s["grund"] for s in r.get("auskunftssperren", ())} & SPERREN_NACH_51) == 2,
    "expired block": lambda r: "" < sperre_bis(r.get("auskunftssperren", ())) < HEUTE,
    "block on the initiative of a security body": lambda r: (
        [s.get("veranlasst_durch", "") != "" for s in r.get("auskunftssperren", ()) if s["grund"] == "3"] == [True]
    ),
    "block at the person's own request": lambda r: (
        [s.get("veranlasst_durch", "") for s in r.get("auskunftssperren", ()) if s["grund"] == "3"] == [""]
    ),
    "§ 52 on the own address": marked("wohnungen"),
    "§ 52 on the spouse's address": marked("partner"),
    "§ 52 on the representative's address": marked("gesetzliche_vertreter"),
    "spouse blocked": blocked_relative("partner"),
    "child blocked": blocked_relative("kinder"),
    "representative blocked": blocked_relative("gesetzliche_vertreter"),
    "spouse": lambda r: stand("VH")(r) and partner(r).get("typ") == "EG",
    "partner": lambda r: stand("LP")(r) and partner(r).get("typ") == "LP",
    "divorced": stand("GS"),
    "widowed": lambda r: stand("VW")(r) and "sterbedatum" in partner(r),
    "spouse of the same name": lambda r: (
        (r["familienname"], r["vornamen"]) == (partner(r).get("familienname"), partner(r).get("vornamen"))
    ),
    "several representatives, one a legal entity": lambda r: (
        ["juristische_person" in v for v in r.get("gesetzliche_vertreter", ())] == [False, False, True]
    ),
    "many children": lambda r: len(r.get("kinder", ())) >= 10,
    "dead child": lambda r: any("sterbedatum" in kind for kind in r.get("kinder", ())),
    "identity card": passart("09"),
    "passport": passart("01"),
    "provisional documents": passart("10", "11"),
    "several documents": lambda r: len(r.get("ausweisdokumente", ())) >= 4,
    "AZR number": has("azr_nummer"),
    "weapons permit": has("waffenrechtliche_erlaubnisse"),
    "weapons ban": has("waffenbesitzverbote"),
    "explosives permit": has("sprengstoffrechtliche_erlaubnisse"),
    "refusal of a passport": has("passversagungen"),
    "dead recently": lambda r: "sterbedatum" in r and "verringerter_datenumfang" not in r,
    "dead long ago": lambda r: r.get("sterbedatum", HEUTE) < "2010" and "verringerter_datenumfang" in r,
    "move in the future": lambda r: any(w.get("einzug", "") > "2090" for w in r["wohnungen"]),
}


@pytest.mark.parametrize("case", CATALOGUE)
def test_the_handmade_persons_hold_every_awkward_case(handmade: dict[str, Record], case: str) -> None:
    found = [merkmal for merkmal, record in handmade.items() if CATALOGUE[case](record)]
    assert set(found) - {ALLE_FELDER}


def test_father_and_son_share_name_and_address(handmade: dict[str, Record]) -> None:
    father, son = handmade["M-118"], handmade["M-119"]
    for field in ("familienname", "vornamen", "geschlecht"):
        assert father[field] == son[field]
    assert father["wohnungen"][0]["anschrift"] == son["wohnungen"][0]["anschrift"]
    assert father["geburtsdatum"] != son["geburtsdatum"]


def test_a_block_may_be_known_at_the_new_municipality_only(handmade: dict[str, Record]) -> None:
    old, new = handmade["M-426"], handmade["M-476"]
    assert "auskunftssperren" not in old
    assert sperre_bis(new["auskunftssperren"]) >= HEUTE
    assert old["wohnungen"][0]["anschrift"] == new["wohnungen"][0]["anschrift"]
    assert old["ags"] != new["ags"]


# -- asked for, in a real mirror ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spiegel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlSpiegel]:
    """The hand-made persons of S Stadt and of Hannover among some synthetic ones."""
    hannover = gemeinden("03")[0]
    places = [s_stadt(), hannover]
    with fresh_database("sqlite", tmp_path_factory.mktemp("muster")) as url, opened(url) as engine:
        create_schema(engine)
        lade(engine, ({"strassen": {"ags": str(g.ags), "namen": strassen(g)}} for g in places))
        lade(engine, generate(2000, gemeinden=places))
        lade(engine, musterpersonen(s_stadt()))
        lade(engine, musterpersonen(hannover, nachbar_of(hannover)))
        yield SqlSpiegel(engine)


def found(spiegel: SqlSpiegel, auswahl: Auswahldaten) -> list[str]:
    return [t.datensatz["ordnungsmerkmal"] for t in spiegel.suche(formen_der_anfrage(auswahl), SICHT, 10)]


@needs_shared
@pytest.mark.parametrize("message", ["006a", "008a"])
def test_the_standard_s_own_messages_find_exactly_the_one_whom_they_describe(spiegel: SqlSpiegel, message: str) -> None:
    (path,) = SHARED.glob(f"xmeld/samples/testsuite/*{message}-1330.xml")
    profile = etree.parse(path).find(".//{*}auswahldaten")
    assert profile is not None

    def datum(name: str) -> str | None:
        return (profile.findtext(f".//{{*}}{name}") or "").strip() or None

    geburtsdatum = datum("jahrMonatTag")
    auswahl = Auswahldaten(
        gemeindeschluessel=Gemeindeschluessel(datum("gemeindeschluessel/code") or ""),
        familienname=datum("nachname/name"),
        vornamen=datum("vornamen/name"),
        postleitzahl=datum("postleitzahl"),
        strasse=datum("strasse"),
        hausnummer=datum("hausnummer"),
        hausnummer_zusatz=datum("hausnummerBuchstabeZusatzziffer"),
        geburtsdatum=Teildatum(geburtsdatum) if geburtsdatum else None,
        geschlecht=datum("geschlecht/code"),
    )
    assert auswahl.familienname
    assert auswahl.geburtsdatum or auswahl.strasse
    assert found(spiegel, auswahl) == ["M-951"]
    assert spiegel.kennt_strasse(formen_der_anfrage(auswahl), SICHT) or not auswahl.strasse


@pytest.mark.parametrize("ags", [S_STADT, "03241001"])
@pytest.mark.parametrize(("frage", "merkmale"), list(zip(DEMO, (["M-901"], ["M-902", "M-903"], [], []), strict=True)))
def test_the_demonstration_s_questions_get_their_answers(
    spiegel: SqlSpiegel, ags: str, frage: Demofrage, merkmale: list[str]
) -> None:
    auswahl = Auswahldaten(
        gemeindeschluessel=Gemeindeschluessel(ags),
        familienname=frage.familienname,
        vornamen=frage.vornamen,
        geschlecht=frage.geschlecht,
        geburtsdatum=Teildatum(frage.geburtsdatum) if frage.geburtsdatum else None,
        strasse=frage.strasse,
    )
    assert sorted(found(spiegel, auswahl)) == merkmale
    assert frage.status == {0: "03", 1: "01"}.get(len(merkmale), "02")


def test_a_blocked_namesake_leaves_the_other_as_the_only_one(spiegel: SqlSpiegel) -> None:
    auswahl = Auswahldaten(
        Gemeindeschluessel("03241001"), "Zwillingsbruder", "Ralf", geburtsdatum=Teildatum("1987-05-17")
    )
    assert found(spiegel, auswahl) == ["M-417"]
