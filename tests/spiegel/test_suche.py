"""Search by § 4 BMeldDAV and Anlage Nr. 4, beyond the ordinance's own examples."""

from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.errors import StoreError
from gateway.meldewesen.anfrage import Auswahldaten, Ort
from gateway.meldewesen.suchformen import Suchformen, formen_der_anfrage
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.ports import ZuVieleTreffer
from gateway.spiegel.laden import lade
from gateway.spiegel.suche import SqlSpiegel
from gateway.spiegel.tabellen import metadata
from tests.spiegel.personen import AGS, SICHT, datensatz, wohnung

NAME = {"familienname": "Musterfrau", "vornamen": "Erika"}


def formen(ags: str = AGS, **felder: Any) -> Suchformen:
    return formen_der_anfrage(Auswahldaten(Gemeindeschluessel(ags), **felder))


def gefunden(engine: Engine, ags: str = AGS, **felder: Any) -> set[str]:
    """Ordnungsmerkmale of the persons found."""
    treffer = SqlSpiegel(engine).suche(formen(ags, **felder), SICHT, 1000)
    return {one.datensatz["ordnungsmerkmal"] for one in treffer}


PASSEND: list[dict[str, Any]] = [
    {"geburtsdatum": Teildatum("1964-08-12")},
    {"geburtsdatum": Teildatum("1964-00-00")},
    {"geburtsort": Ort("HANNOVER")},
    {"geschlecht": "w"},
    {"sterbedatum": Teildatum("2024-02-29")},
    {"sterbeort": Ort("Paris", "129")},
    {"azr_nummer": "123456789012"},
    {"postleitzahl": "30159"},
    {"strasse": "Pruefweg"},
    {"strasse": "Prüfwegle", "hausnummer": "1"},
    {"strasse": "Alter Platz", "hausnummer": "17", "hausnummer_zusatz": "A", "hausnummer_teil": "1/3"},
    {"vornamen": "Anna Erika"},
    {"vornamen": "Zoe"},
    {"familienname": "Früher"},
    {"phonetik": True},
    {"phonetik": True, "familienname": "Mustervrau", "vornamen": "Annah Ericka"},
    {"ordens_oder_kuenstlername": "Schwester Klara"},
    {"ordens_oder_kuenstlername": "Schwester Klara", "vornamen": None},
    {"ordens_oder_kuenstlername": "Schwester Klara", "familienname": None, "vornamen": "Anna Zoe"},
    {"ordens_oder_kuenstlername": "Schwezter Glahra", "phonetik": True},
]
UNPASSEND: list[dict[str, Any]] = [
    {"geburtsdatum": Teildatum("1964-08-13")},
    {"geburtsdatum": Teildatum("0000-00-00")},
    {"geburtsort": Ort("Hannover", "129")},
    {"geburtsort": Ort("Celle")},
    {"geschlecht": "x"},
    {"sterbedatum": Teildatum("2024-02-28")},
    {"sterbeort": Ort("Paris")},
    {"sterbeort": Ort("Paris", "130")},
    {"azr_nummer": "123456789013"},
    {"postleitzahl": "30160"},
    {"strasse": "Prüfgasse"},
    {"strasse": "Prüfweg", "hausnummer": "17"},
    {"strasse": "Prüfweg", "postleitzahl": "30160"},
    {"vornamen": "Anna Erika Berta"},
    {"vornamen": "Anna-Erika"},
    {"familienname": "Muster"},
    {"familienname": "+"},
    {"vornamen": "+"},
    {"phonetik": True, "vornamen": "Emil"},
    {"ordens_oder_kuenstlername": "Klara"},
    {"ordens_oder_kuenstlername": "Schwester Klara", "familienname": "Andere", "vornamen": None},
    {"ordens_oder_kuenstlername": "Schwester Klara", "familienname": None, "vornamen": "Anna Berta"},
    {"ordens_oder_kuenstlername": "Schwezter Glahra"},
]


@pytest.fixture
def voller_spiegel(engine: Engine) -> Engine:
    """A mirror with one person who has something in every field that is searched, and with some others."""
    voll = datensatz(
        "voll",
        vornamen="Erika Anna",
        familiennamen_vor_aenderung=[{"name": "Früher"}],
        vornamen_vor_aenderung=[{"vornamen": "Zoé"}],
        ordensname="Schwester Klara",
        fruehere_geburtsdaten=["1964-00-00"],
        sterbedatum="2024-02-29",
        sterbeort="Paris",
        sterbestaat="129",
        azr_nummer="123456789012",
        wohnungen=[
            wohnung(),
            wohnung(aktuell=False, strasse="Alter Pl.", hausnummer="17", hausnummer_zusatz="a", hausnummer_teil="1/3"),
            wohnung("03241002", strasse="Prüfgasse", plz="30160"),
        ],
    )
    andere = [
        datensatz("andere", familienname="Andere", vornamen="Erika Anna"),
        datensatz("ohne Buchstaben", familienname="123", vornamen="Erika"),
        datensatz("anderswo", "03241002", vornamen="Erika Anna"),
    ]
    lade(engine, [voll, *andere])
    return engine


def test_each_datum_that_agrees_finds_the_person_alone_and_all_together(voller_spiegel: Engine) -> None:
    for felder in PASSEND:
        assert gefunden(voller_spiegel, **NAME | {"geschlecht": "w"} | felder) == {"voll"}, felder
    alle = {name: wert for felder in PASSEND[:9] for name, wert in felder.items()}
    assert gefunden(voller_spiegel, **NAME | alle) == {"voll"}


def test_each_datum_that_differs_excludes_the_person_whatever_else_agrees(voller_spiegel: Engine) -> None:
    for felder in UNPASSEND:
        assert gefunden(voller_spiegel, **NAME | {"geschlecht": "w"} | felder) == set(), felder


def test_only_the_queried_municipality_is_searched(voller_spiegel: Engine) -> None:
    assert gefunden(voller_spiegel, "03241002", **NAME, geschlecht="w") == {"anderswo"}
    assert gefunden(voller_spiegel, "03241003", **NAME, geschlecht="w") == set()


@pytest.mark.parametrize(
    "felder",
    [
        {},
        {"geschlecht": "w"},
        {"familienname": "Musterfrau", "geschlecht": "w"},
        {"vornamen": "Erika", "geschlecht": "w"},
        {"familienname": "12", "vornamen": "Erika", "geschlecht": "w"},
        {"familienname": "Musterfrau", "vornamen": "12", "geschlecht": "w"},
        NAME,
    ],
)
def test_a_search_with_less_than_the_minimum_is_refused(voller_spiegel: Engine, felder: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs the data of § 38"):
        SqlSpiegel(voller_spiegel).suche(formen(**felder), SICHT, 1000)


def test_addresses_agree_as_a_whole_or_not_at_all(engine: Engine) -> None:
    lade(
        engine,
        [
            datensatz(
                wohnungen=[wohnung(strasse="A", hausnummer="1"), wohnung(strasse="B", hausnummer="2", plz="30160")]
            )
        ],
    )
    for felder, treffer in (
        ({"strasse": "A", "hausnummer": "1"}, {"1"}),
        ({"strasse": "A", "hausnummer": "2"}, set()),
        ({"hausnummer": "2", "postleitzahl": "30160"}, {"1"}),
        ({"hausnummer": "1", "postleitzahl": "30160"}, set()),
    ):
        assert gefunden(engine, **NAME, geschlecht="w", **felder) == treffer


def test_a_person_with_two_agreeing_addresses_is_found_once(engine: Engine) -> None:
    wohnungen = [wohnung(hausnummer=str(number)) for number in range(1, 6)]
    lade(engine, [datensatz(wohnungen=wohnungen, fruehere_geburtsdaten=["1964-08-12"], vornamen="Erika Erika")])
    treffer = SqlSpiegel(engine).suche(formen(**NAME, strasse="Prüfweg", geschlecht="w"), SICHT, 1000)
    assert len(treffer) == 1


def test_more_persons_than_may_be_told_are_not_read_at_all(engine: Engine) -> None:
    lade(engine, [datensatz(str(number)) for number in range(30)])
    spiegel = SqlSpiegel(engine)
    assert len(spiegel.suche(formen(**NAME, geschlecht="w"), SICHT, 30)) == 30
    for hoechstens in (29, 7, 0):
        with pytest.raises(ZuVieleTreffer):
            spiegel.suche(formen(**NAME, geschlecht="w"), SICHT, hoechstens)


def test_a_lists_order_is_stable_and_not_that_of_the_register(engine: Engine) -> None:
    nummern = [f"{number:03}" for number in range(40)]
    lade(engine, [datensatz(nummer) for nummer in nummern])
    spiegel = SqlSpiegel(engine)
    folgen = [
        [treffer.datensatz["ordnungsmerkmal"] for treffer in spiegel.suche(formen(**NAME, **datum), SICHT, 1000)]
        for datum in (
            {"geschlecht": "w"},
            {"geburtsdatum": Teildatum("1964-08-12")},
            {"geschlecht": "w", "phonetik": True},
        )
    ]
    assert folgen[0] == folgen[1] == folgen[2]
    assert sorted(folgen[0]) == nummern
    assert folgen[0] not in (nummern, nummern[::-1])


def test_a_found_person_is_had_again_by_its_merkmal(engine: Engine) -> None:
    lade(engine, [datensatz("1"), datensatz("2")])
    spiegel = SqlSpiegel(engine)
    for treffer in spiegel.suche(formen(**NAME, geschlecht="w"), SICHT, 1000):
        assert len(treffer.merkmal) == 16
        assert spiegel.hole(treffer.merkmal, SICHT) == treffer
    assert spiegel.hole(b"x" * 16, SICHT) is None
    assert spiegel.hole(b"", SICHT) is None


def test_a_list_can_be_cut_and_counted_without_being_decoded(engine: Engine) -> None:
    lade(engine, [datensatz(str(number)) for number in range(5)])
    treffer = SqlSpiegel(engine).suche(formen(**NAME, geschlecht="w"), SICHT, 1000)
    assert list(treffer[1:3]) == [treffer[1], treffer[2]]
    assert list(treffer) == [treffer[number] for number in range(len(treffer))]


@pytest.mark.parametrize("vornamen", [1, 2, 3, 40])
def test_any_number_of_first_names_can_be_asked_for(engine: Engine, vornamen: int) -> None:
    namen = [f"A{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(40)]
    lade(engine, [datensatz(vornamen=" ".join(namen))])
    assert gefunden(engine, familienname="Musterfrau", vornamen=" ".join(namen[:vornamen]), geschlecht="w")
    assert not gefunden(engine, familienname="Musterfrau", vornamen=" ".join([*namen[:vornamen], "Zz"]), geschlecht="w")


def test_first_names_may_come_from_different_fields_but_family_name_and_person_are_one(engine: Engine) -> None:
    lade(
        engine,
        [
            datensatz("1", vornamen="Eva", vornamen_vor_aenderung=[{"vornamen": "Ada"}]),
            datensatz("2", vornamen="Eva"),
            datensatz("3", vornamen="Ada"),
        ],
    )
    assert gefunden(engine, familienname="Musterfrau", vornamen="Ada Eva", geschlecht="w") == {"1"}


def test_a_street_is_known_by_directory_and_by_addresses_in_its_municipality(engine: Engine) -> None:
    lade(engine, [{"strassen": {"ags": AGS, "namen": ["Lange Straße"]}}, datensatz()])
    spiegel = SqlSpiegel(engine)
    for strasse, ags, bekannt in (
        ("Lange Str.", AGS, True),
        ("Prüfwegle", AGS, True),
        ("Kurze Straße", AGS, False),
        ("Lange Straße", "03241002", False),
    ):
        assert spiegel.kennt_strasse(formen(ags, strasse=strasse), SICHT) is bekannt


def test_a_mirror_that_cannot_be_read_is_told_without_values(engine: Engine) -> None:
    metadata.drop_all(engine)
    spiegel = SqlSpiegel(engine)
    for call in (
        lambda: spiegel.suche(formen(familienname="Geheimnis", vornamen="Erika", geschlecht="w"), SICHT, 1000),
        lambda: spiegel.kennt_strasse(formen(strasse="Geheimnis"), SICHT),
        lambda: spiegel.hole(b"Geheimnis", SICHT),
    ):
        with pytest.raises(StoreError, match=r"^the mirror cannot be read \(\w+\)$") as caught:
            call()
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
