"""Each change is recorded: who, when, before and after; and nothing of it can be altered unseen."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from gateway.behoerden import benutzer, konten, leser, stamm, zertifikate
from gateway.behoerden.aenderungen import Verwaltung, unterschied, verlauf
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.pruefung import ist_enthalten, pruefe, spitze
from gateway.behoerden.register import SqlBehoerden
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.zweck import Zweck
from gateway.ports import Einsichtsgrund

AMT = Behoerde("dbs:030010990000", "Ordnungsamt Musterstadt", Rolle.EINFACH)
NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def test_a_change_is_recorded_with_who_when_before_and_after(v: Verwaltung) -> None:
    stamm.registriere(replace(v, uhr=lambda: NOW), AMT)
    stamm.sperre(replace(v, wer="konto:bert", uhr=lambda: NOW), AMT.kennung, gesperrt=True)
    second, first = verlauf(v.engine)
    assert (first["wer"], first["was"], first["vorher"]) == ("cli:anna", "registrieren", None)
    assert json.loads(first["nachher"])["name"] == AMT.name
    assert (second["wer"], second["was"], second["zeit"]) == ("konto:bert", "sperren", "2026-05-04T03:02:01.000+00:00")
    assert unterschied(second) == ("gesperrt=False", "gesperrt=True")


def test_what_was_refused_changed_nothing_and_left_no_record(v: Verwaltung) -> None:
    stamm.registriere(v, AMT)
    with pytest.raises(BehoerdenError):
        stamm.sperre(v, AMT.kennung, gesperrt=False)
    with pytest.raises(BehoerdenError):
        stamm.registriere(v, AMT)
    assert len(verlauf(v.engine)) == 1


def test_changes_of_one_authority_are_found(v: Verwaltung) -> None:
    for kennung in ("dbs:030010990000", "dbs:030010990001"):
        stamm.registriere(v, replace(AMT, kennung=kennung))
    assert [row["schluessel"] for row in verlauf(v.engine, schluessel=AMT.kennung)] == ['["dbs:030010990000"]']


def test_no_secret_is_ever_recorded(v: Verwaltung) -> None:
    konten.lege_an(v, "anna", "leitung")
    halves = konten.gib_haelfte(v, "anna", "1"), konten.gib_haelfte(v, "anna", "2")
    konten.waehle_passwort(v, "anna", "".join(halves), "Sieben-Zwerge-2026")
    recorded = json.dumps(verlauf(v.engine))
    assert not any(secret in recorded for secret in (*halves, "Sieben-Zwerge", "argon2"))


def _chain(v: Verwaltung) -> None:
    for number in range(5):
        stamm.registriere(v, replace(AMT, kennung=f"dbs:03001099000{number}"))


def test_an_intact_chain_is_counted_and_shows_its_newest_hash(v: Verwaltung) -> None:
    assert pruefe(v.engine).anzahl == 0
    _chain(v)
    befund = pruefe(v.engine)
    assert (befund.anzahl, befund.fehler) == (5, ())
    assert befund.spitze == verlauf(v.engine, hoechstens=1)[0]["hash"]


def test_who_only_reads_checks_the_whole_chain(v: Verwaltung, leser: Engine) -> None:
    _chain(v)
    assert pruefe(leser) == pruefe(v.engine)
    assert (pruefe(leser).anzahl, pruefe(leser).fehler) == (5, ())


@pytest.mark.parametrize(
    ("tampering", "says"),
    [
        ("UPDATE behoerde_aenderung SET wer = 'cli:niemand' WHERE nummer = 3", "change 3 is not what was written"),
        ("UPDATE behoerde_aenderung SET nachher = '{}' WHERE nummer = 5", "change 5 is not what was written"),
        ("UPDATE behoerde_aenderung SET vorher = '{}' WHERE nummer = 1", "change 1 is not what was written"),
        ("DELETE FROM behoerde_aenderung WHERE nummer = 3", "change 3 is missing"),
        ("DELETE FROM behoerde_aenderung WHERE nummer = 1", "change 1 is missing"),
        (
            "UPDATE behoerde_aenderung SET hash = (SELECT hash FROM behoerde_aenderung WHERE nummer = 1) "
            "WHERE nummer = 2",
            "change 2 is not what was written",
        ),
    ],
)
def test_a_change_that_was_altered_or_removed_is_named(v: Verwaltung, tampering: str, says: str) -> None:
    _chain(v)
    with v.engine.begin() as connection:
        connection.execute(text(tampering))
    assert says in pruefe(v.engine).fehler


def test_changes_removed_from_the_end_show_in_the_newest_hash(v: Verwaltung) -> None:
    _chain(v)
    before = pruefe(v.engine).spitze
    with v.engine.begin() as connection:
        connection.execute(text("DELETE FROM behoerde_aenderung WHERE nummer = 5"))
    assert pruefe(v.engine).spitze != before


def test_the_operators_shortcut_records_who_did_it(v: Verwaltung) -> None:
    SqlBehoerden(v.engine, wer="cli:anna").add(AMT)
    assert verlauf(v.engine)[0]["wer"] == "cli:anna"


def test_a_password_that_was_set_anew_shows_as_another_digest(v: Verwaltung) -> None:
    konten.lege_an(v, "anna", "leitung")
    first = konten.gib_haelfte(v, "anna", "1") + konten.gib_haelfte(v, "anna", "2")
    konten.waehle_passwort(v, "anna", first, "Sieben-Zwerge-2026")
    konten.waehle_passwort(v, "anna", "Sieben-Zwerge-2026", "Acht-Zwerge-2026")
    before, after = unterschied(verlauf(v.engine)[0])
    assert before.startswith("passwort=sha256:")
    assert after.startswith("passwort=sha256:")
    assert before.split()[0] != after.split()[0]


@pytest.fixture
def register(v: Verwaltung) -> Verwaltung:
    """With one row of each kind, and one of each that is gone again."""
    lka = Behoerde("dbs:090030990000", "LKA", Rolle.SICHERHEIT, nummer=1, trotz_sperre=True, protokoll_beauftragt=True)
    stamm.registriere(v, lka)
    stamm.registriere(v, AMT)
    zertifikate.ordne_zu(v, AMT.kennung, "ab" * 32)
    for name in ("eins", "zwei"):
        stamm.ermaechtige(v, lka.kennung, name)
        benutzer.lege_an(v, AMT.kennung, name)
        leser.fuege_hinzu(v, f"cli:{name}", "")
        konten.lege_an(v, name, "leitung")
    stamm.entmaechtige(v, lka.kennung, "zwei")
    leser.entferne(v, "cli:zwei", "")
    grund = Einsichtsgrund("cli:eins", "", Zweck.STRAFVERFAHREN, "12 Js 345/26")
    leser.beantrage(v, grund)
    assert pruefe(v.engine).fehler == ()
    assert "12 Js 345" not in json.dumps(verlauf(v.engine))
    return v


@pytest.mark.parametrize(
    ("past", "says"),
    [
        ("INSERT INTO behoerde_ermaechtigte (kennung, benutzer) VALUES ('dbs:090030990000', 'drei')",
         'ermaechtigte ["dbs:090030990000","drei"] is there, and no change put it there'),
        ("INSERT INTO behoerde_ermaechtigte (kennung, benutzer) VALUES ('dbs:090030990000', 'zwei')",
         'ermaechtigte ["dbs:090030990000","zwei"] is there, and no change put it there'),
        ("INSERT INTO protokoll_leser VALUES ('cli:zwei', '')", 'leser ["cli:zwei",""] is there, and no change put'),
        ("UPDATE behoerde_zertifikat SET kennung = 'dbs:090030990000'", "] is not as change 3 left it: kennung"),
        ("UPDATE behoerde SET trotz_sperre = NOT trotz_sperre WHERE nummer IS NULL", "left it: trotz_sperre"),
        ("UPDATE behoerde_konto SET passwort = 'x' WHERE name = 'zwei'", "left it: passwort"),
        ("UPDATE protokoll_einsichtsantrag SET referenz = '13 Js 1/26'", "left it: referenz"),
        ("UPDATE protokoll_einsichtsantrag SET bestaetigt_von = 'cli:zwei'", "left it: bestaetigt_von"),
        ("DELETE FROM behoerde_benutzer WHERE benutzer = 'eins'",
         'benutzer ["dbs:030010990000","eins"] is gone, though change'),
    ],
)  # fmt: skip
def test_what_was_changed_past_the_record_is_named(register: Verwaltung, past: str, says: str) -> None:
    """A right that somebody gave by the database alone."""
    with register.engine.begin() as connection:
        connection.execute(text(past))
    (fehler,) = pruefe(register.engine).fehler
    assert says in fehler


def test_a_record_written_anew_from_its_middle_on_is_whole_and_told_by_its_newest_hash(register: Verwaltung) -> None:
    nummer, digest = spitze(register.engine)
    stamm.sperre(register, AMT.kennung, gesperrt=True)
    assert ist_enthalten(register.engine, nummer, digest)
    with register.engine.begin() as connection:
        connection.execute(text(f"DELETE FROM behoerde_aenderung WHERE nummer >= {nummer}"))
        connection.execute(text("DELETE FROM protokoll_einsichtsantrag"))
        connection.execute(text("UPDATE behoerde SET gesperrt = :no"), {"no": False})
    assert pruefe(register.engine).fehler == ()
    assert not ist_enthalten(register.engine, nummer, digest)
    stamm.sperre(register, AMT.kennung, gesperrt=True)
    assert not ist_enthalten(register.engine, nummer, digest)
