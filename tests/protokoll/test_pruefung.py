"""Each kind of manipulation by someone who writes the database but lacks the key is found and named."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, insert, select, update

from gateway.errors import StoreError
from gateway.protokoll import Kind, SqlProtokoll, Verification, create_schema, verify
from gateway.protokoll.befund import MAX_FINDINGS, Findings
from gateway.protokoll.kette import FELDER, KETTENFELDER, eintrag_hash, kette_hash, kopf_text, siegel_text
from gateway.protokoll.schluessel import Protokollschluessel, create_protokollschluessel, load_protokollschluessel
from gateway.protokoll.tabellen import EINTRAG, KETTE, KOPF, METADATA, STAND
from tests.databases import module_database_url, opened
from tests.protokoll.eintraege import eintrag, rows, sql

__all__ = ["module_database_url"]

Found = set[tuple[Kind, str]]


@pytest.fixture(scope="module")
def bestand(module_database_url: str, schluessel: Protokollschluessel) -> Iterator[Engine]:
    """Chains 1 and 2 written in turns and sealed at every entry, ten each; chain 3 sealed at its first of ten only.

    `alt_` holds the tables as they were in the middle, `gut_` as they are at the end.
    """
    with pytest.MonkeyPatch.context() as patch, opened(module_database_url) as engine:
        create_schema(engine, schluessel)
        patch.setattr("gateway.protokoll.schreiber.SIEGEL_ABSTAND", 0.0)
        with closing(SqlProtokoll(engine, schluessel)) as one, closing(SqlProtokoll(engine, schluessel)) as two:
            for number in range(10):
                if number == 5:
                    _copy(engine, "alt")
                one.record(eintrag())
                two.record(eintrag())
        patch.setattr("gateway.protokoll.schreiber.SIEGEL_ABSTAND", 3600.0)
        with closing(SqlProtokoll(engine, schluessel)) as three:
            for _ in range(10):
                three.record(eintrag())
        _copy(engine, "gut")
        yield engine


@pytest.fixture
def db(bestand: Engine) -> Iterator[Engine]:
    """The same again for each test."""
    yield bestand
    names = METADATA.tables
    sql(bestand, *(f"DELETE FROM {name}" for name in names), *(f"INSERT INTO {n} SELECT * FROM gut_{n}" for n in names))


def _copy(engine: Engine, prefix: str) -> None:
    sql(engine, *(f"CREATE TABLE {prefix}_{table} AS SELECT * FROM {table}" for table in METADATA.tables))


def found(engine: Engine, schluessel: Protokollschluessel) -> Found:
    return {(finding.kind, finding.place) for finding in verify(engine, schluessel).findings}


def of_entries(engine: Engine, schluessel: Protokollschluessel) -> Found:
    """Without what is beside the entries: rows of the index and claims that belong to none any more."""
    return {finding for finding in found(engine, schluessel) if finding[1].split()[0] not in ("index", "claims")}


def own(engine: Engine, schluessel: Protokollschluessel) -> Found:
    """Without what other chains have seen: the chain and the register find it by themselves."""
    return {finding for finding in of_entries(engine, schluessel) if finding[0] is not Kind.CONTRADICTION}


def rehash(engine: Engine, kette: int, first: int, last: int) -> None:
    """What anybody can compute: the hashes of entries, each on the one before."""
    with engine.begin() as connection:
        ende = b""
        for nummer in range(first, last + 1):
            place = (EINTRAG.c.kette == kette, EINTRAG.c.nummer == nummer)
            *felder, vorgaenger = connection.execute(
                select(*(EINTRAG.c[name] for name in (*FELDER, "vorgaenger"))).where(*place)
            ).one()
            ende = ende or vorgaenger
            digest = eintrag_hash(ende, felder)
            connection.execute(update(EINTRAG).where(*place).values(vorgaenger=ende, hash=digest))
            ende = digest


def test_an_untouched_protokoll_is_intact(db: Engine, schluessel: Protokollschluessel) -> None:
    assert verify(db, schluessel) == Verification(chains=3, entries=30, findings=(), more=0)


def test_an_empty_protokoll_is_intact(engine: Engine, leser: Engine, schluessel: Protokollschluessel) -> None:
    assert verify(leser, schluessel) == Verification(chains=0, entries=0, findings=(), more=0)


def test_progress_is_reported_up_to_the_end(
    db: Engine, schluessel: Protokollschluessel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.protokoll.pruefung.SCHRITT", 7)
    reports: list[tuple[int, int]] = []
    assert verify(db, schluessel, lambda done, total: reports.append((done, total))).intact
    assert reports == [(7, 30), (14, 30), (21, 30), (28, 30), (30, 30)]


def test_a_change_in_any_column_is_found_at_its_entry(db: Engine, schluessel: Protokollschluessel) -> None:
    new = {"TEXT": "x", "BIGINT": 7, "INTEGER": 1, "BLOB": b"x"}
    columns = {
        1: ["verweise", FELDER[11], "verzeichnis"],
        2: FELDER[1:11],
        3: [*FELDER[12:20], "hash", "vorgaenger"],
    }
    places = {(kette, nummer): name for kette, names in columns.items() for nummer, name in enumerate(names, 1)}
    assert {*places.values(), "nummer"} == {*FELDER, "hash", "vorgaenger"}
    with db.begin() as connection:
        for (kette, nummer), name in places.items():
            change = update(EINTRAG).where(EINTRAG.c.kette == kette, EINTRAG.c.nummer == nummer)
            connection.execute(change.values({name: new[EINTRAG.c[name].type.compile()]}))
    assert of_entries(db, schluessel) == {(Kind.CHANGED, f"{kette}/{nummer}") for kette, nummer in places}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM protokoll WHERE kette = 3 AND nummer = 5", {(Kind.MISSING, "3/5")}),
        ("DELETE FROM protokoll WHERE kette = 3 AND nummer BETWEEN 5 AND 7", {(Kind.MISSING, "3/5-7")}),
        ("DELETE FROM protokoll WHERE kette = 3 AND nummer = 1", {(Kind.MISSING, "3/1")}),
        ("DELETE FROM protokoll WHERE kette = 3 AND nummer > 8", {(Kind.MISSING, "3/9-10")}),
        ("DELETE FROM protokoll WHERE kette = 3", {(Kind.MISSING, "3/1-10")}),
        ("UPDATE protokoll SET nummer = 99 WHERE kette = 3 AND nummer = 10",
         {(Kind.MISSING, "3/10-98"), (Kind.INSERTED, "3/99"), (Kind.CHANGED, "3/99")}),
        ("UPDATE protokoll SET kette = 7 WHERE kette = 3 AND nummer = 10",
         {(Kind.MISSING, "3/10"), (Kind.INSERTED, "7")}),
        ("DELETE FROM protokoll_kopf WHERE kette = 3", {(Kind.MISSING, "3")}),
        ("UPDATE protokoll_kopf SET nummer = 9 WHERE kette = 3", {(Kind.SEAL, "3")}),
        ("UPDATE protokoll_kopf SET kette = 7 WHERE kette = 3", {(Kind.MISSING, "3"), (Kind.INSERTED, "7")}),
        ("DELETE FROM protokoll_stand", {(Kind.MISSING, "register")}),
        ("UPDATE protokoll_stand SET ketten = 2", {(Kind.SEAL, "register")}),
        ("DELETE FROM protokoll_kette WHERE nr = 3", {(Kind.MISSING, "3"), (Kind.INSERTED, "3")}),
        ("UPDATE protokoll_kette SET begonnen = 0 WHERE nr = 2", {(Kind.CHANGED, "2")}),
        ("UPDATE protokoll_kette SET nr = 0 WHERE nr = 3",
         {(Kind.MISSING, "3"), (Kind.INSERTED, "3"), (Kind.INSERTED, "register")}),
        ("UPDATE protokoll SET siegel = NULL WHERE kette = 2 AND nummer = 4", {(Kind.SEAL, "2/4")}),
        ("UPDATE protokoll SET siegel = hash WHERE kette = 3 AND nummer = 6", {(Kind.SEAL, "3/2-6")}),
    ],
)  # fmt: skip
def test_what_a_single_statement_can_do_is_named(
    db: Engine, schluessel: Protokollschluessel, statement: str, expected: Found
) -> None:
    sql(db, statement)
    assert own(db, schluessel) == expected


@pytest.mark.parametrize("nr", [1, 2, 3])
def test_a_chain_removed_with_everything_that_belongs_to_it_is_missing(
    db: Engine, schluessel: Protokollschluessel, nr: int
) -> None:
    sql(db, f"DELETE FROM protokoll WHERE kette = {nr}")
    sql(db, f"DELETE FROM protokoll_kopf WHERE kette = {nr}", f"DELETE FROM protokoll_kette WHERE nr = {nr}")
    assert own(db, schluessel) == {(Kind.MISSING, str(nr))}


def test_entries_removed_at_the_end_with_the_head_put_back_leave_a_forged_head(
    db: Engine, schluessel: Protokollschluessel
) -> None:
    sql(
        db,
        "DELETE FROM protokoll WHERE kette = 3 AND nummer > 8",
        "UPDATE protokoll_kopf SET nummer = 8, hash = (SELECT hash FROM protokoll WHERE kette = 3 AND nummer = 8) "
        "WHERE kette = 3",
    )
    assert own(db, schluessel) == {(Kind.SEAL, "3")}


def test_the_seal_of_an_entry_does_not_serve_as_the_seal_of_a_head(db: Engine, schluessel: Protokollschluessel) -> None:
    sql(
        db,
        "DELETE FROM protokoll WHERE kette = 2 AND nummer > 8",
        "UPDATE protokoll_kopf SET nummer = 8, "
        "hash = (SELECT hash FROM protokoll WHERE kette = 2 AND nummer = 8), "
        "siegel = (SELECT siegel FROM protokoll WHERE kette = 2 AND nummer = 8) WHERE kette = 2",
    )
    assert (Kind.SEAL, "2") in found(db, schluessel)


def test_a_chain_set_back_to_an_older_signed_state_is_contradicted_by_those_that_saw_the_newer(
    db: Engine, schluessel: Protokollschluessel
) -> None:
    sql(
        db,
        "DELETE FROM protokoll WHERE kette = 1 AND nummer > 5",
        "DELETE FROM protokoll_kopf WHERE kette = 1",
        "INSERT INTO protokoll_kopf SELECT * FROM alt_protokoll_kopf WHERE kette = 1",
    )
    assert of_entries(db, schluessel) == {(Kind.CONTRADICTION, f"1/{nummer}") for nummer in range(6, 11)}


def test_a_changed_entry_with_its_hash_computed_anew_is_named(db: Engine, schluessel: Protokollschluessel) -> None:
    sql(db, "UPDATE protokoll SET treffer = 0 WHERE kette = 3 AND nummer = 5")
    rehash(db, 3, 5, 5)
    assert of_entries(db, schluessel) == {(Kind.CHANGED, "3/5")}


def test_a_changed_entry_with_its_hash_and_the_next_ones_link_computed_anew_is_found_at_the_next(
    db: Engine, schluessel: Protokollschluessel
) -> None:
    sql(db, "UPDATE protokoll SET treffer = 0 WHERE kette = 3 AND nummer = 5")
    rehash(db, 3, 5, 5)
    with db.begin() as connection:
        link = select(EINTRAG.c.hash).where(EINTRAG.c.kette == 3, EINTRAG.c.nummer == 5)
        next_one = update(EINTRAG).where(EINTRAG.c.kette == 3, EINTRAG.c.nummer == 6)
        connection.execute(next_one.values(vorgaenger=connection.scalar(link)))
    finding, *_ = verify(db, schluessel).findings
    assert of_entries(db, schluessel) == {(Kind.CHANGED, "3/6")}
    assert "what it says of the one before" in finding.text


def test_a_changed_entry_with_the_rest_of_the_chain_computed_anew_is_found_between_two_seals(
    db: Engine, schluessel: Protokollschluessel
) -> None:
    for kette in (2, 3):
        sql(db, f"UPDATE protokoll SET treffer = 0 WHERE kette = {kette} AND nummer = 5")
        rehash(db, kette, 5, 10)
    assert own(db, schluessel) == {(Kind.SEAL, "2/5"), (Kind.CHANGED, "2/5-10"), (Kind.CHANGED, "3/2-10")}


def test_an_entry_removed_and_the_rest_numbered_and_computed_anew_is_found(
    db: Engine, schluessel: Protokollschluessel
) -> None:
    sql(db, "DELETE FROM protokoll WHERE kette = 3 AND nummer = 5")
    for nummer in range(6, 11):
        sql(db, f"UPDATE protokoll SET nummer = {nummer - 1} WHERE kette = 3 AND nummer = {nummer}")
    with db.begin() as connection:
        ende = connection.scalar(select(EINTRAG.c.hash).where(EINTRAG.c.kette == 3, EINTRAG.c.nummer == 4))
        connection.execute(update(EINTRAG).where(EINTRAG.c.kette == 3, EINTRAG.c.nummer == 5).values(vorgaenger=ende))
    rehash(db, 3, 5, 9)
    assert of_entries(db, schluessel) == {(Kind.MISSING, "3/10")}


def test_swapped_contents_are_two_changed_entries(db: Engine, schluessel: Protokollschluessel) -> None:
    sql(
        db,
        "UPDATE protokoll SET inhalt = (SELECT p.inhalt FROM gut_protokoll p WHERE p.kette = 3 "
        "AND p.nummer = 11 - protokoll.nummer) WHERE kette = 3 AND nummer IN (4, 7)",
    )
    assert of_entries(db, schluessel) == {(Kind.CHANGED, "3/4"), (Kind.CHANGED, "3/7")}


def test_an_entry_added_behind_the_end_is_inserted(db: Engine, schluessel: Protokollschluessel) -> None:
    sql(db, "UPDATE protokoll SET anspruch = NULL WHERE kette = 3 AND nummer = 10")
    with db.begin() as connection:
        last = connection.execute(select(EINTRAG).where(EINTRAG.c.kette == 3, EINTRAG.c.nummer == 10)).one()._asdict()
        connection.execute(insert(EINTRAG), {**last, "nummer": 11, "vorgaenger": last["hash"]})
    sql(db, "UPDATE protokoll SET anspruch = (SELECT anspruch FROM gut_protokoll WHERE kette = 3 AND nummer = 10) "
            "WHERE kette = 3 AND nummer = 10")  # fmt: skip
    rehash(db, 3, 11, 11)
    assert of_entries(db, schluessel) == {(Kind.INSERTED, "3/11")}


def test_a_whole_chain_of_somebody_else_is_inserted_and_forged(db: Engine, schluessel: Protokollschluessel) -> None:
    fremd = Ed25519PrivateKey.generate()
    with db.begin() as connection:
        before = connection.execute(select(KETTE).where(KETTE.c.nr == 3)).one()
        row = {**before._asdict(), "nr": 4, "kennung": b"k" * 16, "vorgaenger": before.hash}
        row["hash"] = kette_hash(before.hash, [row[name] for name in KETTENFELDER])
        entry = connection.execute(select(EINTRAG).where(EINTRAG.c.kette == 3, EINTRAG.c.nummer == 1)).one()._asdict()
        entry |= {"kette": 4, "anspruch": None, "vorgaenger": row["hash"]}
        entry["hash"] = eintrag_hash(row["hash"], [entry[name] for name in FELDER])
        entry["siegel"] = fremd.sign(siegel_text(row["kennung"], 1, entry["hash"]))
        siegel = fremd.sign(kopf_text(row["kennung"], 1, entry["hash"]))
        connection.execute(insert(KETTE), row)
        connection.execute(insert(EINTRAG), entry)
        head = {"kette": 4, "nummer": 1, "hash": entry["hash"], "geaendert": 0, "siegel": siegel}
        connection.execute(insert(KOPF), head)
    assert of_entries(db, schluessel) == {
        (Kind.INSERTED, "4"),
        (Kind.SEAL, "4"),
        (Kind.SEAL, "4/1"),
        (Kind.MISSING, "4/1"),  # in the index
    }


def test_seals_of_another_key_are_forged_ones(
    db: Engine, tmp_path_factory: pytest.TempPathFactory, schluessel: Protokollschluessel
) -> None:
    path = tmp_path_factory.mktemp("fremd") / "protokoll.key"
    create_protokollschluessel(path)
    findings = found(db, load_protokollschluessel(path))
    assert {place for kind, place in findings if kind is Kind.SEAL} >= {"register", "1", "2", "3"}
    assert {kind for kind, place in findings if not place.startswith("key ")} == {Kind.SEAL}


def test_a_number_used_twice_is_a_fork(engine: Engine, leser: Engine, schluessel: Protokollschluessel) -> None:
    with closing(SqlProtokoll(engine, schluessel)) as protokoll:
        for _ in range(3):
            protokoll.record(eintrag())
    sql(
        engine,
        "CREATE TABLE kopie AS SELECT * FROM protokoll",
        "INSERT INTO kopie SELECT * FROM protokoll WHERE nummer = 2",
        "DROP TABLE protokoll",
        "ALTER TABLE kopie RENAME TO protokoll",
    )
    assert found(leser, schluessel) == {(Kind.DUPLICATED, "1/2")}


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE protokoll SET transport = CAST(X'ff80' AS TEXT) WHERE nummer = 2", "1/2"),
        ("UPDATE protokoll SET treffer = 'viele' WHERE nummer = 2", "1/2"),
        ("UPDATE protokoll SET treffer = 1.5 WHERE nummer = 2", "1/2"),
        ("UPDATE protokoll SET verweise = X'00' WHERE nummer = 2", "1/2"),
        (f"UPDATE protokoll SET verweise = X'{'ff' * 48}' WHERE nummer = 2", "1/2"),
        ("UPDATE protokoll SET hash = 'text' WHERE nummer = 2", "1/2"),
        ("UPDATE protokoll SET vorgaenger = 5 WHERE nummer = 2", "1/2"),
        ("UPDATE protokoll SET nummer = 'zwei' WHERE nummer = 2", "1/?"),
        ("UPDATE protokoll SET nummer = -2 WHERE nummer = 2", "1/-2"),
        ("UPDATE protokoll_kopf SET nummer = 'drei', hash = 1, siegel = 'x'", "1"),
        ("UPDATE protokoll_kette SET nr = 'eins'", "register"),
        ("UPDATE protokoll_kette SET kennung = 1.5, hash = 'x'", "1"),
        ("UPDATE protokoll_stand SET wurzel = 1.5, ketten = 'drei'", "register"),
        ("UPDATE protokoll_stand SET siegel = 'x'", "register"),
    ],
)
def test_values_of_a_kind_that_no_column_has_are_found_and_do_not_end_the_verification(
    tmp_path: Path, schluessel: Protokollschluessel, statement: str, place: str
) -> None:
    with opened(f"sqlite:///{tmp_path / 'loose.sqlite'}") as engine:  # PostgreSQL keeps such values out
        create_schema(engine, schluessel)
        with closing(SqlProtokoll(engine, schluessel)) as protokoll:
            for _ in range(3):
                protokoll.record(eintrag())
        sql(engine, statement)
        assert place in {where for _kind, where in found(engine, schluessel)}


def test_nothing_is_sealed_over_a_register_that_was_set_back(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    with closing(SqlProtokoll(engine, schluessel)) as protokoll:
        protokoll.record(eintrag())
    [(wurzel,)] = rows(engine, "SELECT wurzel FROM protokoll_stand")
    with engine.begin() as connection:
        connection.execute(update(STAND).values(ketten=0))
    with (
        closing(SqlProtokoll(engine, schluessel)) as protokoll,
        pytest.raises(StoreError, match="or the head is forged: run protokoll verify"),
    ):
        protokoll.record(eintrag())
    assert found(leser, schluessel) == {(Kind.SEAL, "register")}
    assert rows(engine, "SELECT wurzel FROM protokoll_stand") == [(wurzel,)]


def test_a_missing_head_of_the_register_is_not_made_anew(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    sql(engine, "DELETE FROM protokoll_stand")
    create_schema(engine, schluessel)
    with (
        closing(SqlProtokoll(engine, schluessel)) as protokoll,
        pytest.raises(StoreError, match="register of chains has no head"),
    ):
        protokoll.record(eintrag())
    assert found(leser, schluessel) == {(Kind.MISSING, "register")}


def test_a_head_changed_under_a_running_writer_does_not_stop_it_and_stays_found(
    protokoll: SqlProtokoll, engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    protokoll.record(eintrag())
    sql(engine, "UPDATE protokoll_kopf SET nummer = 7")
    with pytest.raises(StoreError, match="not as it was left"):
        protokoll.record(eintrag())
    protokoll.record(eintrag())
    result = verify(leser, schluessel)
    assert (result.chains, result.entries) == (2, 2)
    assert (Kind.SEAL, "1") in {(finding.kind, finding.place) for finding in result.findings}


def test_a_place_taken_by_somebody_else_does_not_stop_the_writer_and_is_found(
    protokoll: SqlProtokoll, engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    protokoll.record(eintrag(nachricht_uuid=None))
    sql(
        engine,
        "CREATE TABLE kopie AS SELECT * FROM protokoll",
        "UPDATE kopie SET nummer = 2",
        "INSERT INTO protokoll SELECT * FROM kopie",
    )
    protokoll.record(eintrag())
    assert (Kind.INSERTED, "1/2") in found(leser, schluessel)
    assert verify(leser, schluessel).chains == 2


def test_more_findings_than_can_be_kept_are_counted() -> None:
    findings = Findings()
    for number in range(MAX_FINDINGS + 5):
        findings.add(Kind.CHANGED, f"1/{number}", "changed")
    result = findings.result(1, 2000)
    assert (len(result.findings), result.more, result.intact) == (MAX_FINDINGS, 5, False)


def test_a_database_that_is_gone_is_a_store_error(schluessel: Protokollschluessel) -> None:
    with opened("sqlite:////nowhere/at/all.sqlite", readonly=True) as engine, pytest.raises(StoreError):
        verify(engine, schluessel)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM protokoll_index WHERE kette = 3 AND nummer = 5", {(Kind.MISSING, "3/5")}),
        ("DELETE FROM protokoll_index WHERE kette = 3 AND nummer = 5 AND art = 2", {(Kind.MISSING, "3/5")}),
        ("UPDATE protokoll_index SET nummer = 77 WHERE kette = 3 AND nummer = 5 AND art = 2",
         {(Kind.MISSING, "3/5"), (Kind.INSERTED, "index {monat}")}),
        ("INSERT INTO protokoll_index SELECT monat, art, digest, 99, nummer FROM protokoll_index WHERE kette = 3",
         {(Kind.INSERTED, "index {monat}")}),
        ("DELETE FROM protokoll_anspruch WHERE anspruch = "
         "(SELECT anspruch FROM protokoll WHERE kette = 3 AND nummer = 5)", {(Kind.MISSING, "3/5")}),
        ("UPDATE protokoll_anspruch SET nachricht_digest = anspruch WHERE anspruch = "
         "(SELECT anspruch FROM protokoll WHERE kette = 3 AND nummer = 5)", {(Kind.CHANGED, "3/5")}),
        ("INSERT INTO protokoll_anspruch SELECT hash, hash FROM protokoll WHERE kette = 3 AND nummer = 5",
         {(Kind.INSERTED, "claims")}),
        ("DELETE FROM protokoll_schluessel", {(Kind.MISSING, "key {key}")}),
        ("UPDATE protokoll_schluessel SET mandant = 'x'", {(Kind.CHANGED, "key {key}")}),
        ("UPDATE protokoll_schluessel SET tresor = '00000000'", {(Kind.MISSING, "key {key}")}),
        ("UPDATE protokoll_schluessel SET huelle = substr(huelle, 2)", {(Kind.CHANGED, "key {key}")}),
        ("UPDATE protokoll SET monat = 0 WHERE kette = 3 AND nummer = 5", {(Kind.CHANGED, "3/5")}),
        ("INSERT INTO protokoll_halt SELECT 3, 5, 1, 'x', hash, hash FROM protokoll_kopf WHERE kette = 3",
         {(Kind.SEAL, "3/5")}),
        ("INSERT INTO protokoll_loeschung SELECT 1, 202601, 'x', 1, 1, '[]', hash, hash, siegel "
         "FROM protokoll_kopf WHERE kette = 3", {(Kind.SEAL, "deletion 1"), (Kind.CHANGED, "deletion 1")}),
    ],
)  # fmt: skip
def test_what_is_done_to_what_stands_beside_the_entries_is_named(
    db: Engine, schluessel: Protokollschluessel, statement: str, expected: Found
) -> None:
    [(key, monat)] = rows(db, "SELECT id, monat FROM protokoll_schluessel")
    sql(db, statement)
    assert found(db, schluessel) == {(kind, place.format(monat=monat, key=key)) for kind, place in expected}


def test_an_entry_put_into_another_month_is_named(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    """It would be deleted too early, or too late."""
    uhr = [datetime(2026, 5, 1, tzinfo=UTC)]
    with closing(SqlProtokoll(engine, schluessel, uhr=lambda: uhr[0])) as protokoll:
        protokoll.record(eintrag())
        uhr[0] = datetime(2026, 6, 1, tzinfo=UTC)
        protokoll.record(eintrag())
    sql(engine, "UPDATE protokoll SET monat = 202605 WHERE nummer = 2")
    assert found(leser, schluessel) == {(Kind.CHANGED, "1/2")}


def test_many_changed_entries_do_not_hide_a_missing_index_row(
    db: Engine, schluessel: Protokollschluessel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However strange the values, and more of them than are kept."""
    monkeypatch.setattr("gateway.protokoll.beipruefung.MAX_FINDINGS", 2)
    strange = "'spät'" if db.dialect.name == "sqlite" else "9000000000000000000"
    sql(
        db,
        f"UPDATE protokoll SET gespeichert = {strange} WHERE kette = 2",
        "UPDATE protokoll SET verzeichnis = hash WHERE kette = 1",
        "DELETE FROM protokoll_index WHERE kette = 3 AND nummer = 5 AND art = 2",
    )
    assert (Kind.MISSING, "3/5") in found(db, schluessel)
