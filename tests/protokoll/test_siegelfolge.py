"""What somebody does with an old key of the seal, or with its changes, is found: by `verify` and by the script."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, text, update

from gateway.protokoll import Kind, create_schema, verify
from gateway.protokoll.kette import (
    FELDER,
    LOESCHFELDER,
    WECHSELFELDER,
    eintrag_hash,
    halt_text,
    kopf_text,
    loeschung_hash,
    loeschung_text,
    pack_verweise,
    siegel_text,
    stand_text,
    wechsel_hash,
    wechsel_text,
    wurzel_hash,
)
from gateway.protokoll.schluessel import (
    Protokollschluessel,
    Siegelschluessel,
    create_protokollschluessel,
    load_protokollschluessel,
)
from gateway.protokoll.tabellen import EINTRAG, HALT, KETTE, KOPF, LOESCHUNG, STAND, WECHSEL
from tests.databases import database_url, opened
from tests.protokoll.eintraege import sql
from tests.protokoll.siegelbestand import (
    alt,
    bestand,
    beweis,
    beweiszeilen,
    found,
    said,
    schluessel,
    schluessel_datei,
    seals_at_once,
    write,
)
from tests.protokoll.test_beweis import pruefe

__all__ = ["alt", "bestand", "database_url", "schluessel", "schluessel_datei", "seals_at_once"]


def append(engine: Engine, key: Siegelschluessel, kette: int, *, head: bool) -> None:
    """One more entry behind a chain's last one, sealed with `key`, with its head or without."""
    with engine.begin() as connection:
        chain = connection.execute(select(KETTE).where(KETTE.c.nr == kette)).one()
        last = connection.execute(
            select(EINTRAG).where(EINTRAG.c.kette == kette).order_by(EINTRAG.c.nummer.desc()).limit(1)
        ).one()
        row = last._asdict() | {"nummer": last.nummer + 1, "anspruch": None, "verzeichnis": None, "inhalt": None}
        row |= {"schluessel": None, "verweise": pack_verweise(()), "vorgaenger": last.hash}
        digest = eintrag_hash(last.hash, [row[name] for name in FELDER])
        row |= {"hash": digest, "siegel": key.sign(siegel_text(chain.kennung, row["nummer"], digest))}
        connection.execute(insert(EINTRAG), row)
        if head:
            siegel = key.sign(kopf_text(chain.kennung, row["nummer"], digest))
            values = {"nummer": row["nummer"], "hash": digest, "siegel": siegel}
            connection.execute(update(KOPF).where(KOPF.c.kette == kette).values(**values))


def test_a_chain_that_goes_on_with_the_old_key_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    append(bestand, alt, 1, head=True)
    assert found(bestand, schluessel) == {(Kind.SEAL, "1")}
    assert f"1: the seal of the chain's head is forged: sealed with the key {alt.id}, outside" in said(
        bestand, schluessel
    )
    urteil = beweis(bestand, schluessel, tmp_path / "b")
    assert urteil.befunde == {"SIEGEL Kette 1"}
    assert f"gesiegelt mit Schlüssel {alt.id} außerhalb seiner Zeit" in urteil.zeilen[0]


def test_an_entry_behind_the_end_that_the_change_has_sealed_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    append(bestand, alt, 1, head=False)
    assert found(bestand, schluessel) == {(Kind.INSERTED, "1/5")}
    assert beweis(bestand, schluessel, tmp_path / "b").rc == 0  # no part of the evidence


def test_an_entry_of_a_new_chain_that_is_sealed_with_the_old_key_is_found_and_named(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    with bestand.begin() as connection:
        kennung = connection.scalar(select(KETTE.c.kennung).where(KETTE.c.nr == 6))
        place = (EINTRAG.c.kette == 6, EINTRAG.c.nummer == 2)
        digest = connection.scalar(select(EINTRAG.c.hash).where(*place))
        assert kennung is not None
        assert digest is not None
        siegel = alt.sign(siegel_text(kennung, 2, digest))
        connection.execute(update(EINTRAG).where(*place).values(siegel=siegel))
    assert found(bestand, schluessel) == {(Kind.SEAL, "6/2")}
    assert f"sealed with the key {alt.id}, outside of that key's span" in said(bestand, schluessel)
    urteil = beweis(bestand, schluessel, tmp_path / "b")
    assert urteil.befunde == {"SIEGEL 6/2"}
    assert alt.id in urteil.zeilen[0]


def test_a_chain_that_names_another_key_than_that_of_its_time_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    sql(bestand, f"UPDATE protokoll_kette SET siegel_schluessel = '{alt.id}' WHERE nr = 6")
    assert found(bestand, schluessel) >= {(Kind.SEAL, "6")}
    assert "SIEGEL Kette 6" in beweis(bestand, schluessel, tmp_path / "b").befunde


def store_wechsel(engine: Engine, alt: Siegelschluessel, neu: Siegelschluessel, nr: int, **changes: object) -> None:
    """In place of the one with this number, or behind the last; signed by whom somebody has the keys of."""
    with engine.begin() as connection:
        last = connection.execute(select(WECHSEL).order_by(WECHSEL.c.nr.desc()).limit(1)).one()
        now = connection.execute(select(WECHSEL).where(WECHSEL.c.nr == nr)).one_or_none()
        row = (now or last)._asdict() | {"nr": nr, "neu": neu.oeffentlich.public_bytes_raw()}
        if now is None:
            row |= {"alt": last.neu, "vorgaenger": last.hash}
        row |= changes
        row["hash"] = wechsel_hash(row["vorgaenger"], [row[name] for name in WECHSELFELDER])
        text_ = wechsel_text(row["hash"])
        row |= {"siegel_alt": alt.sign(text_), "siegel_neu": neu.sign(text_)}
        connection.execute(text("DELETE FROM protokoll_siegelwechsel WHERE nr = :nr"), {"nr": nr})
        connection.execute(insert(WECHSEL), row)


@pytest.fixture
def fremd(tmp_path: Path) -> Siegelschluessel:
    create_protokollschluessel(tmp_path / "fremd.key")
    return load_protokollschluessel(tmp_path / "fremd.key").stand.siegel


def test_a_forged_successor_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, fremd: Siegelschluessel, tmp_path: Path
) -> None:
    store_wechsel(bestand, alt, fremd, 3)  # not by the key before, which nobody has
    assert found(bestand, schluessel) == {(Kind.SEAL, "seal change 3")}
    assert beweis(bestand, schluessel, tmp_path / "b").befunde == {"SIEGEL Schlüsselwechsel 3"}


def test_another_successor_by_the_old_key_itself_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, fremd: Siegelschluessel, tmp_path: Path
) -> None:
    store_wechsel(bestand, alt, fremd, 1)
    assert found(bestand, schluessel) >= {(Kind.SEAL, "seal change 2"), (Kind.SEAL, "seal")}
    assert "SIEGEL Schlüsselwechsel 2" in beweis(bestand, schluessel, tmp_path / "b").befunde
    sql(bestand, "DELETE FROM protokoll_siegelwechsel WHERE nr = 2")
    assert found(bestand, schluessel) >= {(Kind.SEAL, "seal")}
    assert f"the newest key of the seal, {fremd.id}, is not in the instance's key file" in said(bestand, schluessel)
    assert beweis(bestand, schluessel, tmp_path / "b", "--schluessel", schluessel.stand.siegel.id).rc == 1


def test_a_change_in_any_column_of_a_change_is_found(
    bestand: Engine, schluessel: Protokollschluessel, tmp_path: Path
) -> None:
    with bestand.connect() as connection:
        whole = connection.execute(select(WECHSEL).where(WECHSEL.c.nr == 2)).one()._asdict()
    for column, value in whole.items():
        changed = whole | {column: b"\1" * 32 if isinstance(value, bytes) else 7}
        for row, befunde in ((changed, {f"SIEGEL Schlüsselwechsel {changed['nr']}"}), (whole, set())):
            sql(bestand, "DELETE FROM protokoll_siegelwechsel WHERE nr > 1")
            with bestand.begin() as connection:
                connection.execute(insert(WECHSEL), row)
            assert beweis(bestand, schluessel, tmp_path / "b").befunde >= befunde
            places = {place for kind, place in found(bestand, schluessel) if kind is Kind.SEAL}
            assert (f"seal change {row['nr']}" in places) is bool(befunde)


@pytest.mark.parametrize("nr", [1, 2])
def test_a_change_that_is_missing_is_found(
    bestand: Engine, schluessel: Protokollschluessel, tmp_path: Path, nr: int
) -> None:
    sql(bestand, f"DELETE FROM protokoll_siegelwechsel WHERE nr = {nr}")
    assert not verify(bestand, schluessel).intact
    assert beweis(bestand, schluessel, tmp_path / "b").rc == 1


def store_loeschung(engine: Engine, key: Siegelschluessel, nr: int, **changes: object) -> None:
    with engine.begin() as connection:
        row = connection.execute(select(LOESCHUNG).where(LOESCHUNG.c.nr == nr)).one()._asdict() | changes
        row["hash"] = loeschung_hash(row["vorgaenger"], [row[name] for name in LOESCHFELDER])
        row["siegel"] = key.sign(loeschung_text(row["hash"]))
        connection.execute(update(LOESCHUNG).where(LOESCHUNG.c.nr == nr).values(**row))


def test_a_record_of_a_deletion_with_the_old_key_excuses_nothing(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    store_loeschung(bestand, alt, 2)
    assert found(bestand, schluessel) >= {(Kind.SEAL, "deletion 2"), (Kind.MISSING, "5/1-2")}
    assert f"it excuses nothing: sealed with the key {alt.id}" in said(bestand, schluessel)
    assert beweis(bestand, schluessel, tmp_path / "b").befunde >= {"SIEGEL Löschung 2", "FEHLT 5/1-2"}


def test_a_record_of_a_deletion_made_anew_with_the_key_of_its_time_is_not_the_one_that_the_change_has_seen(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    sql(bestand, "DELETE FROM protokoll_loeschung WHERE nr = 2")  # so that nothing follows it
    store_loeschung(bestand, alt, 1, geloescht=1)
    assert (Kind.CHANGED, "deletion 1") in found(bestand, schluessel)
    assert "GEÄNDERT Löschung 1" in beweis(bestand, schluessel, tmp_path / "b").befunde
    sql(bestand, "DELETE FROM protokoll_loeschung")
    assert (Kind.MISSING, "deletion 1") in found(bestand, schluessel)
    assert "GEÄNDERT Löschung 1" in beweis(bestand, schluessel, tmp_path / "b").befunde


def test_a_hold_with_the_old_key_is_found(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel
) -> None:
    with bestand.begin() as connection:
        row = connection.execute(select(HALT, KETTE.c.kennung).join(KETTE, KETTE.c.nr == HALT.c.kette)).one()
        siegel = alt.sign(halt_text(row.kennung, row.nummer, row.seit, row.tresor, row.huelle))
        connection.execute(update(HALT).values(siegel=siegel))
    assert (Kind.SEAL, "1/1") in found(bestand, schluessel)
    assert f"the hold on the entry is forged: sealed with the key {alt.id}" in said(bestand, schluessel)


def test_somebody_elses_protokoll_does_not_count_as_ours_because_it_has_our_changes(
    bestand: Engine, schluessel: Protokollschluessel, alt: Siegelschluessel, tmp_path: Path
) -> None:
    """Whole in itself and sealed with a key of theirs; our changes, which are no secret, stand behind all of it."""
    ours = beweiszeilen(bestand, schluessel)
    wechsel = [zeile for zeile in ours if zeile["art"] == "siegelwechsel"]
    create_protokollschluessel(tmp_path / "fremd.key")
    fremd = load_protokollschluessel(tmp_path / "fremd.key")
    with opened(f"sqlite:///{tmp_path}/fremd.sqlite") as engine:
        create_schema(engine, fremd)
        with engine.begin() as connection:
            wurzel = bytes.fromhex(ours[0]["wurzel"])
            siegel = fremd.stand.siegel.sign(stand_text(wurzel, 0, wurzel_hash(wurzel)))
            connection.execute(update(STAND).values(wurzel=wurzel, hash=wurzel_hash(wurzel), siegel=siegel))
        write(engine, fremd, 3)
        theirs = beweiszeilen(engine, fremd)
    assert pruefe(tmp_path / "b", theirs).rc == 0
    assert pruefe(tmp_path / "b", theirs, "--schluessel", alt.id).rc == 1
    for place in (1, 2, len(theirs)):
        mixed = [*theirs[:place], *wechsel, *theirs[place:]]
        assert pruefe(tmp_path / "b", mixed, "--schluessel", alt.id).rc != 0
