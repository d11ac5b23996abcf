"""Entries for tests, with an invented person."""

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, text

from gateway.ports import Protokolleintrag, Suchart, Suchbegriff

POLIZEI = "dbs:060030020000"
GEMEINDE = "dbs:039990010000"
NAME = "Zwirnemann-Ochsenkühn"
INHALT: dict[str, object] = {
    "abrufberechtigte_stelle": "Ordnungsamt Musterstadt",
    "aktenzeichen": "12 Js 345/26",
    "anlass": "Ordnungswidrigkeit",
    "kennung": "verfahren-7",
    "treffer": [{"familienname": NAME, "vornamen": ["Änne", "Kunigunde"], "geburtsdatum": "1964-00-00"}],
}
BEGRIFFE = (
    Suchbegriff(Suchart.NUTZER, f"{POLIZEI}\nverfahren-7"),
    Suchbegriff(Suchart.AKTENZEICHEN, "12 js 345/26"),
    Suchbegriff(Suchart.ANLASS, "ordnungswidrigkeit"),
    Suchbegriff(Suchart.PERSON, "03999001\n1234"),
    Suchbegriff(Suchart.NAME, "ZWIRNEMANNOCHSENKUEHN\nKUNIGUNDE\n1964-00-00"),
)


def digest(text: str) -> bytes:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).digest()


def eintrag(**changes: Any) -> Protokolleintrag:
    """A proper entry of an Auskunft, with a UUID of its own unless given."""
    moment = datetime(2026, 5, 4, 3, 2, 1, 123456, tzinfo=UTC)
    values: dict[str, Any] = {
        "empfangen": moment,
        "beantwortet": moment,
        "transport": "soap",
        "anfrage_digest": digest("anfrage"),
        "antwort_digest": digest("antwort"),
        "ergebnis": "auskunft",
        "codes": ("01",),
        "behoerde": POLIZEI,
        "fingerprint": "ab" * 32,
        "nachrichtentyp": "1330",
        "nachricht_uuid": str(uuid4()),
        "nachricht_digest": digest("nachricht"),
        "treffer": 1,
        "inhalt": INHALT,
        "suchbegriffe": BEGRIFFE,
    }
    if "inhalt" in changes and changes["inhalt"] is None:
        values["suchbegriffe"] = ()
    return Protokolleintrag(**{**values, **changes})


def sql(engine: Engine, *statements: str) -> None:
    """What someone does who can write the database."""
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]
