"""Retrievals against the stub's intermediary and register, which share no code with the client; real HTTP on loopback.

Whatever they do wrong has its one Ausfall, and the codes that tell of it.
"""

import copy
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateway.envelope import pki
from gateway.envelope.osci import compose, encryption, message, mime
from gateway.envelope.osci.canonical import ANSWER
from gateway.envelope.osci.client import Abgelehnt, Intermediaer, OsciDialog, OsciTeilnehmer
from gateway.envelope.osci.compose import Outgoing, RoleCertificate
from gateway.envelope.osci.feedback import Entry
from gateway.envelope.osci.message import ControlBlock, OpenedEnvelope
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.parse import parse
from gateway.envelope.zertifikate import LIST_ENDED, TrustStore, fingerprint
from gateway.errors import Fault, FaultCode
from gateway.ports import Ausfall
from gateway.vermittlung.osci_client import OsciClient
from gateway.zustellung.http import SendError
from osci_stub.land import OsciStub
from osci_stub.muster import suchanfrage
from osci_stub.osci.faults import FAULTS
from tests.envelope.osci.workshop import NOW, ca, cipher, schemas, signing
from tests.vermittlung.osci_amt import LATE, NOBODY, Amt, amt, gone, keys, line, running_stub, stub, teilnehmer

__all__ = ["amt", "line", "running_stub", "stub"]

SECOND = LATE / 2

# -- the good way ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pinned", [True, False])
def test_a_question_is_answered_by_the_register_behind_the_intermediary(amt: Amt, pinned: bool) -> None:
    question = suchanfrage()
    answer = amt.asks(question, **({} if pinned else {"intermediaer_signatur": None}))
    assert amt.stub.register.nachrichten[-1] == question
    assert b"1331" in answer.nachricht
    assert answer.autor == fingerprint(amt.stub.keys.register.signature.certificate)
    assert answer.codes == ("0801", "0800")


def test_where_the_intermediary_wants_it_the_delivery_has_a_message_id(amt: Amt) -> None:
    answer = amt.asks(mit_message_id=True)
    assert b"1331" in answer.nachricht
    assert answer.codes == ("0800", "0801")


# -- what goes wrong, by the stub's names ------------------------------------------------------------------------------

UNBELIEVED = {  # on the way back from the intermediary
    "unsigned": "NOT_SIGNED",
    "signed_by_stranger": "CERTIFICATE_UNTRUSTED",
    "wrapped_signature": "WRONG_COVERAGE",
    "wrong_challenge": "DIALOG_INVALID",
    "too_large": "TOO_LARGE",
}
REQUESTS = ("InitDialog", "MediateDelivery", "GetMessageId")


@pytest.mark.parametrize("request_type", REQUESTS)
@pytest.mark.parametrize("fault", UNBELIEVED)
def test_an_intermediary_is_not_believed(amt: Amt, fault: str, request_type: str) -> None:
    amt.stub.intermediary.faults.add(fault, request_type)
    error = amt.fails(mit_message_id=request_type == "GetMessageId")
    assert (error.grund, error.codes[-1]) == (Ausfall.UNGLAUBWUERDIG, UNBELIEVED[fault])
    assert amt.arrived() == (request_type == "MediateDelivery")


def test_a_strangers_signature_is_not_believed_without_a_pin_either(amt: Amt) -> None:
    amt.stub.intermediary.faults.add("signed_by_stranger")
    error = amt.fails(intermediaer_signatur=None)
    assert (error.grund, error.codes) == (Ausfall.UNGLAUBWUERDIG, ("0801", "CERTIFICATE_UNTRUSTED"))


@pytest.mark.parametrize("pinned", [True, False])
def test_whose_certificate_it_is_comes_before_what_was_signed_with_it(amt: Amt, pinned: bool) -> None:
    """Strangers shall not make us canonicalise what they send."""
    for fault in ("signed_by_stranger", "wrapped_signature"):
        amt.stub.intermediary.faults.add(fault)
    error = amt.fails() if pinned else amt.fails(intermediaer_signatur=None)
    assert (error.grund, error.codes) == (Ausfall.UNGLAUBWUERDIG, ("0801", "CERTIFICATE_UNTRUSTED"))


REFUSALS = {
    "fault_9xxx": ("0801", "9811", "0800"),
    "fault_9602": ("0801", "9602", "0800"),
    "fault_9809": ("0801", "9809", "0800"),
    "fault_9300": ("0801", "9300"),  # a SOAP fault, after which nobody knows where the dialog stands
    "fault_9000": ("0801", "9000"),
}


@pytest.mark.parametrize("fault", REFUSALS)
def test_an_intermediary_refuses_and_its_code_is_passed_on(amt: Amt, fault: str) -> None:
    amt.stub.intermediary.faults.add(fault)
    error = amt.fails()
    assert (error.grund, error.codes) == (Ausfall.ABGELEHNT, REFUSALS[fault])


@pytest.mark.parametrize("fault", ["fault_9700", "fault_9400"])
def test_a_refused_init_dialog_leaves_nothing_to_be_ended(amt: Amt, fault: str) -> None:
    amt.stub.intermediary.faults.add(fault, "InitDialog")
    error = amt.fails()
    assert (error.grund, error.codes) == (Ausfall.ABGELEHNT, (fault[-4:],))


def test_a_warning_is_passed_on_and_the_answer_used(amt: Amt) -> None:
    amt.stub.intermediary.faults.add("warning_3xxx")
    answer = amt.asks()
    assert b"1331" in answer.nachricht
    assert answer.codes == ("0801", "3500", "0800")


def test_an_intermediary_that_is_too_late_has_no_answer(amt: Amt) -> None:
    amt.stub.intermediary.faults.add("too_late")
    error = amt.fails(timeout_seconds=SECOND)
    assert (error.grund, error.codes) == (Ausfall.ZEIT, ("0801",))


def test_an_intermediary_that_aborts_midway_is_not_asked_again(amt: Amt) -> None:
    amt.stub.intermediary.faults.add("aborts_midway")
    error = amt.fails()
    assert (error.grund, error.codes) == (Ausfall.VERBINDUNG, ("0801",))
    assert amt.arrived() == 1


CONTENT = {  # of the register's answer, which the intermediary cannot see
    "unsigned": "AUTHOR_SIGNATURE_INVALID",
    "signed_by_stranger": "CERTIFICATE_UNTRUSTED",
    "wrapped_signature": "CONTENT_INVALID",
}


@pytest.mark.parametrize("fault", CONTENT)
def test_an_author_is_not_believed(amt: Amt, fault: str) -> None:
    amt.stub.register.faults.add(fault)
    error = amt.fails()
    assert (error.grund, error.codes) == (Ausfall.UNGLAUBWUERDIG, ("0801", CONTENT[fault], "0800"))


def test_an_author_of_the_same_ca_who_may_not_answer_for_the_land_is_not_believed(amt: Amt) -> None:
    other = fingerprint(amt.stub.keys.behoerde.signature.certificate)
    error = amt.fails(autoren=frozenset({other}))
    assert (error.grund, error.codes) == (Ausfall.UNGLAUBWUERDIG, ("0801", "AUTHOR_SIGNATURE_INVALID", "0800"))


def test_an_author_of_another_ca_is_not_believed_whatever_the_directory_says(amt: Amt) -> None:
    """What is only encrypted for may be of any CA: the directory vouches for it."""
    other = OsciClient(OsciTeilnehmer(TrustStore(ca().certificate_pem), schemas()))
    error = Amt(amt.stub, other).fails()
    assert (error.grund, error.codes) == (Ausfall.UNGLAUBWUERDIG, ("0801", "CERTIFICATE_UNTRUSTED", "0800"))


def test_nothing_is_sent_when_a_certificate_to_encrypt_for_has_expired(amt: Amt, line: list[SendError | None]) -> None:
    line.append(gone())
    error = amt.fails(now=datetime.now(UTC) + timedelta(days=60))
    assert (error.grund, error.codes) == (Ausfall.ZERTIFIKAT, ("CERTIFICATE_EXPIRED",))
    assert line.pop()  # it was not even tried


@pytest.mark.parametrize("revoked", ["intermediaer_cipher", "adressat_cipher"])
def test_nothing_is_encrypted_for_a_certificate_that_is_revoked(amt: Amt, tmp_path: Path, revoked: str) -> None:
    peers = {name: cipher(name).certificate for name in ("intermediaer_cipher", "adressat_cipher")}
    crl = tmp_path / "crl.pem"
    crl.write_bytes(pki.make_crl(ca(), [peers[revoked].serial_number], NOW))
    careful = OsciClient(OsciTeilnehmer(TrustStore(ca().certificate_pem, crl), schemas()))
    error = Amt(amt.stub, careful).fails(now=NOW, **peers)
    assert (error.grund, error.codes) == (Ausfall.ZERTIFIKAT, ("CERTIFICATE_REVOKED",))


def test_the_leg_says_so_where_a_list_had_ended_by_which_a_certificate_was_believed(amt: Amt, tmp_path: Path) -> None:
    peers = {name: cipher(name).certificate for name in ("intermediaer_cipher", "adressat_cipher")}
    crl = tmp_path / "crl.pem"
    crl.write_bytes(pki.make_crl(ca(), [], NOW - timedelta(days=400)))
    trust = TrustStore(ca().certificate_pem, crl, frist=timedelta(days=100))
    error = Amt(amt.stub, OsciClient(OsciTeilnehmer(trust, schemas()))).fails(now=NOW, **peers)
    assert error.codes[0] == LIST_ENDED


def test_what_an_answer_answers_is_for_the_exchange_to_see(amt: Amt) -> None:
    amt.stub.register.faults.add("answers_other_message")
    assert amt.asks().codes == ("0801", "0800")


REGISTER = {  # what is wrong with its message to the intermediary, which reports it
    "too_large": ("0801", "9810", "0800"),
    "signed_by_stranger": ("0801", "9711", "0800"),
    "wrong_challenge": ("0801", "9808", "0800"),
    "wrapped_signature": ("0801", "9807", "0800"),
    "aborts_midway": ("0801", "9810", "0800"),
    "fault_9xxx": ("0801", "9805", "9811", "0800"),
    "fault_9602": ("0801", "9805", "9602", "0800"),
}


@pytest.mark.parametrize("fault", REGISTER)
def test_what_the_intermediary_says_of_the_register_is_passed_on(amt: Amt, fault: str) -> None:
    amt.stub.register.faults.add(fault, "nachricht")
    error = amt.fails()
    assert (error.grund, error.codes) == (Ausfall.ABGELEHNT, REGISTER[fault])


@pytest.mark.parametrize(("fault", "code"), [("unsigned", "3802"), ("warning_3xxx", "3500")])
def test_a_warning_about_the_register_is_passed_on_and_the_answer_used(amt: Amt, fault: str, code: str) -> None:
    amt.stub.register.faults.add(fault, "nachricht")
    answer = amt.asks()
    assert (b"1331" in answer.nachricht, answer.codes) == (True, ("0801", code, "0800"))


def test_a_register_that_is_too_late_has_no_answer(amt: Amt) -> None:
    amt.stub.register.faults.add("too_late")
    error = amt.fails(timeout_seconds=SECOND)
    assert (error.grund, error.codes) == (Ausfall.ZEIT, ("0801",))


def test_a_register_that_is_away_is_reported_by_the_intermediary(amt: Amt) -> None:
    error = amt.fails(adressat=NOBODY)
    assert (error.grund, error.codes) == (Ausfall.ABGELEHNT, ("0801", "9809", "0800"))


def test_no_fault_of_the_stub_is_left_out() -> None:
    timed = {"too_late", "warning_3xxx", "answers_other_message"}
    assert {*UNBELIEVED, *REFUSALS, *CONTENT, *REGISTER, "aborts_midway", *timed} >= {*FAULTS}


@pytest.mark.parametrize("request_type", ["InitDialog", "GetMessageId"])
def test_an_intermediary_that_is_too_late_at_the_beginning_is_not_asked_again(amt: Amt, request_type: str) -> None:
    amt.stub.intermediary.faults.add("too_late", request_type)
    error = amt.fails(timeout_seconds=SECOND / 2, mit_message_id=request_type == "GetMessageId")
    assert (error.grund, error.codes, amt.arrived()) == (Ausfall.ZEIT, (), 0)


# -- the end of the dialog ---------------------------------------------------------------------------------------------

EXITS = {
    "unsigned": "NOT_SIGNED",
    "wrong_challenge": "DIALOG_INVALID",
    "fault_9xxx": "9811",
    "aborts_midway": "VERBINDUNG",
}


@pytest.mark.parametrize("fault", EXITS)
def test_a_dialog_that_does_not_end_spoils_no_answer(amt: Amt, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    amt.stub.intermediary.faults.add(fault, "ExitDialog")
    answer = amt.asks()
    assert b"1331" in answer.nachricht
    assert answer.codes == ("0801", "EXIT_FAILED", EXITS[fault])
    assert "Land 06: the dialog could not be ended" in caplog.text


# -- once more, or not -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("before", [0, 1])
def test_what_failed_before_the_delivery_left_is_tried_once_more(
    amt: Amt, line: list[SendError | None], before: int, sent: bool
) -> None:
    line += [*[None] * before, gone(sent=sent)]
    assert amt.asks(mit_message_id=True).codes == ("0800", "0801")
    assert amt.arrived() == 1


def test_a_delivery_that_has_not_left_is_tried_once_more(amt: Amt, line: list[SendError | None]) -> None:
    line += [None, gone(sent=False)]
    assert amt.asks().codes == ("0801", "0800")
    assert amt.arrived() == 1


def test_a_delivery_that_may_have_left_is_not_tried_again(amt: Amt, line: list[SendError | None]) -> None:
    line += [None, gone(sent=True)]
    assert amt.fails().grund is Ausfall.VERBINDUNG


@pytest.mark.parametrize("planned", [[0, 0], [0, 1, 0], [1, 0, 1, 0]])
def test_there_is_one_retry_in_all(amt: Amt, line: list[SendError | None], planned: list[int]) -> None:
    line += [None if passes else gone(sent=False) for passes in planned]
    assert amt.fails(mit_message_id=len(planned) > 3).grund is Ausfall.VERBINDUNG
    assert not amt.arrived()


def test_what_took_all_the_time_is_not_tried_again(amt: Amt, line: list[SendError | None]) -> None:
    line += [SendError("timed out", sent=False, late=True)]
    assert amt.fails().grund is Ausfall.ZEIT


def test_a_refusal_is_not_tried_again(amt: Amt, line: list[SendError | None]) -> None:
    amt.stub.intermediary.faults.add("fault_9700", "InitDialog")
    line += [None, gone()]
    amt.fails()
    assert len(line) == 1
    line.clear()


# -- nobody there, or nobody who speaks OSCI ---------------------------------------------------------------------------


def test_nobody_is_there(amt: Amt) -> None:
    error = amt.fails(intermediaer=NOBODY)
    assert (error.grund, error.codes) == (Ausfall.VERBINDUNG, ())


def test_a_web_server_in_between_says_no_in_its_own_words(amt: Amt) -> None:
    error = amt.fails(intermediaer=amt.stub.intermediary.url + "/nowhere")
    assert (error.grund, error.codes) == (Ausfall.VERBINDUNG, ())
    assert "404" in str(error)


def test_a_request_for_somebody_else_is_refused_by_its_code(amt: Amt) -> None:
    error = amt.fails(intermediaer_cipher=amt.stub.keys.register.cipher.certificate)
    assert (error.grund, error.codes) == (Ausfall.ABGELEHNT, ("9200",))


def test_the_text_of_a_failure_names_the_land_and_nothing_of_the_message(amt: Amt) -> None:
    amt.stub.intermediary.faults.add("unsigned")
    assert str(amt.fails()) == "UNGLAUBWUERDIG: Land 06: NOT_SIGNED"


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("revoked", [True, False])
def test_an_intermediary_that_is_pinned_may_be_revoked_as_well(
    stub: OsciStub, tmp_path: Path, revoked: bool, ended: bool
) -> None:
    crl, pinned = tmp_path / "crl.pem", signing("intermediary")
    serials, made = [pinned.certificate.serial_number] if revoked else [], NOW - timedelta(days=400 * ended)
    crl.write_bytes(pki.make_crl(ca(), serials, made))
    shared = OsciTeilnehmer(TrustStore(ca().certificate_pem, crl, frist=timedelta(days=100)), schemas())
    certificate = cipher("intermediary").certificate
    dialog = OsciDialog(shared, keys(stub.keys.gateway), Intermediaer(certificate, pinned.certificate))
    asked = message.opened(dialog.init_dialog(), cipher("intermediary"), OsciPolicy(), schemas())
    assert isinstance(asked, OpenedEnvelope)
    role = RoleCertificate("SignatureCertificateIntermediary", pinned.certificate)
    answer = Outgoing(
        message_type="ResponseToInitDialog",
        control=ControlBlock("c", message.control_block(asked.root).challenge, "1"),
        certificates=(role,),
        signer_role=role.role,
        payload=compose.feedback_rows([Entry("0801", "")]),
    )
    sealed = sealed_for(stub.keys.gateway.cipher.certificate, compose.compose(answer, pinned, OsciPolicy()))
    if not revoked:
        assert dialog.answer(sealed, NOW).codes == ("0801",)
        assert dialog.marken == ((LIST_ENDED,) if ended else ())
        return
    with pytest.raises(Fault) as caught:
        dialog.answer(sealed, NOW)
    assert caught.value.code is FaultCode.CERTIFICATE_REVOKED


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_soap_fault_says_no_whether_it_is_encrypted_or_not(stub: OsciStub, encrypted: bool) -> None:
    ours, intermediaer = keys(stub.keys.gateway), stub.keys.intermediary.cipher.certificate
    dialog = OsciDialog(teilnehmer(stub), ours, Intermediaer(intermediaer))
    dialog.init_dialog()
    fault = compose.soap_fault("9502", "no")
    with pytest.raises(Abgelehnt) as caught:
        dialog.answer(sealed_for(ours.chiffrierung.certificate, fault) if encrypted else fault, datetime.now(UTC))
    assert caught.value.codes == ("9502",)


# -- anything at all ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_back_ends_as_a_fault_or_a_refusal(stub: OsciStub, seed: int) -> None:
    """The answer to an InitDialog, changed in one place inside or outside its transport envelope."""
    chosen, ours = random.Random(seed), keys(stub.keys.gateway)
    intermediaer = stub.keys.intermediary
    known = Intermediaer(intermediaer.cipher.certificate, intermediaer.signature.certificate)
    dialog = OsciDialog(teilnehmer(stub), ours, known)
    sealed = stub.intermediary.answer(dialog.init_dialog()).data
    outer = mime.read(sealed)
    envelope = encryption.read_transport(parse(outer.envelope, ANSWER), OsciPolicy())
    plain = encryption.open_transport(envelope, outer, ours.chiffrierung)
    passed = 0
    for number in range(100):
        changed = mutated(sealed if number % 4 == 0 else plain, chosen)
        data = changed if number % 4 == 0 else sealed_for(ours.chiffrierung.certificate, changed)
        try:
            believed = copy.copy(dialog).answer(data, datetime.now(UTC))
        except (Fault, Abgelehnt):
            continue
        passed += 1
        assert believed.codes == ("0801",)
    assert passed < 25  # white space and the headers of MIME, which no signature covers


def sealed_for(certificate: x509.Certificate, plain: bytes) -> bytes:
    return encryption.seal_transport(plain, certificate, OsciPolicy())


def mutated(data: bytes, chosen: random.Random) -> bytes:
    start = chosen.randrange(len(data))
    end = start + chosen.choice([1, 1, 1, 8, 200])
    other = chosen.choice([b"", data[start:end] * 2, bytes([chosen.randrange(256)]), b"<x/>", b"\r\n", b"&#0;"])
    return data[:start] + other + data[end:]
