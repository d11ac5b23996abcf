"""What `record` promises to an exchange."""

import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from gateway.errors import ConfigError, StoreError
from gateway.ports import Protokolleintrag, UuidReused
from gateway.protokoll import Einsicht, SqlProtokoll, Stelle, verify
from gateway.protokoll.satz import prepare
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.schreiber import decide
from gateway.protokoll.verbindung import Schreibverbindung
from tests.databases import fresh_database, opened
from tests.protokoll.eintraege import GEMEINDE, INHALT, NAME, digest, eintrag, rows, sql


def test_what_was_recorded_is_read_again_with_its_content(
    protokoll: SqlProtokoll, leser: Engine, schluessel: Protokollschluessel
) -> None:
    entry = eintrag(codes=("12", "13"), treffer=3)
    protokoll.record(entry)
    [zeile] = Einsicht(leser).entries(10)
    assert (zeile.stelle, zeile.codes, zeile.treffer, zeile.wiederholung) == (Stelle(1, 1), ("12", "13"), 3, False)
    assert (zeile.empfangen, zeile.behoerde) == (entry.empfangen, entry.behoerde)
    assert (zeile.nachricht_uuid, zeile.hat_inhalt) == (entry.nachricht_uuid, True)
    assert Einsicht(leser).read(zeile.stelle, schluessel) == INHALT
    assert Einsicht(leser).count() == 1


def test_a_technical_record_has_no_content(
    protokoll: SqlProtokoll, leser: Engine, schluessel: Protokollschluessel
) -> None:
    protokoll.record(eintrag(inhalt=None))
    assert Einsicht(leser).read(Stelle(1, 1), schluessel) is None


def test_an_entry_that_is_not_there_is_said_to_be_so(leser: Engine, schluessel: Protokollschluessel) -> None:
    with pytest.raises(LookupError, match="no entry 1/1"):
        Einsicht(leser).read(Stelle(1, 1), schluessel)


def test_the_entries_stored_last_are_shown_first(protokoll: SqlProtokoll, leser: Engine) -> None:
    for treffer in range(5):
        protokoll.record(eintrag(treffer=treffer))
    assert [zeile.treffer for zeile in Einsicht(leser).entries(3)] == [4, 3, 2]


def test_an_exchange_that_nothing_is_known_of_is_recorded_too(protokoll: SqlProtokoll, leser: Engine) -> None:
    protokoll.record(
        Protokolleintrag(
            empfangen=datetime.now(UTC),
            beantwortet=datetime.now(UTC),
            transport="soap",
            anfrage_digest=digest("?"),
            antwort_digest=digest("!"),
            ergebnis="fault",
            codes=("NOT_SIGNED",),
        )
    )
    assert Einsicht(leser).entries(1)[0].ergebnis == "fault"


def test_the_same_uuid_with_the_same_content_is_a_repetition(protokoll: SqlProtokoll, leser: Engine) -> None:
    uuid = str(uuid4())
    for _ in range(3):
        protokoll.record(eintrag(nachricht_uuid=uuid))
    protokoll.record(eintrag(nachricht_uuid=uuid.upper()))
    assert [zeile.wiederholung for zeile in Einsicht(leser).entries(9)] == [True, True, True, False]


def test_the_same_uuid_with_other_content_is_refused_and_not_stored(protokoll: SqlProtokoll, leser: Engine) -> None:
    entry = eintrag()
    protokoll.record(entry)
    with pytest.raises(UuidReused):
        protokoll.record(eintrag(nachricht_uuid=entry.nachricht_uuid, nachricht_digest=digest("other")))
    assert Einsicht(leser).count() == 1


def test_whether_a_uuid_is_used_up_is_told_beforehand_claims_nothing_and_waits_for_no_writer(
    engine: Engine, protokoll: SqlProtokoll, leser: Engine
) -> None:
    entry = eintrag()
    used = (str(entry.behoerde), str(entry.nachricht_uuid))
    protokoll.check_uuid(*used, digest("other"))
    protokoll.record(entry)
    with engine.begin():  # on SQLite the write lock
        protokoll.check_uuid(*used, entry.nachricht_digest or b"")
        protokoll.check_uuid("dbs:060010990000", used[1], digest("other"))
        with pytest.raises(UuidReused):
            protokoll.check_uuid(used[0], used[1].upper(), digest("other"))
    assert Einsicht(leser).count() == 1


def test_another_authority_may_use_the_same_uuid(protokoll: SqlProtokoll, leser: Engine) -> None:
    entry = eintrag()
    protokoll.record(entry)
    protokoll.record(eintrag(nachricht_uuid=entry.nachricht_uuid, behoerde=GEMEINDE, nachricht_digest=digest("other")))
    assert [zeile.wiederholung for zeile in Einsicht(leser).entries(9)] == [False, False]


def test_a_fault_neither_claims_a_uuid_nor_is_stopped_by_a_claim(protokoll: SqlProtokoll, leser: Engine) -> None:
    uuid = str(uuid4())
    protokoll.record(eintrag(nachricht_uuid=uuid, ergebnis="fault", nachricht_digest=digest("first")))
    protokoll.record(eintrag(nachricht_uuid=uuid, nachricht_digest=digest("second")))
    protokoll.record(eintrag(nachricht_uuid=uuid, ergebnis="fault", nachricht_digest=digest("third")))
    assert [zeile.wiederholung for zeile in Einsicht(leser).entries(9)] == [False, False, False]


def test_of_many_at_once_with_one_uuid_one_content_wins_and_all_others_are_refused(
    protokoll: SqlProtokoll, leser: Engine
) -> None:
    uuid, outcomes = str(uuid4()), list[str]()

    def send(content: str) -> None:
        try:
            protokoll.record(eintrag(nachricht_uuid=uuid, nachricht_digest=digest(content)))
            outcomes.append(content)
        except UuidReused:
            outcomes.append("refused")

    threads = [threading.Thread(target=send, args=(f"{number % 4}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("refused") == 12
    assert len(set(outcomes)) == 2
    assert sorted(zeile.wiederholung for zeile in Einsicht(leser).entries(99)) == [False, True, True, True]


@given(steps=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from(["auskunft", "fault"]))))
def test_repetitions_are_told_as_a_list_of_all_exchanges_would_tell_them(
    tmp_path_factory: pytest.TempPathFactory, schluessel: Protokollschluessel, steps: list[tuple[str, str, str]]
) -> None:
    taken: dict[str, str] = {}
    expected: list[bool | None] = []
    for uuid, content, ergebnis in steps:
        if ergebnis == "fault":
            expected.append(False)
        elif taken.setdefault(uuid, content) == content:
            expected.append((uuid, content, ergebnis) in steps[: len(expected)])
        else:
            expected.append(None)
    saetze = [
        prepare(eintrag(nachricht_uuid=u, nachricht_digest=digest(c), ergebnis=e), schluessel) for u, c, e in steps
    ]
    assert [None if b is None else b.wiederholung for b in decide(saetze, {})] == expected


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"ergebnis": "vielleicht"}, "ergebnis"),
        ({"nachricht_uuid": "a\0b"}, "nachricht_uuid"),
        ({"nachricht_uuid": "\ud800"}, "nachricht_uuid"),
        ({"nachrichtentyp": "1" * 300}, "nachrichtentyp"),
        ({"codes": ("01 02",)}, "code"),
        ({"codes": ("",)}, "code"),
        ({"anfrage_digest": b"short"}, "anfrage_digest"),
        ({"nachricht_digest": None}, "nachricht_digest"),
        ({"empfangen": datetime(2026, 1, 1)}, "time zone"),
        ({"treffer": -1}, "treffer"),
        ({"inhalt": {"a": object()}}, "inhalt"),
        ({"inhalt": {"a": "\ud800"}}, "inhalt"),
    ],
)
def test_an_entry_that_cannot_be_stored_is_refused_by_name(
    schluessel: Protokollschluessel, changes: dict[str, object], column: str
) -> None:
    with pytest.raises(StoreError, match=column):
        prepare(eintrag(**changes), schluessel)


def test_an_entry_that_cannot_be_stored_harms_no_other(protokoll: SqlProtokoll, leser: Engine) -> None:
    with pytest.raises(StoreError, match="nachricht_uuid"):
        protokoll.record(eintrag(nachricht_uuid="a\0b"))
    protokoll.record(eintrag())
    assert Einsicht(leser).count() == 1


def test_personal_data_is_nowhere_in_clear_in_the_database(
    protokoll: SqlProtokoll, engine: Engine, tmp_path: Path
) -> None:
    for _ in range(20):
        protokoll.record(eintrag(inhalt={**INHALT, "mehr": NAME * 50}))
    secrets = ["Zwirnemann", "Kunigunde", "Ordnungsamt", "12 Js 345"]
    if engine.dialect.name == "sqlite":
        written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"auskunft" in written
    else:
        written = "".join(map(str, rows(engine, "SELECT protokoll::text FROM protokoll"))).encode()
        assert b"auskunft" in written
        secrets += [secret.encode().hex() for secret in secrets]
    assert not [secret for secret in secrets if secret.encode() in written]


def test_a_content_moved_to_another_entry_is_not_read(
    protokoll: SqlProtokoll, engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    protokoll.record(eintrag(inhalt={"person": "a"}))
    protokoll.record(eintrag(inhalt={"person": "b"}))
    sql(engine, "UPDATE protokoll SET inhalt = (SELECT inhalt FROM protokoll WHERE nummer = 2) WHERE nummer = 1")
    with pytest.raises(StoreError, match="1/1 is not the one that was stored"):
        Einsicht(leser).read(Stelle(1, 1), schluessel)
    assert Einsicht(leser).read(Stelle(1, 2), schluessel) == {"person": "b"}


def test_every_start_of_a_store_begins_a_chain_of_its_own(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    for _ in range(3):
        with closing(SqlProtokoll(engine, schluessel)) as protokoll:
            protokoll.record(eintrag())
    result = verify(leser, schluessel)
    assert (result.chains, result.entries, result.intact) == (3, 3, True)


def test_a_closed_store_takes_nothing_in(engine: Engine, schluessel: Protokollschluessel) -> None:
    protokoll = SqlProtokoll(engine, schluessel)
    protokoll.record(eintrag())
    protokoll.close()
    protokoll.close()
    with pytest.raises(StoreError, match="closed"):
        protokoll.record(eintrag())


def test_a_store_in_memory_is_refused_because_it_is_not_durable(schluessel: Protokollschluessel) -> None:
    with pytest.raises(ConfigError, match="plain file"):
        SqlProtokoll(create_engine("sqlite://"), schluessel)


def test_every_commit_goes_to_the_disk(database_url: str, engine: Engine) -> None:
    verbindung = Schreibverbindung(engine)
    setting = "PRAGMA synchronous" if engine.dialect.name == "sqlite" else "SHOW synchronous_commit"
    assert verbindung.connection.exec_driver_sql(setting).scalar() in (2, "on")
    verbindung.discard()


def test_a_server_that_answers_before_it_has_stored_is_told_otherwise(tmp_path: Path) -> None:
    with (
        fresh_database("postgresql", tmp_path) as url,
        opened(f"{url}%20-csynchronous_commit%3Doff") as engine,
        closing(Schreibverbindung(engine).connection) as connection,
    ):
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
