"""Whatever leads a freie Suche, is gathered or looked up: it finds the same persons, those who have all of its data."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.meldewesen.anfrage import MAX_TREFFER, FreieWohnung
from gateway.meldewesen.bedingung import Bedingung
from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.meldewesen.suchdaten import FAMILIENNAME_TEIL, WOHNUNGSDATEN, Art, Indexformen, formen_des_datensatzes
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.ports import ZuVieleTreffer
from gateway.spiegel import fuehrung
from gateway.spiegel.suche import SqlSpiegel
from tests.spiegel.kleine_welt import AGS, DATEN, FAMILIENNAMEN, PERSONEN, VORNAMEN
from tests.spiegel.personen import SICHT, freie_formen
from tests.spiegel.plaene import recorded

#: The bounds of `fuehrung` by the names that they have there, for a mirror of a few hundred persons: all is counted
#: exactly, is looked up, is gathered, is tried first.
GRENZEN: Mapping[str, Mapping[str, int]] = {
    "few": {"WENIGE": 500},
    "many": {"WENIGE": 1, "VIELE": 500, "LOHNT": 0},
    "some of them many": {"WENIGE": 3, "VIELE": 60, "LOHNT": 0},
    "too many": {"WENIGE": 1, "VIELE": 1, "PROBE": 2, "VERSPRECHEND": 1, "LOHNT": 0},
    "too many, counted in part": {"WENIGE": 1, "VIELE": 1, "ALLZU_VIELE": 40, "PROBE": 5, "VERSPRECHEND": 3},
}

FORMEN = [(record, formen_des_datensatzes(record)) for record in PERSONEN]


def _has(bedingung: Bedingung, wert: str) -> bool:
    if bedingung.bis is None:
        return wert == bedingung.von
    muster = re.escape(bedingung.muster or "%").replace("%", ".*").replace("_", ".")
    return bedingung.von <= wert < bedingung.bis and re.fullmatch(muster, wert) is not None


def _fits(formen: Indexformen, gesucht: FreieSuchformen) -> bool:
    """By the forms alone, one after the other."""
    for one in gesucht.person:
        if any(art in one.arten and (one.ohne or _has(one, wert)) for art, wert in formen.daten) is one.ohne:
            return False
    return not gesucht.wohnung or any(
        all(_has(one, wohnung[WOHNUNGSDATEN.index(one.arten[0])]) for one in gesucht.wohnung)
        for wohnung in formen.wohnungen
    )


def _expected(gesucht: FreieSuchformen) -> list[str]:
    return sorted(
        record["ordnungsmerkmal"]
        for record, formen in FORMEN
        if formen.sperre_bis < SICHT.sperre_vor
        and record["ags"].startswith(gesucht.bereich.schluessel)
        and _fits(formen, gesucht)
    )


def _beginnings(namen: list[str]) -> list[str]:
    return sorted({f"{name[:length]}*" for name in namen for length in (1, 2) if name[:length].isalpha()})


def _perhaps(werte: list[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(werte)


wohnungen = st.builds(
    FreieWohnung,
    gemeindeschluessel=_perhaps([Gemeindeschluessel(ags) for ags in AGS]),
    strasse=_perhaps(["Lange*", "Pl*", "L?ng*", "7"]),
    hausnummer=_perhaps(["1", "2"]),
    hausnummer_zusatz=_perhaps(["a", "b"]),
    hausnummer_von=_perhaps(["1", "2"]),
    status=_perhaps(["0"]),
    aktualitaet=_perhaps(["01", "02"]),
)
freie_suchen = st.builds(
    freie_formen,
    st.sampled_from(["03", "03241", *AGS]),
    st.sampled_from([None, None, "01", "02"]),
    familienname=_perhaps([*FAMILIENNAMEN, *_beginnings(FAMILIENNAMEN), "M* M*"]),
    vornamen=_perhaps([*VORNAMEN, *_beginnings(VORNAMEN), "A* E*"]),
    ordens_oder_kuenstlername=st.none() | st.sampled_from(["A*", "Meier"]),
    geburtsdatum=_perhaps([Teildatum(datum) for datum in DATEN]),
    geschlecht=_perhaps(["m", "w", "d"]),
    geburtsstaat=_perhaps(["129", "-"]),
    wohnung=st.none() | wohnungen,
)


def _found(spiegel: SqlSpiegel, gesucht: FreieSuchformen) -> list[str]:
    return sorted(one.datensatz["ordnungsmerkmal"] for one in spiegel.freie_suche(gesucht, SICHT, MAX_TREFFER))


@pytest.mark.parametrize("grenzen", GRENZEN)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gesucht=freie_suchen)
def test_a_freie_suche_finds_the_same_however_it_is_gone_about(
    spiegel: SqlSpiegel, grenzen: str, gesucht: FreieSuchformen
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, grenze in GRENZEN[grenzen].items():
            patch.setattr(fuehrung, name, grenze)
        assert _found(spiegel, gesucht) == _expected(gesucht)


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def setze(name: str) -> None:
        for grenze, wert in GRENZEN[name].items():
            monkeypatch.setattr(fuehrung, grenze, wert)

    return setze


def _gathered(sql: str) -> list[str]:
    """Kinds of data of which a statement gathers the persons."""
    return [art for _, art in re.findall(r"\b(g\d+)\.art (= \d+|IN \([^)]*\))", sql)]


def _is(*arten: Art) -> str:
    numbers = [str(int(art)) for art in arten]
    return f"= {numbers[0]}" if len(numbers) == 1 else f"IN ({', '.join(numbers)})"


def _last(spiegel: SqlSpiegel, gesucht: FreieSuchformen) -> str:
    """The statement that found."""
    with recorded() as statements:
        assert _found(spiegel, gesucht) == _expected(gesucht) != []
    return statements[-1][0]


def test_what_many_have_is_gathered_once_and_not_looked_up_again(
    spiegel: SqlSpiegel, bounds: Callable[[str], None]
) -> None:
    bounds("many")
    search = _last(spiegel, freie_formen("03", familienname="M*", vornamen="A*", geschlecht="w"))
    assert sorted(_gathered(search)) == sorted([_is(Art.VORNAME), _is(*FAMILIENNAME_TEIL)])  # sex leads
    assert "suchdatum AS p" not in search


def test_of_few_nothing_is_gathered(
    spiegel: SqlSpiegel, bounds: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds("many")
    monkeypatch.setattr(fuehrung, "LOHNT", 500)
    assert not _gathered(_last(spiegel, freie_formen("03", familienname="M*", geschlecht="w")))


@pytest.mark.parametrize(
    ("wenige", "andere", "gesammelt"),
    [
        ({"geburtsort": "Paris"}, {"geschlecht": "w"}, False),
        ({"geburtsort": "Paris"}, {"geburt_von": "1998-01-01", "geburt_bis": "1998-12-31"}, False),
        ({"geburtsort": "Paris"}, {"vornamen": "A*"}, True),
    ],
)
def test_what_nearly_everybody_may_have_is_not_gathered_as_long_as_it_was_not_counted_to_the_end(
    spiegel: SqlSpiegel,
    bounds: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    wenige: dict[str, Any],
    andere: dict[str, Any],
    gesammelt: bool,
) -> None:
    bounds("many")
    monkeypatch.setattr(fuehrung, "VIELE", 90)
    monkeypatch.setattr(fuehrung, "SAMMELN", 100)
    assert bool(_gathered(_last(spiegel, freie_formen("03", **wenige, **andere)))) is gesammelt


def test_whoever_is_hidden_is_not_gathered_either(spiegel: SqlSpiegel, bounds: Callable[[str], None]) -> None:
    bounds("many")
    search = _last(spiegel, freie_formen("03", familienname="M*", geschlecht="w"))
    assert _gathered(search)
    for alias in re.findall(r"suchdatum AS (g\d+)", search):
        assert f"{alias}.sperre_bis <" in search
        assert f"{alias}.veranlasst_bis <" in search


def test_the_parts_of_a_name_are_looked_up_at_once(
    spiegel: SqlSpiegel, bounds: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds("few")
    monkeypatch.setattr(fuehrung, "LOHNT", 500)
    search = _last(spiegel, freie_formen("03", vornamen="A* E* An* Ev*"))
    assert len(re.findall(r"FROM suchdatum AS p\d+", search)) == 1  # the three that do not lead
    assert search.count("max(") == 3


@pytest.mark.parametrize(("versprechend", "gesammelt"), [(1, False), (1000, True)])
def test_where_a_trial_finds_many_it_goes_on_before_anything_is_gathered(
    spiegel: SqlSpiegel,
    bounds: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    versprechend: int,
    gesammelt: bool,
) -> None:
    bounds("too many")
    for name, grenze in {"VIELE": 40, "PROBE": 10, "VERSPRECHEND": versprechend}.items():
        monkeypatch.setattr(fuehrung, name, grenze)
    gesucht = freie_formen("03", geschlecht="w", wohnung=FreieWohnung(status="0"))
    with recorded() as statements, pytest.raises(ZuVieleTreffer):
        spiegel.freie_suche(gesucht, SICHT, 20)
    assert any(_gathered(sql) for sql, _ in statements) is gesammelt


def test_a_trial_that_finds_few_decides_nothing(spiegel: SqlSpiegel, bounds: Callable[[str], None]) -> None:
    bounds("too many, counted in part")
    gesucht = freie_formen("03", geschlecht="w", vornamen="A* E*", wohnung=FreieWohnung(status="0"))
    assert _gathered(_last(spiegel, gesucht))
