"""A dialog keeps to its table, whatever an intermediary answers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.envelope.osci.dialog import TABLE, Asked, Dialog, State
from gateway.envelope.osci.message import ControlBlock
from gateway.errors import Fault, FaultCode

REQUESTS = sorted({message_type for _, message_type in TABLE})
PARTS = ("response", "challenge", "conversation", "sequence")


def answer_to(asked: Asked, challenge: str = "theirs", conversation: str = "4711") -> ControlBlock:
    """As a proper intermediary answers."""
    values = {"R": asked.control.challenge, "C": challenge, "V": conversation, "S": asked.control.sequence}
    names = dict(zip("RCVS", PARTS, strict=True))
    return ControlBlock(**{names[letter]: values[letter] for letter in asked.step.demands})


def opened(challenge: str = "theirs") -> Dialog:
    asked = Dialog().ask("InitDialog", "ours")
    return asked.answered(answer_to(asked, challenge), refused=False)


def refused_as_invalid(asked: Asked, answer: ControlBlock) -> bool:
    with pytest.raises(Fault) as caught:
        asked.answered(answer, refused=False)
    return caught.value.code is FaultCode.DIALOG_INVALID and caught.value.code.value.osci == "9400"


def test_a_dialog_from_its_beginning_to_its_end() -> None:
    init = Dialog().ask("InitDialog", "a")
    assert init.control == ControlBlock(challenge="a")
    dialog = init.answered(ControlBlock(response="a", challenge="b", conversation="7"), refused=False)
    mediate = dialog.ask("MediateDelivery", "c")
    assert mediate.control == ControlBlock(response="b", challenge="c", conversation="7", sequence="0")
    dialog = mediate.answered(ControlBlock("d", "c", "7", "0"), refused=False)
    leave = dialog.ask("ExitDialog", "e")
    assert leave.control == ControlBlock(response="d", challenge="e", conversation="7", sequence="1")
    assert leave.answered(ControlBlock(None, "e", "7", "1"), refused=False).state is State.CLOSED


def test_a_message_id_is_asked_for_in_a_dialog_of_its_own() -> None:
    asked = Dialog().ask("GetMessageId", "a")
    assert asked.control == ControlBlock(challenge="a", sequence="0")
    assert asked.answered(ControlBlock(None, "a", "5001", "0"), refused=False) == Dialog()
    assert asked.answered(ControlBlock("b", "a", "5001", "0"), refused=False) == Dialog()


def test_a_refused_init_dialog_opens_nothing_and_a_refused_delivery_leaves_it_open() -> None:
    init = Dialog().ask("InitDialog", "a")
    assert init.answered(answer_to(init), refused=True).state is State.CLOSED
    mediate = opened().ask("MediateDelivery", "c")
    after = mediate.answered(answer_to(mediate), refused=True)
    assert (after.state, after.sequence) == (State.OPEN, 1)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("message_type", [*REQUESTS, "FetchDelivery"])
def test_nothing_is_asked_that_has_no_place(state: State, message_type: str) -> None:
    dialog = Dialog(state, "4711", 0, "theirs")
    if (state, message_type) in TABLE:
        assert dialog.ask(message_type, "ours").control.challenge == "ours"
    else:
        with pytest.raises(Fault) as caught:
            dialog.ask(message_type, "ours")
        assert caught.value.code is FaultCode.DIALOG_INVALID


@pytest.mark.parametrize("key", TABLE, ids=lambda key: key[1])
@pytest.mark.parametrize("part", PARTS)
def test_an_answer_lacks_no_part_and_has_none_too_many(key: tuple[State, str], part: str) -> None:
    dialog = Dialog(key[0], "4711", 0, "theirs") if key[0] is State.OPEN else Dialog()
    asked = dialog.ask(key[1], "ours")
    proper = answer_to(asked)
    if getattr(proper, part) is not None:
        assert refused_as_invalid(asked, replace(proper, **{part: None}))
        assert refused_as_invalid(asked, replace(proper, **{part: ""}))
    elif part != "challenge" or key[1] != "GetMessageId":
        assert refused_as_invalid(asked, replace(proper, **{part: "1"}))


@pytest.mark.parametrize("part", ["response", "conversation", "sequence"])
def test_an_answer_to_something_else_is_refused(part: str) -> None:
    asked = opened().ask("MediateDelivery", "c")
    assert refused_as_invalid(asked, replace(answer_to(asked), **{part: "12"}))


@pytest.mark.parametrize("number", ["x", "1x", "-1", "1.0", "١٢", " 1"])
def test_a_conversation_is_a_number(number: str) -> None:
    asked = Dialog().ask("InitDialog", "a")
    assert refused_as_invalid(asked, answer_to(asked, conversation=number))


def test_a_request_without_answer_leaves_a_dialog_in_which_nothing_more_is_asked() -> None:
    broken = opened().ask("MediateDelivery", "c").unanswered
    assert broken.state is State.BROKEN
    for message_type in REQUESTS:
        with pytest.raises(Fault):
            broken.ask(message_type, "d")


texts = st.text(min_size=1, max_size=6)
kinds = st.sampled_from(["proper", "proper", "refused", "silent", "response", "conversation", "sequence"])
moves = st.lists(st.tuples(st.sampled_from(REQUESTS), kinds, texts, texts), max_size=12)


@given(moves)
def test_every_request_of_every_sequence_shows_what_was_read_last(moves: list[tuple[str, str, str, str]]) -> None:
    """A model beside it: the intermediary's last Challenge, the one ConversationId, requests counted from 0."""
    dialog, last, counted = Dialog(), None, 0
    for message_type, kind, ours, theirs in moves:
        if (dialog.state, message_type) not in TABLE:
            with pytest.raises(Fault):
                dialog.ask(message_type, ours)
            continue
        is_open = dialog.state is State.OPEN
        asked = dialog.ask(message_type, ours)
        if is_open:
            assert asked.control == ControlBlock(ours, last, "4711", str(counted))
        answer = answer_to(asked, theirs)
        if kind in ("proper", "refused"):
            dialog = asked.answered(answer, refused=kind == "refused")
            last, counted = answer.challenge, counted + 1 if is_open else 0
        else:
            assert kind == "silent" or refused_as_invalid(asked, replace(answer, **{kind: ours + "x"}))
            dialog = asked.unanswered
