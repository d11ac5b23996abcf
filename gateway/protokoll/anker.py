"""Anchors: the signed state of the Protokoll, to be kept elsewhere. What was set back, or went on twice, shows by them.

A database that somebody has put back to an earlier state of itself is whole and signed. Only who has seen a later state
can tell; an anchor has, and so has whoever keeps it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Engine, func, select

from gateway.database import store_errors
from gateway.errors import ConfigError, StoreError
from gateway.protokoll.befund import Findings, Kind
from gateway.protokoll.kette import anker_text, kopf_text
from gateway.protokoll.loeschpruefung import Geloescht
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.siegelfolge import Siegelfolge
from gateway.protokoll.stand import siegelnd, signed
from gateway.protokoll.tabellen import EINTRAG, KETTE, KOPF, LOESCHUNG, STAND
from gateway.protokoll.verbindung import snapshot
from gateway.protokoll.zeit import from_micros, micros

FORMAT = "xmeld-gateway-anker-1"
MAX_BYTES = 50_000_000


@dataclass(frozen=True)
class Anker:
    """A state of the Protokoll. `koepfe`: of each chain number, hash of its row, number and hash of its last entry.

    `aenderungen`: number and hash of the newest change of the register of authorities; None where it was not noted.
    """

    wurzel: str
    erstellt: int
    ketten: int
    koepfe: tuple[tuple[int, str, int, str], ...]
    loeschungen: int
    aenderungen: tuple[int, str] | None = None

    @property
    def moment(self) -> datetime:
        """When it was made."""
        return from_micros(self.erstellt)


def make_anker(
    engine: Engine, schluessel: Protokollschluessel, now: datetime, aenderungen: tuple[int, str] | None = None
) -> str:
    """The present state, signed, as JSON. Raises StoreError, also when a seal does not hold: run protokoll verify.

    `aenderungen`: see Anker.
    """
    datei = schluessel.stand
    with store_errors("the Protokoll cannot be read"), snapshot(engine) as connection:
        stand = connection.execute(select(STAND)).one_or_none()
        query = select(KETTE.c.nr, KETTE.c.kennung, KETTE.c.hash, KOPF.c.nummer, KOPF.c.hash, KOPF.c.siegel)
        rows = connection.execute(query.outerjoin(KOPF, KOPF.c.kette == KETTE.c.nr).order_by(KETTE.c.nr)).all()
        loeschungen = connection.scalar(select(func.coalesce(func.max(LOESCHUNG.c.nr), 0))) or 0
    siegel = siegelnd(datei, stand) if stand is not None else None
    if stand is None or siegel is None or not all(_head_holds(siegel.oeffentlich, row) for row in rows):
        raise StoreError("a seal of the Protokoll does not hold, so no anchor is made: run protokoll verify")
    state = {
        "format": FORMAT,
        "wurzel": stand.wurzel.hex(),
        "erstellt": micros(now),
        "ketten": stand.ketten,
        "koepfe": [[nr, digest.hex(), nummer, ende.hex()] for nr, _, digest, nummer, ende, _ in rows],
        "loeschungen": loeschungen,
        **({"aenderungen": list(aenderungen)} if aenderungen else {}),
    }
    return json.dumps({**state, "siegel": siegel.sign(anker_text(_canonical(state))).hex()}) + "\n"


def read_anker(path: Path, folge: Siegelfolge) -> Anker:
    """One that `make_anker` has made of this Protokoll, with the key of that time. Raises ConfigError otherwise."""
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(MAX_BYTES))
        state = {name: value for name, value in document.items() if name != "siegel"}
        glied = folge.signer(bytes.fromhex(document["siegel"]), anker_text(_canonical(state)))
        koepfe = tuple((nr, row, nummer, ende) for nr, row, nummer, ende in state["koepfe"])
        changes = tuple(state["aenderungen"]) if "aenderungen" in state else None
        anker = Anker(state["wurzel"], state["erstellt"], state["ketten"], koepfe, state["loeschungen"], changes)
        _check_form(anker)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        glied = None
    if glied is None or state["format"] != FORMAT:
        raise ConfigError(f"{path} is no anchor of this Protokoll's keys")
    ketten, loeschungen = folge.bis(glied)
    if ketten is not None and loeschungen is not None and (anker.ketten > ketten or anker.loeschungen > loeschungen):
        raise ConfigError(f"{path} is no anchor: it is sealed with the key {glied.id}, outside of that key's span")
    return anker


def compare(connection: Connection, anker: Anker, geloescht: Geloescht, findings: Findings) -> None:
    """What is not any more, or no longer, as the anchor has seen it."""
    seen = f"the anchor of {anker.moment:%Y-%m-%d %H:%M} has seen it"
    stand = connection.execute(select(STAND)).one_or_none()
    if stand is None or not isinstance(stand.wurzel, bytes) or stand.wurzel.hex() != anker.wurzel:
        findings.add(Kind.FORKED, "register", "the anchor is of another Protokoll")
        return
    if stand.ketten < anker.ketten:
        findings.add(Kind.SET_BACK, f"{stand.ketten + 1}-{anker.ketten}", f"chains are not there: {seen}")
    if (connection.scalar(select(func.coalesce(func.max(LOESCHUNG.c.nr), 0))) or 0) < anker.loeschungen:
        findings.add(Kind.SET_BACK, f"deletion {anker.loeschungen}", f"the record of a deletion is not there: {seen}")
    for nr, row, nummer, ende in anker.koepfe:
        _compare_chain(connection, Anspruch(nr, row, nummer, ende), geloescht, findings, seen)


@dataclass(frozen=True)
class Anspruch:
    """What an anchor says of a chain."""

    nr: int
    row: str
    nummer: int
    ende: str


def _compare_chain(connection: Connection, one: Anspruch, geloescht: Geloescht, findings: Findings, seen: str) -> None:
    query = select(KETTE.c.hash, KOPF.c.nummer).outerjoin(KOPF, KOPF.c.kette == KETTE.c.nr).where(KETTE.c.nr == one.nr)
    chain = connection.execute(query).one_or_none()
    if chain is None:
        return  # named with the register
    if chain.hash.hex() != one.row:
        findings.add(Kind.FORKED, str(one.nr), f"the history is forked: another chain of this number, {seen}")
        return
    if (chain.nummer or 0) < one.nummer:
        last = chain.nummer or 0
        findings.add(Kind.SET_BACK, f"{one.nr}/{last + 1}-{one.nummer}", f"entries are not there: {seen}")
        return
    e = EINTRAG.c
    digest = connection.scalar(select(e.hash).where(e.kette == one.nr, e.nummer == one.nummer))
    weg = geloescht.at(one.nr, one.nummer) if digest is None else None
    if weg is not None:
        digest = weg.hash if weg.bis == one.nummer else bytes.fromhex(one.ende)
    if digest is None or digest.hex() != one.ende:
        findings.add(Kind.FORKED, f"{one.nr}/{one.nummer}", f"the history is forked: another entry, {seen}")


def _check_form(anker: Anker) -> None:
    """Who has a key that seals no more can sign anything. Raises TypeError, ValueError, OverflowError."""
    nummer, digest = anker.aenderungen or (0, "")
    zahlen = [anker.ketten, anker.loeschungen, nummer, *(n for nr, _, last, _ in anker.koepfe for n in (nr, last))]
    if not all(isinstance(zahl, int) and 0 <= zahl < 1 << 63 for zahl in zahlen):  # as the database has them
        raise TypeError("a number of an anchor is none")
    for text in (anker.wurzel, digest, *(text for _, row, _, ende in anker.koepfe for text in (row, ende))):
        bytes.fromhex(text)
    from_micros(anker.erstellt)


def _head_holds(key: Ed25519PublicKey, row: Any) -> bool:
    _nr, kennung, _digest, nummer, ende, siegel = row
    try:
        return signed(key, siegel, kopf_text(kennung, nummer, ende))
    except (TypeError, ValueError):
        return False


def _canonical(state: Mapping[str, object]) -> bytes:
    return json.dumps(state, sort_keys=True, separators=(",", ":")).encode()
