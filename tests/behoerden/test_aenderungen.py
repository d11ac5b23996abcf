"""Each change is recorded: who, when, before and after; and nothing of it can be altered unseen."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from gateway.behoerden import aenderungen, konten, stamm
from gateway.behoerden.aenderungen import Verwaltung, pruefe_kette, unterschied, verlauf
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.register import SqlBehoerden
from gateway.meldewesen.behoerde import Behoerde, Rolle

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
    assert not any(secret in recorded for secret in (*halves, "Sieben-Zwerge", "argon2", 'haelfte_1\\"'))


def _chain(v: Verwaltung) -> None:
    for number in range(5):
        stamm.registriere(v, replace(AMT, kennung=f"dbs:03001099000{number}"))


def test_an_intact_chain_is_counted_and_shows_its_newest_hash(v: Verwaltung) -> None:
    assert pruefe_kette(v.engine).anzahl == 0
    _chain(v)
    befund = pruefe_kette(v.engine)
    assert (befund.anzahl, befund.fehler) == (5, ())
    assert befund.spitze == verlauf(v.engine, hoechstens=1)[0]["hash"]


def test_who_only_reads_checks_the_whole_chain(v: Verwaltung, leser: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aenderungen, "_STEP", 2)
    _chain(v)
    assert pruefe_kette(leser) == pruefe_kette(v.engine)
    assert pruefe_kette(leser).anzahl == 5


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
    assert says in pruefe_kette(v.engine).fehler


def test_changes_removed_from_the_end_show_in_the_newest_hash(v: Verwaltung) -> None:
    _chain(v)
    before = pruefe_kette(v.engine).spitze
    with v.engine.begin() as connection:
        connection.execute(text("DELETE FROM behoerde_aenderung WHERE nummer = 5"))
    assert pruefe_kette(v.engine).spitze != before


def test_the_operators_shortcut_records_who_did_it(v: Verwaltung) -> None:
    SqlBehoerden(v.engine, wer="cli:anna").add(AMT)
    assert verlauf(v.engine)[0]["wer"] == "cli:anna"
