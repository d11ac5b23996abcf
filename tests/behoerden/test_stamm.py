"""What the operator changes of an authority, its users and certificates."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from gateway.behoerden import auskunft, benutzer, stamm, zertifikate
from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.register import SqlBehoerden
from gateway.envelope import pki
from gateway.envelope.zertifikate import fingerprint
from gateway.errors import StoreError
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.rechte import Rechte, Stunden, Zugang, als_tabelle, aus_tabelle

AMT = Behoerde("dbs:030010990000", "Ordnungsamt Musterstadt", Rolle.EINFACH)
POLIZEI = Behoerde("dbs:060030020000", "Polizei S Stadt", Rolle.SICHERHEIT, nummer=1)
CERTIFICATE, OTHER = "ab" * 32, "cd" * 32
NOW = datetime(2026, 5, 4, tzinfo=UTC)

ALLE_RECHTE = {
    "elemente": ["1330:1", "1332:7"],
    "auswahldaten": ["familienname", "strasse"],
    "phonetik": False,
    "freie_suche": False,
    "suchbereich": "kreis",
    "stunden": "06:00-20:30",
    "je_sekunde": 5,
    "je_tag": 1000,
    "treffer_je_tag": 200,
}


@pytest.fixture
def amt(v: Verwaltung) -> Callable[[], Zugang]:
    """What the exchange sees of the registered office."""
    stamm.registriere(v, AMT)
    zertifikate.ordne_zu(v, AMT.kennung, CERTIFICATE)

    def seen() -> Zugang:
        behoerde = SqlBehoerden(v.engine).of_certificate(CERTIFICATE)
        assert behoerde is not None
        return behoerde.zugang

    return seen


def test_rights_are_what_was_set_and_can_be_taken_back(v: Verwaltung, amt: Callable[[], Zugang]) -> None:
    assert amt().rechte == Rechte()
    stamm.setze_rechte(v, AMT.kennung, aus_tabelle(ALLE_RECHTE))
    assert als_tabelle(amt().rechte) == ALLE_RECHTE
    assert amt().rechte.stunden == Stunden(datetime(1, 1, 1, 6).time(), datetime(1, 1, 1, 20, 30).time())
    stamm.setze_rechte(v, AMT.kennung, stamm.geaenderte_rechte(v, AMT.kennung, {"stunden": None, "je_tag": 7}))
    assert als_tabelle(amt().rechte) == {key: wert for key, wert in ALLE_RECHTE.items() if key != "stunden"} | {
        "je_tag": 7
    }
    stamm.setze_rechte(v, AMT.kennung, Rechte())
    assert amt().rechte == Rechte()


@pytest.mark.parametrize(
    ("tabelle", "says"),
    [
        ({"farbe": 1}, "farbe is no right"),
        ({"je_tag": 0}, "je_tag: must be a whole number"),
        ({"je_tag": True}, "je_tag: must be a whole number"),
        ({"je_sekunde": "5"}, "je_sekunde: must be a whole number"),
        ({"stunden": "6-20"}, "stunden: must be a span of the day"),
        ({"stunden": "06:00-06:00"}, "stunden: must be a span of the day"),
        ({"suchbereich": "welt"}, "suchbereich: must be one of gemeinde, kreis, bezirk, land"),
        ({"elemente": ["7"]}, "elemente: 7 is not written as 1330:7"),
        ({"elemente": ["9910:13"]}, "elemente: 9910:13 is not written as 1330:7.* 9910:geburtsdatum"),
        ({"elemente": ["9910:azr_nummer"]}, "elemente: 9910:azr_nummer is not written as"),
        ({"elemente": "1330:7"}, "elemente: must be a list"),
        ({"auswahldaten": ["haarfarbe"]}, "auswahldaten: haarfarbe is no Auswahldatum"),
        ({"phonetik": 1}, "phonetik: must be true or false"),
    ],
)
def test_a_right_that_is_none_is_refused_by_name(tabelle: dict[str, object], says: str) -> None:
    with pytest.raises(BehoerdenError, match=says):
        stamm.lies_rechte(tabelle)


def test_hours_may_go_over_midnight() -> None:
    nachts = Stunden(datetime(1, 1, 1, 22).time(), datetime(1, 1, 1, 6).time())
    assert [nachts.umfasst(datetime(1, 1, 1, hour).time()) for hour in (21, 22, 0, 5, 6, 12)] == [
        False, True, True, True, False, False,
    ]  # fmt: skip


def test_a_user_is_blocked_registered_or_not_however_it_is_written(v: Verwaltung, amt: Callable[[], Zugang]) -> None:
    benutzer.lege_an(v, AMT.kennung, "m.muster")
    benutzer.sperre(v, AMT.kennung, "m.muster")
    benutzer.sperre(v, AMT.kennung, "Frau  Fremd")
    assert [amt().sperrt(name) for name in ("m.muster", " M.Muster ", "frau fremd", "e.erlaubt")] == [
        True, True, True, False,
    ]  # fmt: skip
    benutzer.sperre(v, AMT.kennung, "j.müller")
    assert amt().sperrt("j.mu\u0308ller"), "a letter and its dots apart"
    benutzer.entsperre(v, AMT.kennung, "m.muster")
    assert not amt().sperrt("m.muster")


def test_only_registered_users_may_ask_where_that_is_wanted(v: Verwaltung, amt: Callable[[], Zugang]) -> None:
    benutzer.lege_an(v, AMT.kennung, "m.muster")
    assert amt().laesst_zu("wer auch immer")
    benutzer.nur_benutzer(v, AMT.kennung, nur=True)
    assert (amt().laesst_zu("m.muster"), amt().laesst_zu("wer auch immer")) == (True, False)
    benutzer.nur_benutzer(v, AMT.kennung, nur=False)
    assert amt().laesst_zu("wer auch immer")


def test_an_administrator_cannot_free_whom_the_operator_has_blocked(v: Verwaltung, amt: Callable[[], Zugang]) -> None:
    administrator = replace(v, wer="konto:admin", fuer=AMT.kennung)
    benutzer.lege_an(administrator, AMT.kennung, "m.muster")
    benutzer.sperre(administrator, AMT.kennung, "m.muster")
    benutzer.entsperre(administrator, AMT.kennung, "m.muster")
    benutzer.sperre(administrator, AMT.kennung, "m.muster")
    benutzer.sperre(v, AMT.kennung, "m.muster")  # the operator's block outdoes the other
    with pytest.raises(BehoerdenError, match="was blocked by the operator"):
        benutzer.entsperre(administrator, AMT.kennung, "m.muster")
    with pytest.raises(BehoerdenError, match="is blocked already"):
        benutzer.sperre(administrator, AMT.kennung, "m.muster")
    assert amt().sperrt("m.muster")


def test_a_sicherheitsbehoerde_chooses_who_keeps_the_protokoll_and_since_when_is_known(v: Verwaltung) -> None:
    v = replace(v, uhr=lambda: NOW)
    stamm.registriere(v, POLIZEI)
    stamm.registriere(v, AMT)
    stamm.beauftrage_protokoll(v, POLIZEI.kennung, beauftragt=True)
    shown = auskunft.behoerde(v, POLIZEI.kennung)
    assert (shown["protokoll_beauftragt"], shown["protokoll_seit"]) == (True, "2026-05-04")
    with pytest.raises(BehoerdenError, match="commissioned it already"):
        stamm.beauftrage_protokoll(v, POLIZEI.kennung, beauftragt=True)
    with pytest.raises(BehoerdenError, match="only a Sicherheitsbehörde"):
        stamm.beauftrage_protokoll(v, AMT.kennung, beauftragt=True)


def test_two_certificates_are_valid_at_once_and_one_can_be_blocked_alone(
    v: Verwaltung, amt: Callable[[], Zugang]
) -> None:
    zertifikate.ordne_zu(v, AMT.kennung, OTHER)
    assert amt().gesperrte_zertifikate == frozenset()
    zertifikate.sperre(v, OTHER[:8], gesperrt=True)
    assert amt().gesperrte_zertifikate == {OTHER}
    with pytest.raises(BehoerdenError, match="blocked already"):
        zertifikate.sperre(v, OTHER, gesperrt=True)
    zertifikate.sperre(v, OTHER, gesperrt=False)
    assert amt().gesperrte_zertifikate == frozenset()
    with pytest.raises(BehoerdenError, match="no certificate has this fingerprint"):
        zertifikate.sperre(v, "00000000", gesperrt=True)


def test_a_certificate_is_not_blocked_where_the_register_cannot_be_read(v: Verwaltung, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE behoerde_zertifikat"))
    with pytest.raises(StoreError):
        zertifikate.sperre(v, OTHER[:8], gesperrt=True)


def test_of_a_certificate_subject_serial_and_validity_are_kept(v: Verwaltung) -> None:
    v = replace(v, uhr=lambda: NOW)
    stamm.registriere(v, AMT)
    one = pki.issue_signing(pki.make_ca("CA", NOW), AMT.kennung, AMT.name, NOW).certificate
    assert zertifikate.ordne_zu(v, AMT.kennung, one) == fingerprint(one)
    (row,) = auskunft.behoerde(v, AMT.kennung)["zertifikate"]
    assert row["subject"] == one.subject.rfc4514_string()
    assert row["serial"] == f"{one.serial_number:x}"
    assert datetime.fromisoformat(row["gueltig_bis"]) == one.not_valid_after_utc
    expired = replace(v, uhr=lambda: one.not_valid_after_utc)
    other = pki.issue_signing(pki.make_ca("CA", NOW), AMT.kennung, AMT.name, NOW).certificate
    with pytest.raises(BehoerdenError, match="the certificate has expired"):
        zertifikate.ordne_zu(expired, AMT.kennung, other)


def test_an_authority_is_warned_of_when_its_last_certificate_ends_soon(v: Verwaltung) -> None:
    v = replace(v, uhr=lambda: NOW)
    ca = pki.make_ca("CA", NOW)
    for behoerde in (AMT, POLIZEI):
        stamm.registriere(v, behoerde)
        zertifikate.ordne_zu(
            v, behoerde.kennung, pki.issue_signing(ca, behoerde.kennung, behoerde.name, NOW).certificate
        )
    later = NOW + timedelta(days=200)
    newer = pki.issue_signing(ca, AMT.kennung, AMT.name, later).certificate
    zertifikate.ordne_zu(v, AMT.kennung, newer)
    (row,) = auskunft.behoerde(v, POLIZEI.kennung)["zertifikate"]
    end = datetime.fromisoformat(row["gueltig_bis"])
    assert zertifikate.ablaufende(v.engine, end - timedelta(days=61), 60) == []
    assert [one.kennung for one in zertifikate.ablaufende(v.engine, end - timedelta(days=60), 60)] == [POLIZEI.kennung]
    zertifikate.sperre(v, fingerprint(newer), gesperrt=True)  # one that is blocked replaces none
    assert len(zertifikate.ablaufende(v.engine, end - timedelta(days=60), 60)) == 2
    stamm.sperre(v, POLIZEI.kennung, gesperrt=True)
    assert [one.kennung for one in zertifikate.ablaufende(v.engine, end - timedelta(days=60), 60)] == [AMT.kennung]


def test_a_register_with_rights_that_cannot_be_read_lets_nobody_in(v: Verwaltung, engine: Engine) -> None:
    stamm.registriere(v, AMT)
    zertifikate.ordne_zu(v, AMT.kennung, CERTIFICATE)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE behoerde SET rechte = '{'")
    with pytest.raises(StoreError, match="the rights of an authority cannot be read"):
        SqlBehoerden(engine).of_certificate(CERTIFICATE)
