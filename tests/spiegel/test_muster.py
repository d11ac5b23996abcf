"""The sample mirror's synthetic persons: the same everywhere, proper records, and awkward in small shares."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.meldewesen.datensatz import check
from gateway.meldewesen.sperren import sperre_bis
from gateway.meldewesen.zeichen import zulaessig
from gateway.spiegel.muster import STICHTAG, Record, gemeinden, generate, strassen
from gateway.spiegel.musterorte import S_STADT, alle_gemeinden, nachbar_of
from tests.shared import SHARED, needs_shared
from tests.spiegel.inhalte import addresses, blocks, born, has, own, texts, vornamen

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")

LAENDER = [f"{land:02}" for land in range(1, 17)]
N = 20_000
HEUTE = STICHTAG.isoformat()

#: Of the first thousand persons in Niedersachsen. It changes only with the lists or the rules of the sample, never with
#: the machine, the hash seed or the Python that runs this.
DIGEST = "026636992dde4fb4b589e70ffa23aa4de8affd6206ad09856fbad9d5a51c7e34"

_DIGEST_PROGRAM = """
from gateway.spiegel.muster import gemeinden, generate
import hashlib, json
records = list(generate(1000, gemeinden=gemeinden("03")))
print(hashlib.sha256(json.dumps(records, sort_keys=True).encode()).hexdigest())
"""


def digest(records: Iterable[Record]) -> str:
    return hashlib.sha256(json.dumps(list(records), sort_keys=True).encode()).hexdigest()


@pytest.fixture(scope="module")
def sample() -> list[Record]:
    return list(generate(N, gemeinden=gemeinden("03")))


# -- the same bytes everywhere -----------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_on_every_machine() -> None:
    assert digest(generate(1000, gemeinden=gemeinden("03"))) == DIGEST


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_the_hash_seed_of_the_process_changes_nothing(hash_seed: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _DIGEST_PROGRAM],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip() == DIGEST


def test_another_seed_gives_other_persons_and_other_streets() -> None:
    hannover = gemeinden("03")[0]
    assert digest(generate(100, seed=2, gemeinden=[hannover])) != digest(generate(100, seed=1, gemeinden=[hannover]))
    assert strassen(hannover, seed=2) != strassen(hannover)


def test_a_shorter_sample_is_the_beginning_of_a_longer_one() -> None:
    longer = generate(50, gemeinden=gemeinden("01"))
    assert list(generate(31, gemeinden=gemeinden("01"))) == list(islice(longer, 31))


@pytest.mark.parametrize("persons", [0, 1, 2, 777])
def test_as_many_persons_come_as_were_asked_for(persons: int) -> None:
    assert sum(1 for _ in generate(persons, gemeinden=gemeinden("10"))) == persons


def test_a_negative_number_or_no_municipality_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="at least one municipality"):
        generate(1, gemeinden=[])
    with pytest.raises(ValueError, match="a number of persons"):
        generate(-1, gemeinden=gemeinden("03"))


# -- every synthetic record is a proper one ----------------------------------------------------------------------------


def test_each_synthetic_record_is_one_that_the_mirror_takes(sample: list[Record]) -> None:
    for record in sample:
        check(record)


def test_each_text_is_nfc_and_of_din_91379(sample: list[Record]) -> None:
    for record in sample[:3000]:
        for text in texts(record):
            assert zulaessig(text)


def test_no_two_persons_have_the_same_ordnungsmerkmal(sample: list[Record]) -> None:
    assert len({record["ordnungsmerkmal"] for record in sample}) == N


@pytest.mark.parametrize("land", ["02", "03", "09"])
def test_each_address_lies_in_the_street_directory_of_its_municipality(land: str) -> None:
    known = {g.ags: (g, set(strassen(g, 7))) for g in alle_gemeinden()}
    for record in generate(2000, seed=7, gemeinden=gemeinden(land)):
        for inland in addresses(record):
            gemeinde, streets = known[inland["ags"]]
            assert inland["strasse"] in streets
            assert inland["plz"] in gemeinde.plz
            assert inland["wohnort"] == gemeinde.name


def test_a_street_lies_in_one_postcode(sample: list[Record]) -> None:
    postcodes: dict[tuple[str, str], set[str]] = {}
    for record in sample[:5000]:
        for inland in addresses(record):
            postcodes.setdefault((inland["ags"], inland["strasse"]), set()).add(inland["plz"])
    assert {len(found) for found in postcodes.values()} == {1}


def test_everybody_lives_or_lived_in_the_register_s_own_municipality(sample: list[Record]) -> None:
    own = {g.ags for g in gemeinden("03")}
    for record in sample:
        assert record["ags"] in own
        assert record["ags"] in {inland["ags"] for inland in addresses(record["wohnungen"])}


def test_nothing_but_validity_and_terms_lies_after_the_sample_s_day(sample: list[Record]) -> None:
    def days(value: Any, name: str = "") -> Iterator[str]:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                yield from days(inner, key)
        elif isinstance(value, list):
            for inner in value:
                yield from days(inner, name)
        elif name not in ("frist", "gueltig_bis") and _DAY.fullmatch(value if isinstance(value, str) else ""):
            yield value

    for record in sample[:5000]:
        first, *_, last = sorted(day for day in days(record) if day != "0000-00-00")
        assert first > "1850"
        assert last <= HEUTE


def test_dwellings_follow_each_other_and_life(sample: list[Record]) -> None:
    for record in sample:
        born = record["geburtsdatum"].replace("-00", "-01")
        for wohnung in record["wohnungen"]:
            if "einzug" in wohnung and "auszug" in wohnung:
                assert wohnung["einzug"] <= wohnung["auszug"]
            if record["geburtsdatum"] != "0000-00-00" and "einzug" in wohnung:
                assert born[:4] <= wohnung["einzug"][:4]
        assert record.get("sterbedatum", HEUTE) >= born
        assert not ("sterbedatum" in record and any(wohnung["aktuell"] for wohnung in record["wohnungen"]))


def test_spouses_name_each_other_as_their_own_records_do(sample: list[Record]) -> None:
    def key(person: Mapping[str, Any]) -> tuple[str, str, str]:
        return person["familienname"], person["vornamen"], person["geburtsdatum"]

    known = {key(record): record for record in sample[:-10]}
    married = [record for record in sample[:-10] if "partner" in record and record["partner"]["typ"] == "EG"]
    mutual = [record for record in married if key(record["partner"]) in known]
    assert len(mutual) / len(married) > 0.99
    for record in mutual:
        other = known[key(record["partner"])]
        assert {"partner", "familienstand"} <= other.keys()
        assert record["partner"]["geschlecht"] == other["geschlecht"]
        assert record["partner"].get("geburtsname") == other.get("geburtsname")


def test_minors_have_representatives_and_their_parents_name_them(sample: list[Record]) -> None:
    youth = (STICHTAG - timedelta(17 * 365)).isoformat()
    minors = [record for record in sample[:-10] if record["geburtsdatum"] > youth]
    assert len(minors) > N * 0.08
    for record in minors:
        assert 1 <= len(record["gesetzliche_vertreter"]) <= 2
    named = {(k["vornamen"], k["geburtsdatum"]) for record in sample if "kinder" in record for k in record["kinder"]}
    assert all((record["vornamen"], record["geburtsdatum"]) in named for record in minors)


def test_a_block_stands_wherever_relatives_have_the_blocked_person_s_data(sample: list[Record]) -> None:
    """Households come as a whole, so relatives stand close by."""
    found = 0
    for place, record in enumerate(sample):
        if not sperre_bis(record.get("auskunftssperren", ())):
            continue
        for other in sample[max(0, place - 6) : place + 7]:
            relatives = (other.get("partner", {}), *other.get("kinder", ()), *other.get("gesetzliche_vertreter", ()))
            for relative in relatives:
                if all(relative.get(name) == record[name] for name in ("familienname", "vornamen", "geburtsdatum")):
                    assert relative["auskunftssperren"] == record["auskunftssperren"]
                    found += 1
    assert found > 5


# -- shares ------------------------------------------------------------------------------------------------------------


NOBLE = ("von ", "Graf", "Gräfin", "Frei", "Prinz", "Ritter ", "Edle", "van ", "zum ")

#: What, which persons, and between which shares of all persons (in per mille) they lie in a sample of 20,000.
SHARES: list[tuple[str, Callable[[Record], bool], float, float]] = [
    ("the most frequent surname", lambda r: r["familienname"] == "Müller", 7, 13),
    ("noble names", lambda r: r["familienname"].startswith(NOBLE) and " " in r["familienname"], 1, 6),
    ("surnames with hyphen", lambda r: "-" in r["familienname"] and " " not in r["familienname"], 12, 45),
    ("surnames in two parts", lambda r: " " in r["familienname"] and not r["familienname"].startswith(NOBLE), 3, 15),
    ("several first names", lambda r: len(vornamen(r)) > 1, 350, 480),
    ("usual first name marked", has("gebraeuchlicher_vorname"), 220, 340),
    ("first names with hyphen", lambda r: "-" in r["vornamen"], 10, 60),
    ("no first name", lambda r: r["vornamen"] == "+", 0.05, 1.5),
    ("only the year of birth", born("-00-00"), 1.5, 5),
    ("only month and year of birth", lambda r: born("-00")(r) and not born("-00-00")(r), 0.3, 2),
    ("nothing known of the birth", born("0000-00-00"), 0.05, 1.2),
    ("earlier birth dates", has("fruehere_geburtsdaten"), 0.3, 2),
    ("born abroad", has("geburtsstaat"), 50, 130),
    ("sex divers", lambda r: r["geschlecht"] == "d", 0.05, 1.2),
    ("sex unknown", lambda r: r["geschlecht"] == "x", 0.05, 1.2),
    ("order names", has("ordensname"), 0.2, 2),
    ("stage names", has("kuenstlername"), 1.5, 5),
    ("doctorates", has("doktorgrad"), 8, 17),
    ("birth name", has("geburtsname"), 100, 260),
    ("earlier surnames", has("familiennamen_vor_aenderung"), 4, 10),
    ("earlier first names", has("vornamen_vor_aenderung"), 1.5, 6),
    ("other names in the passport", has("familienname_pass"), 0.3, 4),
    ("moved within the country", lambda r: r.get("verzogen") == "inland", 25, 70),
    ("moved to unknown", lambda r: r.get("verzogen") == "inland_unbekannt", 3, 12),
    ("moved abroad", has("wegzug_ausland"), 5, 20),
    ("dead", has("sterbedatum"), 40, 90),
    ("reduced data", has("verringerter_datenumfang"), 40, 120),
    ("blocks of Datenabruf in force", lambda r: sperre_bis(r.get("auskunftssperren", ())) >= HEUTE, 0.4, 1.8),
    ("other blocks", blocks("2", "5", "7", "10", "13"), 25, 55),
    ("§ 52 mark", own(lambda a: "bedingter_sperrvermerk" in a), 1.5, 5),
    ("spouse or partner", has("partner"), 350, 560),
    ("children", has("kinder"), 120, 260),
    ("identity documents", has("ausweisdokumente"), 550, 850),
    ("AZR number", has("azr_nummer"), 5, 30),
    ("weapons permits", has("waffenrechtliche_erlaubnisse"), 5, 14),
    ("weapons bans", has("waffenbesitzverbote"), 0.05, 1.2),
    ("explosives permits", has("sprengstoffrechtliche_erlaubnisse"), 0.2, 2),
    ("passports refused", has("passversagungen"), 0.05, 1.2),
    ("landlord", lambda r: any("wohnungsgeber" in w for w in r["wohnungen"]), 120, 350),
    ("house numbers with letter", own(lambda a: "hausnummer_zusatz" in a), 90, 300),
    ("house numbers with part number", own(lambda a: "hausnummer_teil" in a), 3, 14),
    ("secondary dwellings", lambda r: any(w.get("status") == "2" for w in r["wohnungen"]), 12, 35),
    ("custodianship", lambda r: any("juristische_person" in v for v in r.get("gesetzliche_vertreter", ())), 2, 7),
]


@pytest.mark.parametrize(("test", "least", "most"), [row[1:] for row in SHARES], ids=[row[0] for row in SHARES])
def test_the_awkward_cases_have_small_and_realistic_shares(
    sample: list[Record], test: Callable[[Record], bool], least: float, most: float
) -> None:
    assert least <= sum(map(test, sample)) * 1000 / N <= most


@pytest.mark.parametrize("code", ["1", "2", "3", "5", "6", "7", "10", "11", "12", "13"])
def test_every_code_of_a_block_comes(sample: list[Record], code: str) -> None:
    assert any(map(blocks(code), sample))


def test_women_take_a_birth_name_along_more_often_than_men(sample: list[Record]) -> None:
    wives, husbands = ([r for r in sample if "partner" in r and r["geschlecht"] == s] for s in "wm")
    assert 0.7 < sum(map(has("geburtsname"), wives)) / len(wives) < 0.9
    assert 0.02 < sum(map(has("geburtsname"), husbands)) / len(husbands) < 0.12


def test_surnames_are_many_and_fall_off_as_in_a_register(sample: list[Record]) -> None:
    counts = Counter(record["familienname"] for record in sample)
    assert len(counts) > N / 4
    assert counts.most_common(1)[0][0] == "Müller"
    assert counts["Müller"] > counts["Schneider"] > counts["Neumann"] > counts["Zander"]


def test_first_names_follow_the_fashion_of_their_decade(sample: list[Record]) -> None:
    def years(name: str) -> list[str]:
        return sorted(r["geburtsdatum"] for r in sample if name in vornamen(r))

    assert years("Horst")[-1] < "1960" < "1990" < years("Finn")[0]


def test_names_from_elsewhere_keep_their_diacritics(sample: list[Record]) -> None:
    names = " ".join(f"{r['familienname']} {r['vornamen']}" for r in sample)
    assert all(letter in names for letter in "ğışłńřěșțđćøåễạʿṬṭ")


# -- municipalities ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("land", LAENDER)
def test_each_land_has_municipalities_of_its_own(land: str) -> None:
    found = gemeinden(land)
    assert all(gemeinde.ags.land == land for gemeinde in found)
    assert len(found) >= (1 if land in ("02", "11") else 2)  # Hamburg and Berlin are one municipality each
    assert len({gemeinde.ags for gemeinde in found}) == len(found)


@pytest.mark.parametrize("land", ["", "3", "00", "17", "DE"])
def test_there_is_no_other_land(land: str) -> None:
    with pytest.raises(ValueError, match="01 to 16"):
        gemeinden(land)


@needs_shared
def test_the_municipalities_stand_in_the_official_list() -> None:
    (path,) = SHARED.glob("xmeld/codelists/*schluessel-ags_*.xml")
    rows = etree.parse(path).iterfind(".//{*}SimpleCodeList/{*}Row")
    official = dict([value.text or "" for value in islice(row.iter("{*}SimpleValue"), 2)] for row in rows)
    for gemeinde in alle_gemeinden():
        if gemeinde.ags != S_STADT:
            assert official[gemeinde.ags].startswith(gemeinde.name)


@pytest.mark.parametrize("land", LAENDER)
def test_a_street_directory_names_no_street_twice(land: str) -> None:
    for gemeinde in gemeinden(land):
        directory = strassen(gemeinde)
        assert len(set(directory)) == len(directory) >= 60
        assert all(map(zulaessig, directory))


def test_a_neighbour_is_another_municipality_of_the_land_if_there_is_one() -> None:
    for gemeinde in alle_gemeinden():
        nachbar = nachbar_of(gemeinde)
        assert nachbar.ags not in (gemeinde.ags, S_STADT)
        assert nachbar.ags.land == gemeinde.ags.land or gemeinde.ags.land in ("02", "11")
