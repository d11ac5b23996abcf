"""Who is told of a request that met somebody blocked: §§ 34 (5), 34a (5) S. 2, 38 (5), 39a (3) BMG."""

from itertools import product
from typing import Any

import pytest

from gateway.meldewesen.folgen import Ersuchen, Folge, Folgeart, folgen

HEUTE = "2026-06-15"
AGS, LKA, BKA = "03241001", "dbs:030030990000", "dbs:170010990000"
AUSSTEUERUNG = Folge(Folgeart.AUSSTEUERUNG, f"ags:{AGS}")
PERSON = Folge(Folgeart.PERSON, f"ags:{AGS}")


def stelle(kennung: str | None, empfaenger: str | None = None) -> Folge:
    return Folge(Folgeart.STELLE, empfaenger or kennung or f"ags:{AGS}", kennung)


def found(*sperren: dict[str, Any], **ersuchen: bool) -> list[Folge]:
    asked = {"aussteuerbar": True, "neutral": True, "verzicht": False, "sicherheitsbehoerde": False} | ersuchen
    return list(folgen(Ersuchen(**asked), {"ags": AGS, "auskunftssperren": list(sperren)}, HEUTE))


SELBST = {"grund": "3"}
ELF = {"grund": "11", "veranlasst_durch": LKA}


@pytest.mark.parametrize("grund", ["1", "3", "6", "11", "12"])
def test_a_block_that_caused_a_neutral_answer_hands_the_case_to_the_meldebehoerde(grund: str) -> None:
    assert AUSSTEUERUNG in found({"grund": grund})


@pytest.mark.parametrize("grund", ["2", "5", "7", "10", "13"])
def test_what_does_not_affect_a_datenabruf_has_nothing_follow(grund: str) -> None:
    assert found({"grund": grund, "veranlasst_durch": LKA}) == []


@pytest.mark.parametrize(("frist", "folgt"), [("2026-06-14", False), ("2026-06-15", True), ("2026-06-16", True)])
def test_a_block_counts_up_to_its_last_day(frist: str, folgt: bool) -> None:
    assert bool(found({**ELF, "frist": frist})) is folgt


def test_of_two_blocks_the_ended_one_informs_nobody() -> None:
    assert found(SELBST, {**ELF, "frist": "2026-06-14"}) == [AUSSTEUERUNG]


@pytest.mark.parametrize(
    ("ersuchen", "erwartet"),
    [
        ({}, [AUSSTEUERUNG, stelle(LKA), PERSON]),
        ({"verzicht": True}, [stelle(LKA)]),  # § 38 (5) S. 2
        ({"sicherheitsbehoerde": True}, [AUSSTEUERUNG, stelle(LKA)]),  # § 34 (5) S. 3: the body alone
        ({"sicherheitsbehoerde": True, "verzicht": True}, [stelle(LKA)]),
        ({"neutral": False}, [stelle(LKA), PERSON]),  # another person was told of
        ({"aussteuerbar": False}, [stelle(LKA), PERSON]),  # § 39a (3) names § 34 (5) only
        ({"neutral": False, "verzicht": True}, [stelle(LKA), PERSON]),  # § 38 (5) S. 1: of a neutral answer alone
        ({"aussteuerbar": False, "verzicht": True}, [stelle(LKA), PERSON]),
    ],
)
def test_a_body_that_had_a_block_set_is_informed_in_every_case(
    ersuchen: dict[str, bool], erwartet: list[Folge]
) -> None:
    assert found(ELF, **ersuchen) == erwartet


def test_a_block_that_nobody_else_had_set_informs_nobody() -> None:
    for neutral, verzicht, sicherheit in product((True, False), repeat=3):
        folgt = found(SELBST, neutral=neutral, verzicht=verzicht, sicherheitsbehoerde=sicherheit)
        assert folgt == ([AUSSTEUERUNG] if neutral and not verzicht else [])


def test_each_body_is_informed_once_and_the_person_once() -> None:
    folgt = found(ELF, {"grund": "1", "veranlasst_durch": BKA}, {"grund": "12", "veranlasst_durch": LKA}, SELBST)
    assert folgt == [AUSSTEUERUNG, stelle(LKA), stelle(BKA), PERSON]


@pytest.mark.parametrize("genannt", ["LKA Niedersachsen, Hannover", "dbs:", "DBS:030030990000", "dbs:1\n", None])
def test_a_body_without_a_key_is_informed_through_the_meldebehoerde(genannt: str | None) -> None:
    sperre = {"grund": "11"} | ({"veranlasst_durch": genannt} if genannt else {})
    assert found(sperre, verzicht=True) == [stelle(genannt, f"ags:{AGS}")]
