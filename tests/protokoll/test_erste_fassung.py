"""Chains that release 0.1.0 wrote, moved into today's tables: proven, read, exported and deleted like others."""

import io
import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, update

from gateway.protokoll import Einsicht, Kind, SqlProtokoll, Stelle, verify
from gateway.protokoll import aufbewahrung as modul
from gateway.protokoll.aufbewahrung import Aufbewahrung, Loeschbericht
from gateway.protokoll.beweis import export
from gateway.protokoll.halten import Halteliste
from gateway.protokoll.kette import (
    FELDER,
    eintrag_hash,
    inhalt_aad,
    kette_hash,
    kopf_text,
    pack_verweise,
    siegel_text,
    stand_text,
)
from gateway.protokoll.monat import monat_von
from gateway.protokoll.monate import prepare
from gateway.protokoll.satz import prepare as satz_of
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.tabellen import ANSPRUCH, EINTRAG, KETTE, KOPF, STAND
from gateway.protokoll.zeit import micros
from tests.protokoll.eintraege import INHALT, eintrag, sql

SKRIPT = Path(modul.__file__).parent / "pruefskript" / "pruefe_protokoll.py"
MAI = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture
def alt(engine: Engine, schluessel: Protokollschluessel) -> Engine:
    """Chain 1 with three entries, each sealed, contents encrypted by the key file itself."""
    kennung, jetzt = os.urandom(16), micros(MAI)
    with engine.begin() as connection:
        prepare(connection, monat_von(jetzt))
        stand = connection.execute(select(STAND)).one()
        werte = {
            "nr": 1,
            "kennung": kennung,
            "begonnen": jetzt,
            "siegel_schluessel": schluessel.stand.siegel.id,
            "fassung": 1,
        }
        ende = kette_hash(stand.hash, list(werte.values()))
        connection.execute(insert(KETTE), {**werte, "vorgaenger": stand.hash, "hash": ende})
        siegel = schluessel.stand.siegel.sign(stand_text(stand.wurzel, 1, ende))
        connection.execute(update(STAND).values(ketten=1, hash=ende, siegel=siegel))
        for nummer in (1, 2, 3):
            satz = satz_of(eintrag(), schluessel)
            assert satz.inhalt is not None
            key_id, inhalt = schluessel.encrypt(satz.inhalt, inhalt_aad(kennung, nummer))
            felder = (nummer, jetzt, *satz.vorne, satz.anspruch, 0, 1, key_id, inhalt, None, pack_verweise(()))
            digest = eintrag_hash(ende, felder, 1)
            row = dict(zip(FELDER, felder, strict=True)) | {"vorgaenger": ende, "hash": digest}
            row |= {
                "siegel": schluessel.stand.siegel.sign(siegel_text(kennung, nummer, digest)),
                "monat": monat_von(jetzt),
            }
            connection.execute(insert(EINTRAG), {"kette": 1, **row})
            claim = {"anspruch": satz.anspruch, "nachricht_digest": satz.nachricht_digest}
            connection.execute(insert(ANSPRUCH), claim)
            ende = digest
        head = {"kette": 1, "nummer": 3, "hash": ende, "geaendert": jetzt}
        connection.execute(insert(KOPF), {**head, "siegel": schluessel.stand.siegel.sign(kopf_text(kennung, 3, ende))})
    return engine


def test_they_are_proven_and_read_and_new_chains_follow_them(
    alt: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    with closing(SqlProtokoll(alt, schluessel, uhr=lambda: MAI)) as protokoll:
        protokoll.record(eintrag())
    result = verify(leser, schluessel)
    assert (result.findings, result.entries, result.chains) == ((), 4, 2)
    assert Einsicht(leser).read(Stelle(1, 2), schluessel) == INHALT


@pytest.mark.parametrize("column", ["treffer = 7", "inhalt = hash", "verzeichnis = hash"])
def test_a_change_is_found(alt: Engine, leser: Engine, schluessel: Protokollschluessel, column: str) -> None:
    sql(alt, f"UPDATE protokoll SET {column} WHERE nummer = 2")
    assert {(one.kind, one.place) for one in verify(leser, schluessel).findings} == {(Kind.CHANGED, "1/2")}


def test_to_say_that_a_chain_is_of_another_kind_is_a_change(
    alt: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    sql(alt, "UPDATE protokoll_kette SET fassung = 2")
    assert (Kind.CHANGED, "1") in {(one.kind, one.place) for one in verify(leser, schluessel).findings}


def test_they_are_held_exported_and_deleted_like_others(
    alt: Engine, leser: Engine, schluessel: Protokollschluessel, tmp_path: Path
) -> None:
    Halteliste(alt, schluessel).halte(Stelle(1, 2), "Verfahren", MAI)
    now = datetime(2027, 6, 1, tzinfo=UTC)
    for deleted in (0, 2):
        out = io.StringIO()
        export(leser, schluessel, MAI, now, out)
        (tmp_path / "b").write_text(out.getvalue())
        command = [sys.executable, "-I", str(SKRIPT), str(tmp_path / "b")]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0
        assert verify(leser, schluessel).deleted == deleted
        if not deleted:
            bericht = Aufbewahrung(alt, schluessel).loesche(now, uhr_stimmt=True)
            assert bericht == Loeschbericht((202605,), 2)
    assert verify(leser, schluessel).intact
    assert Einsicht(leser).read(Stelle(1, 2), schluessel) == INHALT
