"""§ 2 (3) Nds. AG BMG: a retrieval at another Land, through both gateways' whole exchange."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from lxml import etree

from gateway.abruf import vermittlung as vermittlung_modul
from gateway.abruf.suchbegriffe import MAX_VORNAMEN, namen
from gateway.envelope.parse import ANSWER
from gateway.errors import StoreError
from gateway.meldewesen.anfrage import Suchbereich
from gateway.meldewesen.reichweite import Reichweite
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.ports import Ausfall, Fremdantwort, LandNichtErreichbar
from gateway.protokoll import Suchfrage, verify
from gateway.protokoll.recherche import person_gesucht, suche
from gateway.sending import client_of
from tests.abruf.nachbarn import (
    AMT,
    DORT,
    EINFACH,
    KREISGEMEINDE,
    POLIZEI,
    SICHERHEIT,
    STADT,
    WACHE,
    Leitung,
    Nachbarn,
    nachbarn,
)
from tests.betrieb import ZENTRALE, outcome
from tests.spiegel.personen import datensatz, sperre
from tests.test_exchange import ERWEITERUNG

XMELD = "{http://www.osci.de/xmeld2511a}"
HEAD = "nachrichtenkopf.g2g/identifikation.nachricht/"


@pytest.fixture(scope="module")
def beide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nachbarn]:
    one = nachbarn(tmp_path_factory.mktemp("nachbarn"))
    one.hier.lade([datensatz("H1", "03241001", familienname="Zuhause")])
    one.dort.lade(
        [
            datensatz("1", DORT, waffenbesitzverbote=[{"erlassen": "2020-01-02"}]),
            *(datensatz(f"Z{number}", DORT, familienname="Zweimal") for number in (1, 2)),
            datensatz("G1", DORT, familienname="Gesperrt", **sperre("11")),
            *(datensatz(f"S{number}", STADT, familienname="Verteilt") for number in (1, 2)),
            datensatz("K1", KREISGEMEINDE, familienname="Verteilt"),
            *(datensatz(f"V{number}", STADT, familienname="Viel") for number in range(600)),
            *(datensatz(f"W{number}", KREISGEMEINDE, familienname="Viel") for number in range(401)),
        ]
    )
    yield one
    one.close()


def frage(beide: Nachbarn, wer: str = AMT, **felder: Any) -> bytes:
    felder = {"leser": f"ags:{DORT}", "gemeindeschluessel": Gemeindeschluessel(DORT), "geschlecht": "w"} | felder
    return beide.hier.frage(wer, **felder)


def freie_frage(beide: Nachbarn, bereich: str = STADT, wer: str = AMT, **felder: Any) -> bytes:
    felder = {"leser": f"ags:{bereich:0<8}", "suchbereich": Suchbereich(bereich)} | felder
    return beide.hier.freie_frage(wer, **felder)


def sentence(answer: Any) -> str:
    return str(answer.findtext(".//{*}rueckweisung/{*}freitext"))


# -- the way there and back --------------------------------------------------------------------------------------------


def test_a_person_of_another_land_is_found_in_its_register(beide: Nachbarn) -> None:
    answer = beide.hier.send(frage(beide), AMT)
    assert outcome(answer) == "01"
    assert answer.findtext(".//{*}nachname/name") == "Musterfrau"


def test_the_answer_answers_the_message_of_who_asked_and_is_addressed_to_it(beide: Nachbarn) -> None:
    asked = frage(beide)
    answer, original = beide.hier.send(asked, AMT), etree.fromstring(asked)
    for name in ("nachrichtenUUID", "nachrichtentyp/code", "erstellungszeitpunkt"):
        assert answer.findtext(f"{{*}}ursprungsnachricht/{name}") == original.findtext(HEAD + name)
    assert answer.findtext("nachrichtenkopf.g2g/leser/kennung") == AMT
    assert answer.findtext("nachrichtenkopf.g2g/autor/kennung") == f"ags:{DORT}"
    assert answer.findtext(HEAD + "nachrichtenUUID") != beide.dort.entries(1)[0].nachricht_uuid


@pytest.mark.parametrize(("wer", "sicherheit", "autor"), [
    (AMT, False, EINFACH), (POLIZEI, True, SICHERHEIT), (POLIZEI, False, EINFACH)
])  # fmt: skip
def test_the_zentrale_stelle_retrieves_in_its_own_name_by_the_role_of_who_asks(
    beide: Nachbarn, wer: str, sicherheit: bool, autor: str
) -> None:
    assert outcome(beide.hier.send(frage(beide, wer, sicherheit=sicherheit), wer)) == "01"
    assert beide.leitung.zuletzt().findtext("nachrichtenkopf.g2g/autor/kennung") == autor
    assert beide.dort.entries(1)[0].behoerde == autor


def test_all_but_the_header_is_sent_on_as_it_came(beide: Nachbarn) -> None:
    asked = frage(beide, aktenzeichen="AZ 1/26", familienname="Müßtèrfrau")
    beide.hier.send(asked, AMT)
    before, sent = etree.fromstring(asked), beide.leitung.zuletzt()
    assert [part.tag for part in sent] == [part.tag for part in before]
    for old, new in zip(before[2:], sent[2:], strict=True):  # behind header and author's address
        assert etree.tostring(old, method="c14n") == etree.tostring(new, method="c14n")
    assert sent.findtext("nachrichtenkopf.g2g/leser/kennung") == f"ags:{DORT}"


def test_a_repetition_is_sent_on_byte_for_byte_as_before_and_another_message_is_not(beide: Nachbarn) -> None:
    asked = frage(beide)
    for nachricht in (asked, asked, frage(beide)):
        assert outcome(beide.hier.send(nachricht, AMT)) == "01"
    first, second, third = beide.leitung.gesendet[-3:]
    assert first == second
    uuids = [etree.fromstring(one).findtext(HEAD + "nachrichtenUUID") for one in (asked, first, third)]
    assert len({UUID(uuid) for uuid in uuids if uuid}) == 3
    assert [one.wiederholung for one in beide.dort.entries(3)] == [False, True, False]
    assert [one.wiederholung for one in beide.hier.entries(3)] == [False, True, False]


def test_an_identifikationsmerkmal_of_the_other_land_finds_its_way_back(beide: Nachbarn) -> None:
    liste = beide.hier.send(frage(beide, familienname="Zweimal"), AMT)
    assert outcome(liste) == "02"
    merkmal = liste.findtext(".//{*}identifikationsmerkmal")
    follow_up = beide.hier.frage(AMT, leser=f"ags:{DORT}", identifikationsmerkmal=merkmal)
    assert outcome(beide.hier.send(follow_up, AMT)) == "01"
    assert beide.leitung.zuletzt().findtext(".//{*}suchprofil/{*}identifikationsmerkmal") == merkmal


def test_blocked_there_is_absent_here(beide: Nachbarn) -> None:
    def neutral(familienname: str) -> str:
        answer = beide.hier.send(frage(beide, familienname=familienname), AMT)
        return re.sub(r"[0-9a-f-]{36}|20\d\d-\d\d-\d\dT[0-9:.+]+", "…", etree.tostring(answer, encoding="unicode"))

    assert neutral("Gesperrt") == neutral("Niemand")
    blocked, absent = beide.hier.entries(2)
    assert (blocked.codes, blocked.treffer) == (absent.codes, absent.treffer) == (("03",), 0)


def test_what_follows_an_answer_is_the_other_lands_to_do(beide: Nachbarn) -> None:
    def waiting(house: Any) -> int:
        from gateway.protokoll import Einsicht

        return Einsicht(house.here.protokoll(readonly=True)).offen()[0]

    before = waiting(beide.hier), waiting(beide.dort)
    beide.hier.send(frage(beide, familienname="Gesperrt"), AMT)
    assert (waiting(beide.hier), waiting(beide.dort)) == (before[0], before[1] + 1)


def test_a_rueckweisung_of_the_other_land_is_handed_on(beide: Nachbarn) -> None:
    answer = beide.hier.send(frage(beide, strasse="Nirgendweg"), AMT)
    assert outcome(answer) == "R 02"
    assert beide.hier.entries(1)[0].vermittlung[0]["codes"] == ["0801", "02"]


# -- before anything is sent -------------------------------------------------------------------------------------------

VORAB: list[tuple[str, str, dict[str, Any]]] = [
    ("R 03", AMT, {"sicherheit": True}),
    ("R 09", AMT, {"anforderungselemente": ("179",)}),
    ("R 14", AMT, {"gemeindeschluessel": Gemeindeschluessel(STADT)}),
    ("R 17", AMT, {"familienname": "Muster*"}),
    ("R 18", AMT, {"geschlecht": None}),
    ("R 24", AMT, {"azr_nummer": "123456789012"}),
]


@pytest.mark.parametrize(("expected", "wer", "felder"), VORAB)
def test_what_must_come_back_is_not_sent(beide: Nachbarn, expected: str, wer: str, felder: dict[str, Any]) -> None:
    sent = len(beide.leitung.gesendet)
    answer = beide.hier.send(frage(beide, wer, **felder), wer)
    assert outcome(answer).startswith(expected)
    assert len(beide.leitung.gesendet) == sent
    assert beide.hier.entries(1)[0].vermittlung == ()


def test_landesspezifische_erweiterungen_do_not_cross_the_border(beide: Nachbarn) -> None:
    sent = len(beide.leitung.gesendet)
    asked = frage(beide).replace(b"</xmeld:steuerungsinformationen>", ERWEITERUNG)
    assert outcome(beide.hier.send(asked, AMT)) == "R 23"
    assert len(beide.leitung.gesendet) == sent


def test_nothing_of_another_land_goes_on_to_a_third(beide: Nachbarn) -> None:
    sent = len(beide.leitung.gesendet)
    for wer in (ZENTRALE, "dbs:060030020000"):
        assert outcome(beide.hier.send(frage(beide, wer), wer)) == "0910 T080"
    assert len(beide.leitung.gesendet) == sent


def test_without_a_way_to_other_laender_their_municipalities_are_not_ours(beide: Nachbarn) -> None:
    alone = replace(beide.hier, gateway=replace(beide.hier.gateway, vermittlung=None))
    assert outcome(alone.send(frage(beide), AMT)) == "0910 T080"


def test_what_is_asked_at_home_stays_at_home(beide: Nachbarn) -> None:
    sent = len(beide.leitung.gesendet)
    hier = {"leser": "ags:03241001", "gemeindeschluessel": Gemeindeschluessel("03241001")}
    assert outcome(beide.hier.send(frage(beide, familienname="Zuhause", **hier), AMT)) == "01"
    assert len(beide.leitung.gesendet) == sent


# -- freie Suche -------------------------------------------------------------------------------------------------------


def test_a_freie_suche_goes_where_its_suchbereich_lies(beide: Nachbarn) -> None:
    answer = beide.hier.send(freie_frage(beide, leser="ags:03000000", familienname="Verteilt"), AMT)
    assert outcome(answer) == "04"
    assert beide.leitung.zuletzt().findtext("nachrichtenkopf.g2g/leser/kennung") == f"ags:{STADT}"
    assert len(answer.findall(".//{*}auskunft/{*}person")) == 2


def test_a_suchbereich_that_the_other_land_does_not_open_is_refused_with_22_and_a_sentence(beide: Nachbarn) -> None:
    sent = len(beide.leitung.gesendet)
    hessen = beide.hier.send(freie_frage(beide, "06", familienname="Verteilt"), AMT)
    assert outcome(hessen) == "R 17 22"
    assert "je Gemeinde" in sentence(hessen)
    assert len(beide.leitung.gesendet) == sent


def test_a_suchbereich_outside_the_land_that_is_asked_is_refused_with_22(beide: Nachbarn) -> None:
    assert outcome(beide.hier.send(freie_frage(beide, STADT, leser="ags:06411000", familienname="V"), AMT)) == "R 22"


def test_where_the_land_wants_it_each_gemeinde_is_asked_by_itself_and_the_answer_is_one(beide: Nachbarn) -> None:
    geteilt = beide.mit(gemeinden=(KREISGEMEINDE, DORT, STADT))
    answer = geteilt.hier.send(freie_frage(beide, "09", familienname="Verteilt"), AMT)
    assert outcome(answer) == "04"
    assert len(answer.findall(".//{*}auskunft/{*}person")) == 3
    asked = [etree.fromstring(one) for one in geteilt.leitung.gesendet[-3:]]
    assert [one.findtext(".//{*}suchbereich/*/code") for one in asked] == [KREISGEMEINDE, DORT, STADT]
    assert [one.findtext("nachrichtenkopf.g2g/leser/kennung") for one in asked] == [
        f"ags:{ags}" for ags in (KREISGEMEINDE, DORT, STADT)
    ]
    assert len({one.findtext(HEAD + "nachrichtenUUID") for one in asked}) == 3
    (entry,) = beide.hier.entries(1)
    assert entry.treffer == 3
    assert [weg["codes"] for weg in entry.vermittlung] == [["0801", "04"], ["0801", "03"], ["0801", "04"]]


def test_whom_the_land_opens_the_whole_area_asks_it_with_one_message(beide: Nachbarn) -> None:
    geteilt = beide.mit(gemeinden=(KREISGEMEINDE, STADT))
    sent = len(geteilt.leitung.gesendet)
    asked = freie_frage(beide, "09", POLIZEI, sicherheit=True, familienname="Verteilt")
    assert outcome(geteilt.hier.send(asked, POLIZEI)) == "04"
    assert len(geteilt.leitung.gesendet) == sent + 1


def test_after_the_time_limit_no_further_gemeinde_is_asked(beide: Nachbarn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vermittlung_modul, "FRIST", timedelta(0))
    geteilt = beide.mit(gemeinden=(KREISGEMEINDE, STADT))
    answer = geteilt.hier.send(freie_frage(beide, "09", familienname="Verteilt"), AMT)
    assert outcome(answer) == "R 16"
    assert sentence(answer) == Ausfall.ZEIT.value.format(land="Bayern")
    assert len(beide.hier.entries(1)[0].vermittlung) == 1


def test_a_clock_that_is_set_forward_or_back_does_not_change_the_time_limit(
    beide: Nachbarn, monkeypatch: pytest.MonkeyPatch
) -> None:
    geteilt = beide.mit(gemeinden=(KREISGEMEINDE, STADT))
    clock, shifts = geteilt.hier.gateway.clock, iter([timedelta(0)])

    def jumping() -> datetime:
        return clock() + next(shifts, timedelta(seconds=50))

    forward = replace(geteilt.hier, gateway=replace(geteilt.hier.gateway, clock=jumping))
    nachricht = client_of(beide.hier.here, AMT).request(freie_frage(beide, "09", familienname="Verteilt"), clock())
    assert outcome(beide.hier.open(forward.exchange(nachricht), AMT)) == "04"


def test_all_gemeinden_together_tell_no_more_than_one_message_may_hold(
    beide: Nachbarn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a Land answers is kept until the last has answered, and stands in one record."""
    answers: list[int] = []

    def measured(nachricht: bytes) -> bytes:
        answers.append(len(nachricht))
        return nachricht

    geteilt = beide.mit(gemeinden=(KREISGEMEINDE, STADT), eingriff=measured)
    asked = freie_frage(beide, "09", familienname="Verteilt")
    assert outcome(geteilt.hier.send(asked, AMT)) == "04"
    for room, expected in ((sum(answers), "04"), (sum(answers) - 1, "R 16")):
        monkeypatch.setattr(vermittlung_modul, "ANSWER", replace(ANSWER, max_bytes=room))
        assert outcome(geteilt.hier.send(asked, AMT)) == expected
    assert [weg["codes"][-2:] for weg in beide.hier.entries(1)[0].vermittlung] == [
        ["0801", "04"],
        ["TOO_LARGE", "UNGLAUBWUERDIG"],
    ]


def test_nobody_in_any_gemeinde_is_the_neutral_answer(beide: Nachbarn) -> None:
    geteilt = beide.mit(gemeinden=(KREISGEMEINDE, STADT))
    assert outcome(geteilt.hier.send(freie_frage(beide, "09", familienname="Niemand"), AMT)) == "03"


def test_more_than_a_thousand_in_all_gemeinden_are_refused_with_13_and_never_cut(beide: Nachbarn) -> None:
    geteilt = beide.mit(gemeinden=(KREISGEMEINDE, STADT, DORT))
    assert outcome(geteilt.hier.send(freie_frage(beide, "09", familienname="Viel"), AMT)) == "R 13"
    assert [weg["codes"][-1] for weg in beide.hier.entries(1)[0].vermittlung] == ["04", "04"]  # decided before DORT


def test_after_a_rueckweisung_of_one_gemeinde_no_further_one_is_asked(beide: Nachbarn) -> None:
    dort = replace(beide.dort, gateway=replace(beide.dort.gateway, reichweiten={"09": Reichweite("09", {})}))
    geteilt = beide.mit(gemeinden=(KREISGEMEINDE, STADT), dort=dort)
    assert outcome(geteilt.hier.send(freie_frage(beide, "09", familienname="Verteilt"), AMT)) == "R 17 22"
    assert len(beide.hier.entries(1)[0].vermittlung) == 1


def test_one_gemeinde_that_does_not_answer_leaves_no_partial_list(beide: Nachbarn) -> None:
    class Halb(Leitung):
        def rufe_ab(self, ags: str, *rest: Any) -> Fremdantwort:
            if ags == STADT:
                raise LandNichtErreichbar(Ausfall.ZEIT, ("9809",))
            return super().rufe_ab(ags, *rest)

    geteilt = beide.mit(gemeinden=(KREISGEMEINDE, STADT))
    halb = Halb(beide.dort, gemeinden=(KREISGEMEINDE, STADT))
    gateway = geteilt.hier.gateway
    assert gateway.vermittlung is not None
    geteilt.hier.gateway = replace(gateway, vermittlung=replace(gateway.vermittlung, laender=halb))
    answer = geteilt.hier.send(freie_frage(beide, "09", familienname="Verteilt"), AMT)
    assert outcome(answer) == "R 16"
    assert "Bayern" in sentence(answer)
    assert [weg["codes"] for weg in beide.hier.entries(1)[0].vermittlung] == [["0801", "04"], ["9809", "ZEIT"]]


# -- what comes back is trusted as little as a request -----------------------------------------------------------------


def changed(pattern: bytes, by: bytes) -> Any:
    def change(answer: bytes) -> bytes:
        result, count = re.subn(pattern, by, answer, count=1, flags=re.DOTALL)
        assert count, answer
        return result

    return change


def mit_erweiterung(answer: bytes) -> bytes:
    root = etree.fromstring(answer)
    erweiterung = etree.SubElement(root, f"{XMELD}landesspezifischeErweiterungen")
    etree.SubElement(erweiterung, "{urn:land09}ab").text = "x"
    return etree.tostring(root, encoding="UTF-8")


UNGLAUBWUERDIG = {
    "no XML": (lambda _: b"Guten Tag", "NOT_WELLFORMED"),
    "with a DOCTYPE": (lambda answer: answer.replace(b"?>", b"?><!DOCTYPE x>", 1), "FORBIDDEN_XML"),
    "of no version": (lambda answer: answer.replace(b"xmeld2511a", b"xmeld0000a"), "NOT_XMELD"),
    "invalid": (changed(rb"<code>01</code>(?=</\w+:ergebnisstatus>)", b"<code>99</code>"), "INVALID"),
    "to another message": (
        changed(rb"(ursprungsnachricht>\s*<nachrichtenUUID>)[^<]+", rb"\g<1>%b" % str(uuid4()).encode()),
        "OTHER_MESSAGE",
    ),
    "in another Land's name": (changed(rb"(<autor>.*?<kennung>)ags:09", rb"\g<1>ags:06"), "OTHER_AUTHOR"),
    "to another reader": (changed(rb"(<leser>.*?<kennung>)[^<]+", rb"\g<1>dbs:060010010000"), "OTHER_READER"),
    "with a status of the other kind of answer": (
        changed(rb"<code>01</code>(?=</\w+:ergebnisstatus>)", b"<code>04</code>"), "OTHER_NUMBER"
    ),
    "with what was not asked for and needs a role": (
        changed(
            rb"</(\w+):personendaten>",
            rb"<\g<1>:waffenbesitzverbot><\g<1>:tagDerErstmaligenErteilung>2020-01-02"
            rb"</\g<1>:tagDerErstmaligenErteilung></\g<1>:waffenbesitzverbot></\g<1>:personendaten>",
        ),
        "NOT_ASKED_FOR",
    ),
    "of another number of persons": (
        changed(rb"<code>01</code>(?=</\w+:ergebnisstatus>)", b"<code>03</code>"), "OTHER_NUMBER"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNGLAUBWUERDIG)
def test_an_answer_that_is_not_exactly_that_is_not_handed_on(beide: Nachbarn, name: str) -> None:
    eingriff, code = UNGLAUBWUERDIG[name]
    falsch = beide.mit(eingriff=eingriff)
    answer = falsch.hier.send(frage(beide), AMT)
    assert outcome(answer) == "R 16"
    assert sentence(answer) == "Die Antwort des Registers von Bayern war nicht verwertbar."
    (entry,) = beide.hier.entries(1)
    assert entry.vermittlung[0]["codes"] == ["0801", code, "UNGLAUBWUERDIG"]


def test_what_needs_a_role_is_handed_on_to_who_has_it_and_asked(beide: Nachbarn) -> None:
    asked = frage(beide, POLIZEI, sicherheit=True, anforderungselemente=("1", "180"))
    answer = beide.hier.send(asked, POLIZEI)
    assert outcome(answer) == "01"
    assert answer.find(".//{*}waffenbesitzverbot") is not None


def test_extensions_of_the_other_land_do_not_cross_the_border(beide: Nachbarn) -> None:
    erweitert = beide.mit(eingriff=mit_erweiterung)
    answer = erweitert.hier.send(frage(beide), AMT)
    assert outcome(answer) == "01"
    assert answer.find("{*}landesspezifischeErweiterungen") is None


def test_a_request_of_ours_as_answer_is_not_handed_on(beide: Nachbarn) -> None:
    echo = beide.mit(eingriff=lambda _: beide.leitung.gesendet[-1])
    assert outcome(echo.hier.send(frage(beide), AMT)) == "R 16"
    assert beide.hier.entries(1)[0].vermittlung[0]["codes"] == ["0801", "OTHER_TYPE", "UNGLAUBWUERDIG"]


def test_a_ruecksendung_of_the_other_land_becomes_16_and_its_reason_is_on_record(beide: Nachbarn) -> None:
    dort = replace(beide.dort, gateway=replace(beide.dort.gateway, gemeinden=frozenset({STADT})))
    answer = beide.mit(dort=dort).hier.send(frage(beide), AMT)
    assert outcome(answer) == "R 16"
    assert "technisch zurückgewiesen" in sentence(answer)
    assert beide.hier.entries(1)[0].vermittlung[0]["codes"] == ["0801", "0910", "T080", "ABGELEHNT"]


@pytest.mark.parametrize("grund", Ausfall)
def test_a_land_that_cannot_be_asked_is_16_with_a_sentence_that_names_it(beide: Nachbarn, grund: Ausfall) -> None:
    class Stumm(Leitung):
        def rufe_ab(self, *_: Any) -> Fremdantwort:
            raise LandNichtErreichbar(grund)

    gateway = beide.hier.gateway
    assert gateway.vermittlung is not None
    stumm = replace(gateway, vermittlung=replace(gateway.vermittlung, laender=Stumm(beide.dort)))
    answer = replace(beide.hier, gateway=stumm).send(frage(beide), AMT)
    assert outcome(answer) == "R 16"
    assert sentence(answer) == grund.value.format(land="Bayern")


def test_the_log_says_why_a_land_gave_nothing_and_nothing_of_the_message(
    beide: Nachbarn, caplog: pytest.LogCaptureFixture
) -> None:
    falsch = beide.mit(eingriff=lambda _: b"Guten Tag")
    assert outcome(falsch.hier.send(frage(beide), AMT)) == "R 16"
    assert "land=09 codes=('NOT_WELLFORMED',) reason=UNGLAUBWUERDIG" in caplog.text
    assert "Musterfrau" not in caplog.text


# -- the Protokoll -----------------------------------------------------------------------------------------------------


def test_both_legs_are_one_exchange_in_the_protokoll(beide: Nachbarn) -> None:
    asked = frage(beide)
    answer = beide.hier.send(asked, AMT)
    assert outcome(answer) == "01"
    (here,), (there,) = beide.hier.entries(1), beide.dort.entries(1)
    (weg,) = here.vermittlung
    assert here.nachricht_uuid == etree.fromstring(asked).findtext(HEAD + "nachrichtenUUID")
    assert (weg["land"], weg["uuid"]) == ("09", there.nachricht_uuid)
    assert weg["antwort_uuid"]
    assert here.empfangen.timestamp() * 1e6 <= weg["gesendet"] <= weg["beendet"] <= here.beantwortet.timestamp() * 1e6
    assert (here.ergebnis, here.codes, here.treffer) == ("auskunft", ("01",), 1)


def test_the_record_has_who_asked_and_what_came(beide: Nachbarn) -> None:
    beide.hier.send(freie_frage(beide, familienname="Verteilt", aktenzeichen="AZ 7/26", benutzer="k.muster"), AMT)
    inhalt = beide.hier.inhalt(beide.hier.entries(1)[0])
    assert inhalt is not None
    assert (inhalt["aktenzeichen"], inhalt["kennung"]) == ("AZ 7/26", "k.muster")
    assert inhalt["auswahldaten"]["familienname"] == "Verteilt"
    assert inhalt["vermittelt"][0]["land"] == "09"
    assert inhalt["vermittelt"][0]["antwort"].count("Verteilt") == 2


def test_the_record_names_each_person_that_came_and_which_kinds_of_data(beide: Nachbarn) -> None:
    beide.hier.send(frage(beide, familienname="Zweimal"), AMT)
    inhalt = beide.hier.inhalt(beide.hier.entries(1)[0])
    assert inhalt is not None
    daten = {"familienname": "Zweimal", "vornamen": "Erika", "geburtsdatum": "1964-08-12"}
    kategorien = ["familienname", "geburtsdatum", "vornamen", "wohnungen"]
    assert inhalt["vermittelt"][0]["personen"] == [{"daten": daten, "kategorien": kategorien}] * 2


def test_who_was_told_of_by_another_land_is_found_by_names_and_birth(beide: Nachbarn) -> None:
    beide.hier.send(frage(beide, familienname="Zweimal"), AMT)
    (entry,) = beide.hier.entries(1)
    gesucht = person_gesucht("Zweimal", "Erika", "1964-08-12")[:1]  # the request did not name the day
    here = beide.hier.here
    found = suche(here.protokoll(readonly=True), here.protokollschluessel, Suchfrage((gesucht,)), "")
    assert entry.stelle in [one.stelle for one in found]


def test_who_has_many_first_names_elsewhere_does_not_fill_the_index(beide: Nachbarn) -> None:
    viele = " ".join(f"Vor{'abcdefghijklmnop'[number]}" for number in range(16))
    name = f"<name>{viele}</name>".encode()
    fremd = beide.mit(eingriff=lambda answer: answer.replace(b"<name>Erika</name>", name))
    assert outcome(fremd.hier.send(frage(beide), AMT)) == "01"
    here, (entry,) = fremd.hier.here, fremd.hier.entries(1)
    read = [Suchfrage(((begriff,),)) for begriff in namen("Musterfrau", viele, "")]
    engine = here.protokoll(readonly=True)
    stellen = [suche(engine, here.protokollschluessel, one, "") for one in read]
    assert sum(entry.stelle in [zeile.stelle for zeile in found] for found in stellen) == MAX_VORNAMEN


def test_the_digest_of_a_leg_proves_the_answer_that_is_on_record(beide: Nachbarn) -> None:
    kommentiert = beide.mit(eingriff=lambda answer: answer.replace(b"?>", b"?><!-- von dort -->", 1))
    assert outcome(kommentiert.hier.send(frage(beide), AMT)) == "01"
    (entry,) = beide.hier.entries(1)
    inhalt = beide.hier.inhalt(entry)
    assert inhalt is not None
    assert sha256(inhalt["vermittelt"][0]["antwort"].encode()).hexdigest() == entry.vermittlung[0]["antwort_digest"]


def test_of_a_sicherheitsbehoerde_that_keeps_the_protokoll_itself_nothing_personal_is_stored(beide: Nachbarn) -> None:
    for felder in ({}, {"familienname": "Zweimal"}):
        assert outcome(beide.hier.send(frage(beide, WACHE, sicherheit=True, **felder), WACHE)) in ("01", "02")
        (entry,) = beide.hier.entries(1)
        assert (entry.behoerde, entry.hat_inhalt, len(entry.vermittlung)) == (WACHE, False, 1)


def test_a_uuid_that_was_used_for_another_message_is_refused_before_anything_is_sent(beide: Nachbarn) -> None:
    nachricht_uuid = str(uuid4())
    assert outcome(beide.hier.send(frage(beide, uuid=nachricht_uuid), AMT)) == "01"
    sent = len(beide.leitung.gesendet)
    again = frage(beide, uuid=nachricht_uuid, familienname="Zweimal")
    assert outcome(beide.hier.send(again, AMT)) == "fault UUID_REUSED"
    assert len(beide.leitung.gesendet) == sent


def test_what_cannot_be_recorded_is_not_asked(beide: Nachbarn) -> None:
    class Away:
        def check_uuid(self, *_: object) -> None:
            raise StoreError("the Protokoll cannot be written")

        def record(self, _: object) -> None:
            raise StoreError("the Protokoll cannot be written")

    away = replace(beide.hier, gateway=replace(beide.hier.gateway, protokoll=Away()))  # type: ignore[arg-type]
    sent = len(beide.leitung.gesendet)
    assert outcome(away.send(frage(beide), AMT)) == "fault NOT_RECORDED"
    assert len(beide.leitung.gesendet) == sent


def test_a_retrieval_whose_record_fails_is_named_in_the_log(beide: Nachbarn, caplog: pytest.LogCaptureFixture) -> None:
    class Fails:
        def check_uuid(self, *_: object) -> None: ...

        def record(self, _: object) -> None:
            raise StoreError("the Protokoll cannot be written")

    fails = replace(beide.hier, gateway=replace(beide.hier.gateway, protokoll=Fails()))  # type: ignore[arg-type]
    assert outcome(fails.send(frage(beide), AMT)) == "fault NOT_RECORDED"
    assert f"sent={beide.leitung.zuletzt().findtext(HEAD + 'nachrichtenUUID')}" in caplog.text


def test_what_is_sent_otherwise_after_a_change_here_has_another_uuid(beide: Nachbarn) -> None:
    asked = frage(beide)
    gateway = beide.hier.gateway
    assert gateway.vermittlung is not None
    renamed = replace(gateway, vermittlung=replace(gateway.vermittlung, name="Zentrale Stelle, neu"))
    for house in (beide.hier, replace(beide.hier, gateway=renamed)):
        assert outcome(house.send(asked, AMT)) == "01"
    first, second = (etree.fromstring(one).findtext(HEAD + "nachrichtenUUID") for one in beide.leitung.gesendet[-2:])
    assert first != second


def test_a_protokoll_with_retrievals_elsewhere_is_intact(beide: Nachbarn) -> None:
    beide.hier.send(frage(beide), AMT)
    assert verify(beide.hier.here.protokoll(readonly=True), beide.hier.here.protokollschluessel).intact
