"""Property: the mirror finds exactly those whom the words of Anlage Nr. 4, read one by one, name."""

from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.meldewesen.anfrage import Auswahldaten, Ort
from gateway.meldewesen.normalform import normalform, strassenform
from gateway.meldewesen.phonetik import phonetik
from gateway.meldewesen.suchformen import formen_der_anfrage, mindestangaben_erfuellt
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.spiegel.suche import SqlSpiegel
from tests.spiegel.kleine_welt import (
    AGS,
    DATEN,
    FAMILIENNAMEN,
    KUENSTLERNAMEN,
    ORTE,
    PERSONEN,
    STRASSEN,
    VORNAMEN,
)
from tests.spiegel.personen import HEUTE, SICHT


def _found_by_the_words(record: dict[str, Any], auswahl: Auswahldaten) -> bool:
    """Whether `auswahl` names the person, by the words of Anlage Nr. 4 and nothing that the gateway computes by."""
    vergleich = (lambda form: phonetik(form)) if auswahl.phonetik else (lambda form: form)

    def ganz(name: str | None) -> set[str]:
        if name == "+":
            return {"+"}
        return {vergleich(normalform(name))} if name and normalform(name) else set()

    def teile(namen: str | None) -> set[str]:
        if namen == "+":
            return {"+"}
        return {vergleich(normalform(name)) for name in (namen or "").split(" ") if normalform(name)}

    kuenstler = [record.get("ordensname"), record.get("kuenstlername")]
    frueher = [eintrag["name"] for eintrag in record.get("familiennamen_vor_aenderung", [])]
    familie = [record["familienname"], record.get("familienname_pass"), record.get("geburtsname"), *frueher, *kuenstler]
    vornamen_frueher = [eintrag["vornamen"] for eintrag in record.get("vornamen_vor_aenderung", [])]
    vornamen = [record["vornamen"], record.get("vornamen_pass"), record.get("gebraeuchlicher_vorname")]
    vornamen += [*vornamen_frueher, *kuenstler]
    return (
        record["ags"] == auswahl.gemeindeschluessel
        and not _blocked(record)
        and ganz(auswahl.familienname) <= set().union(*map(ganz, familie))
        and teile(auswahl.vornamen) <= set().union(*map(teile, vornamen))
        and ganz(auswahl.ordens_oder_kuenstlername) <= set().union(*map(ganz, kuenstler))
        and auswahl.geburtsdatum in (None, record["geburtsdatum"], *record.get("fruehere_geburtsdaten", []))
        and auswahl.geschlecht in (None, record.get("geschlecht"))
        and auswahl.sterbedatum in (None, record.get("sterbedatum"))
        and _same_place(auswahl.geburtsort, record.get("geburtsort"), record.get("geburtsstaat"))
        and _same_place(auswahl.sterbeort, record.get("sterbeort"), record.get("sterbestaat"))
        and (not _address_given(auswahl) or any(_same_address(auswahl, w) for w in record["wohnungen"]))
    )


def _blocked(record: dict[str, Any]) -> bool:
    return any(
        sperre["grund"] in ("1", "3", "6", "11", "12")
        and date.fromisoformat(sperre["frist"]) >= date.fromisoformat(HEUTE)
        for sperre in record.get("auskunftssperren", [])
    )


def _same_place(gesucht: Ort | None, ort: str | None, staat: str | None) -> bool:
    if gesucht is None or (not normalform(gesucht.ort) and gesucht.staat is None):
        return True
    return gesucht.staat == staat and normalform(gesucht.ort) in ("", normalform(ort or ""))


def _address_given(auswahl: Auswahldaten) -> bool:
    return any([strassenform(auswahl.strasse or ""), auswahl.hausnummer, auswahl.hausnummer_zusatz])


def _same_address(auswahl: Auswahldaten, wohnung: dict[str, Any]) -> bool:
    inland = wohnung["anschrift"]["inland"]
    strasse = strassenform(auswahl.strasse or "")
    zusatz = auswahl.hausnummer_zusatz
    return (
        inland["ags"] == auswahl.gemeindeschluessel
        and (not strasse or strasse == strassenform(inland["strasse"]))
        and auswahl.hausnummer in (None, inland["hausnummer"])
        and (zusatz is None or zusatz.lower() == inland.get("hausnummer_zusatz", "").lower())
    )


def _perhaps(werte: list[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(werte)


anfragen = st.builds(
    Auswahldaten,
    st.sampled_from(AGS).map(Gemeindeschluessel),
    familienname=st.sampled_from(FAMILIENNAMEN + KUENSTLERNAMEN),
    vornamen=st.sampled_from(VORNAMEN + KUENSTLERNAMEN),
    ordens_oder_kuenstlername=st.none() | st.none() | st.sampled_from(KUENSTLERNAMEN),
    phonetik=st.booleans(),
    strasse=_perhaps(STRASSEN),
    hausnummer=_perhaps(["1", "2"]),
    hausnummer_zusatz=_perhaps(["A", "b"]),
    geburtsdatum=_perhaps([Teildatum(datum) for datum in DATEN]),
    geburtsort=_perhaps(ORTE),
    geschlecht=_perhaps(["m", "w", "d", "x"]),
    sterbedatum=_perhaps([Teildatum("2020-01-01")]),
    sterbeort=_perhaps(ORTE),
)


def _assert_agrees(spiegel: SqlSpiegel, auswahl: Auswahldaten) -> int:
    erwartet = [record for record in PERSONEN if _found_by_the_words(record, auswahl)]
    treffer = spiegel.suche(formen_der_anfrage(auswahl), SICHT, 1000)
    assert sorted(int(one.datensatz["ordnungsmerkmal"]) for one in treffer) == [
        int(record["ordnungsmerkmal"]) for record in erwartet
    ]
    return len(erwartet)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(anfragen.filter(lambda auswahl: mindestangaben_erfuellt(formen_der_anfrage(auswahl))))
def test_a_search_finds_exactly_those_whom_the_ordinance_names(spiegel: SqlSpiegel, auswahl: Auswahldaten) -> None:
    _assert_agrees(spiegel, auswahl)


def test_names_with_one_more_datum_find_exactly_those_and_not_nobody(spiegel: SqlSpiegel) -> None:
    found = 0
    for familienname in FAMILIENNAMEN:
        for vornamen in VORNAMEN:
            auswahl = Auswahldaten(Gemeindeschluessel(AGS[0]), familienname, vornamen, geschlecht="w")
            if mindestangaben_erfuellt(formen_der_anfrage(auswahl)):
                found += _assert_agrees(spiegel, auswahl)
    assert found > 50
