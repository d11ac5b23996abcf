"""Opening a store's database."""

from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.database import open_engine, store_errors
from gateway.errors import ConfigError, StoreError
from tests.databases import opened


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://host/name",
        "sqlite://",
        "sqlite:///:memory:",
        "oracle+x://h",
        "postgresql+psycopg2://h/n",
    ],
)
def test_a_url_that_cannot_be_used_is_a_mistake_of_the_configuration(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^database: "):
        open_engine(url)


def test_what_one_engine_commits_another_reads(database_url: str) -> None:
    with opened(database_url) as writer:
        with writer.begin() as connection:
            connection.execute(text("CREATE TABLE t (a TEXT)"))
            connection.execute(text("INSERT INTO t VALUES ('x')"))
        with opened(database_url, readonly=True) as reader, reader.connect() as connection:
            assert connection.execute(text("SELECT a FROM t")).scalar() == "x"


def test_a_failed_transaction_leaves_nothing(database_url: str) -> None:
    with opened(database_url) as writer:
        with writer.begin() as connection:
            connection.execute(text("CREATE TABLE t (a TEXT)"))
        with suppress(SQLAlchemyError), writer.begin() as connection:
            connection.execute(text("INSERT INTO t VALUES ('x')"))
            connection.execute(text("INSERT INTO missing VALUES ('x')"))
            pytest.fail("the second statement must fail")
        with writer.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM t")).scalar() == 0


def test_a_read_only_engine_cannot_write(database_url: str) -> None:
    with opened(database_url) as writer, writer.begin() as connection:
        connection.execute(text("CREATE TABLE t (a TEXT)"))
    with opened(database_url, readonly=True) as reader, reader.connect() as connection:
        for statement in ("INSERT INTO t VALUES ('x')", "CREATE TABLE u (a TEXT)", "DELETE FROM t"):
            with pytest.raises(SQLAlchemyError):
                connection.execute(text(statement))


def test_a_read_only_engine_does_not_create_a_file(tmp_path: Path) -> None:
    file = tmp_path / "missing.sqlite"
    with opened(f"sqlite:///{file}", readonly=True) as reader, pytest.raises(SQLAlchemyError):
        reader.connect()
    assert not file.exists()


def test_sqlite_survives_a_crash_and_lets_readers_read_while_one_writes(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'a b.sqlite'}") as engine, engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 5000


def _insert_twice(engine: Engine, value: str) -> None:
    with store_errors("the test cannot be written"), engine.begin() as connection:
        for _ in range(2):
            connection.execute(text("INSERT INTO t VALUES (:a)"), {"a": value})


def test_an_error_of_the_store_tells_its_kind_and_no_value(database_url: str) -> None:
    with opened(database_url) as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (a TEXT PRIMARY KEY)"))
        with pytest.raises(StoreError) as caught:
            _insert_twice(engine, "Geheimnis")
    kind = "SQLITE_CONSTRAINT_PRIMARYKEY" if database_url.startswith("sqlite") else "UniqueViolation"
    assert str(caught.value) == f"the test cannot be written ({kind})"
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None


def test_an_sql_error_never_shows_its_parameters(database_url: str) -> None:
    with opened(database_url) as engine, engine.connect() as connection, pytest.raises(SQLAlchemyError) as caught:
        connection.execute(text("SELECT a FROM missing WHERE a = :a"), {"a": "Geheimnis"})
    assert "Geheimnis" not in str(caught.value)


def test_a_server_that_does_not_answer_is_a_store_error() -> None:
    with (
        opened("postgresql://nobody@127.0.0.1:1/none") as engine,
        pytest.raises(
            StoreError, match=r"^the test cannot be read \(OperationalError: connection failed: .*refused\)$"
        ),
        store_errors("the test cannot be read"),
        engine.connect(),
    ):
        pass
