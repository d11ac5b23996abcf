"""Whatever request is written is valid, and read back as it was."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.meldewesen.anfrage import (
    AKTUELL,
    BELIEBIG,
    INAKTUELL,
    KEINE_ANGABE,
    Auswahldaten,
    FreieAuswahl,
    FreieWohnung,
    Nachrichtenkennung,
    Ort,
    Suchbereich,
)
from gateway.meldewesen.werte import NICHT_VORHANDEN, Gemeindeschluessel, Teildatum
from gateway.xmeld.anfragen import Frage, Fragenschreiber, Fragesteller, FreieFrage
from gateway.xmeld.lesen import read_freie_suche, read_personensuche
from tests.shared import SHARED, needs_shared
from tests.xmeld.nachrichten import UUID, art, mapping, pack

texte = st.text("aZß Œ-.?*'é&<", min_size=1, max_size=12)
schluessel = st.sampled_from(["137", "000", "152", "997"])
tage = st.dates().map(str)
namen = texte | st.just(NICHT_VORHANDEN)
teilbekannt = st.dates().map(str).flatmap(lambda day: st.sampled_from([day, f"{day[:7]}-00", f"{day[:4]}-00-00"]))
teildaten = (teilbekannt | st.just("0000-00-00")).map(Teildatum)
gemeinden = st.from_regex(r"[0-9]{8}", fullmatch=True).map(Gemeindeschluessel)


def some(**felder: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these, each or none."""
    return st.fixed_dictionaries({}, optional=felder)


def united(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda dicts: {name: value for one in dicts for name, value in one.items()})


hausnummern = some(
    hausnummer=st.sampled_from(["1", "17", "1234"]), hausnummer_zusatz=st.sampled_from(["a", "B", "1/2"]),
    hausnummer_teil=st.sampled_from(["1/3", "7"]),
) | st.fixed_dictionaries({"hausnummer_von": st.just("3"), "hausnummer_bis": texte})  # fmt: skip
anschriften = (
    united(
        some(
            gemeindeschluessel=gemeinden, postleitzahl=st.from_regex(r"[0-9]{5}", fullmatch=True), wohnort=texte,
            frueherer_gemeindename=texte, strasse=texte, stockwerk=st.sampled_from(["3.OG", "EG"]), zusatz=texte,
            wohnungsinhaber=texte,
        ),
        hausnummern,
    )
    | st.fixed_dictionaries(
        {"auslandsanschrift_staat": schluessel},
        optional={"auslandsanschrift": st.lists(texte, min_size=2, max_size=5).map(tuple)},
    )
    | st.fixed_dictionaries({"zuzugsstaat": schluessel | st.just(BELIEBIG)})
    | st.fixed_dictionaries({"staat": schluessel | st.just(BELIEBIG)})
    | st.fixed_dictionaries({"unbekannt": st.sampled_from([*"012", ""])})
)  # fmt: skip
aktualitaeten = st.sampled_from([AKTUELL, INAKTUELL])
wohnungen = united(
    anschriften,
    some(status=st.sampled_from("012"), einzugsdatum=tage, auszugsdatum=tage, aktualitaet=aktualitaeten),
).map(lambda felder: FreieWohnung(**felder) if felder else None)
geburten = (
    st.just({})
    | st.fixed_dictionaries({"geburtsdatum": teildaten})
    | st.fixed_dictionaries({"geburt_von": tage, "geburt_bis": tage})
)
freie_auswahlen = united(
    some(
        familienname=namen, vornamen=namen, ordens_oder_kuenstlername=texte, phonetik=st.booleans(), doktorgrad=texte,
        wohnung=wohnungen, geburtsort=texte, geburtsstaat=schluessel | st.just(KEINE_ANGABE),
        geschlecht=st.sampled_from("mwdx"), staatsangehoerigkeit=schluessel,
        familienstand=st.sampled_from(["VH", "LD", "NB"]), familienstand_beginn=teilbekannt.map(Teildatum),
        familienstand_beginn_vorausgegangene_lp=tage, familienstand_ort=texte, familienstand_staat=schluessel,
        sterbedatum=tage, sterbeort=texte, sterbestaat=schluessel | st.just(KEINE_ANGABE),
        waffenrechtliche_erlaubnis=st.booleans(), waffenbesitzverbot=st.booleans(),
        sprengstoffrechtliche_erlaubnis=st.booleans(),
    ),
    geburten,
).map(lambda felder: FreieAuswahl(**felder))  # fmt: skip
suchbereiche = st.sampled_from([2, 3, 5, 8]).flatmap(lambda n: st.from_regex(rf"[0-9]{{{n}}}", fullmatch=True))
freie_fragen = st.builds(
    FreieFrage,
    leser=st.just("ags:03241001"),
    anforderungselemente=st.sets(st.sampled_from(sorted(art("1332").codes)), min_size=1).map(tuple),
    auswahldaten=freie_auswahlen,
    suchbereich=suchbereiche.map(Suchbereich),
    aktualitaet=st.none() | aktualitaeten,
    verzicht_auf_mitteilung=st.booleans(),
)
orte = st.builds(Ort, texte, st.none() | schluessel)
personennamen = st.fixed_dictionaries({"familienname": namen, "vornamen": namen}) | st.fixed_dictionaries(
    {"ordens_oder_kuenstlername": texte}
)
auswahldaten = united(
    st.fixed_dictionaries({"gemeindeschluessel": gemeinden}),
    personennamen,
    some(
        phonetik=st.booleans(), postleitzahl=st.from_regex(r"[0-9]{5}", fullmatch=True), strasse=texte,
        hausnummer=st.just("17"), hausnummer_zusatz=st.just("a"), hausnummer_teil=st.just("1/3"),
        geburtsdatum=teildaten, geburtsort=orte, geschlecht=st.sampled_from("mwdx"), sterbedatum=tage.map(Teildatum),
        sterbeort=orte, azr_nummer=st.just("123456789012"),
    ),
).map(lambda felder: Auswahldaten(**felder))  # fmt: skip

WER = Fragesteller("dbs:030010000001", "Jugendamt & Söhne", sicherheitsbehoerde=True)
JETZT = datetime(2026, 6, 15, 12, tzinfo=UTC)
SCHREIBER = Fragenschreiber(pack(), mapping())


@settings(max_examples=400, deadline=None)
@given(frage=freie_fragen)
def test_a_freie_suche_is_read_as_it_was_written(frage: FreieFrage) -> None:
    root = etree.fromstring(SCHREIBER.freie_suche(WER, frage, JETZT, UUID))
    assert pack().is_valid(root), pack().explain(root).hinweis
    anfrage = read_freie_suche(root, art("1332"))
    assert anfrage.auswahldaten == frage.auswahldaten
    assert anfrage.suchbereich == frage.suchbereich
    assert anfrage.aktualitaet == frage.aktualitaet
    assert anfrage.anforderungselemente == frozenset(frage.anforderungselemente)
    assert anfrage.verzicht_auf_mitteilung is frage.verzicht_auf_mitteilung
    assert anfrage.kennung == Nachrichtenkennung(UUID, "1332", "2026-06-15T12:00:00.000+00:00")
    assert (anfrage.autor.kennung, anfrage.autor.name) == (WER.kennung, WER.name)
    assert anfrage.leser.kennung == frage.leser
    stelle = anfrage.abrufende_stelle
    assert (stelle.behoerdenname, stelle.aktenzeichen, stelle.anlass, stelle.kennung) == (
        WER.name, WER.aktenzeichen, WER.anlass, WER.benutzer,
    )  # fmt: skip
    assert stelle.sicherheitsbehoerde


@settings(max_examples=200, deadline=None)
@given(auswahldaten=auswahldaten, codes=st.sets(st.sampled_from(sorted(art().codes)), min_size=1, max_size=9))
def test_a_personensuche_is_read_as_it_was_written(auswahldaten: Auswahldaten, codes: set[str]) -> None:
    frage = Frage("ags:03241001", tuple(codes), auswahldaten)
    root = etree.fromstring(SCHREIBER.personensuche(WER, frage, JETZT, UUID))
    assert pack().is_valid(root), pack().explain(root).hinweis
    anfrage = read_personensuche(root, art())
    assert anfrage.auswahldaten == auswahldaten
    assert anfrage.anforderungselemente == codes


@needs_shared
@settings(max_examples=60, deadline=None)
@given(frage=freie_fragen)
def test_a_freie_suche_of_ours_is_valid_by_the_publishers_schema_too(frage: FreieFrage) -> None:
    PUBLISHERS.assertValid(etree.fromstring(SCHREIBER.freie_suche(WER, frage, JETZT, UUID)))


PUBLISHERS: Any = (
    etree.XMLSchema(etree.parse(SHARED / "xmeld" / "xsd-25.11a" / "xmeld" / "xinneres.xmeld.xsd"))
    if SHARED.is_dir()
    else None
)
