"""The OSCI stub with itself: client, intermediary, register, over HTTP."""

import re
from typing import Any

import pytest
from lxml import etree

from osci_stub import anfrager
from osci_stub.anfrager import Anfrager
from osci_stub.land import Keys, OsciStub
from osci_stub.muster import freie_suche, suchanfrage
from osci_stub.osci import mime, relay
from osci_stub.osci.message import Draft
from osci_stub.osci.received import Control, Received, read
from osci_stub.osci.refused import FaultReceived, FeedbackReceived, Refused
from osci_stub.osci.reply import Reply, challenge
from osci_stub.osci.transport import Endpoint
from osci_stub.register import PERSONEN
from tests.integration.osci_stubs import running_stub, stub, stub_keys
from tests.integration.osci_vectors import outline, schema, vector
from tests.shared import needs_shared

__all__ = ["running_stub", "stub"]  # fixtures

X = {"x": "http://www.osci.de/xmeld2511a"}
THEODORA, KARL, *_ = PERSONEN
SIMPLE_RULE = "<osci:SelectionRule><osci:MessageId>{}</osci:MessageId></osci:SelectionRule>"


def status(nachricht: bytes) -> str | None:
    return etree.fromstring(nachricht).findtext(".//x:ergebnisstatus/code", None, X)


def codes(feedback: Any) -> list[str]:
    return [entry.code for entry in feedback]


# --- asking


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("message_id", [True, False])
def test_a_question_comes_back_answered(stub: OsciStub, encrypted: bool, message_id: bool) -> None:
    frage = suchanfrage()
    antwort = stub.anfrager(encrypted=encrypted).frage(frage, stub.addressee, message_id=message_id)
    assert status(antwort.nachricht) == "01"
    assert antwort.autor == stub.keys.register.signature.certificate
    assert codes(antwort.feedback) == ["0801"]
    assert list(stub.register.nachrichten) == [frage]
    assert (antwort.message.text("osci:RequestProcessCardBundle/osci:MessageId") is not None) == message_id


def test_a_trefferliste_and_its_follow_up_and_a_freie_suche_are_answered(stub: OsciStub) -> None:
    client = stub.anfrager()
    liste = client.frage(suchanfrage(KARL, geburtsdatum=""), stub.addressee).nachricht
    merkmal = etree.fromstring(liste).findtext(".//x:identifikationsmerkmal", None, X)
    profil = f"<x:identifikationsmerkmal>{merkmal}</x:identifikationsmerkmal>"
    person = client.frage(suchanfrage(profil=profil), stub.addressee).nachricht
    frei = client.frage(freie_suche("Lindenschmied"), stub.addressee).nachricht
    keiner = client.frage(freie_suche("Niemandssohn", bereich="06414000"), stub.addressee).nachricht
    assert [status(nachricht) for nachricht in (liste, person, frei, keiner)] == ["02", "01", "04", "03"]
    assert len(etree.fromstring(frei).findall(".//x:person", X)) == 2
    elsewhere = client.frage(freie_suche("Lindenschmied", bereich="09"), stub.addressee).nachricht
    assert etree.fromstring(elsewhere).findtext(".//x:grundDerRueckweisung/code", None, X) == "22"


def test_a_message_that_is_no_question_is_refused_by_the_register_with_9805(stub: OsciStub) -> None:
    for nachricht in (b"<a/>", b"no xml", b""):
        with pytest.raises(FeedbackReceived) as caught:
            stub.anfrager().frage(nachricht, stub.addressee)
        assert caught.value.codes[0] == "9805"


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_delivery_straight_to_the_register_is_answered(stub: OsciStub, encrypted: bool) -> None:
    intermediary = stub.keys.intermediary
    antwort = stub.anfrager().stelle_zu(suchanfrage(), stub.addressee, intermediary, encrypted=encrypted)
    assert (status(antwort.nachricht), codes(antwort.feedback)) == ("01", ["0800"])


def test_a_forwarded_delivery_is_accepted(stub: OsciStub) -> None:
    frage = suchanfrage()
    answer = stub.anfrager().leite_weiter(frage, stub.addressee)
    assert codes(answer.feedback) == ["0800"]
    assert list(stub.register.nachrichten) == [frage]


def test_an_answer_is_not_believed_by_who_does_not_know_the_ca(stub: OsciStub) -> None:
    with pytest.raises(Refused, match="9700"):
        replaced(stub.anfrager(), anchors=()).frage(suchanfrage(), stub.addressee)


def replaced(client: Anfrager, **changed: Any) -> Anfrager:
    return Anfrager(**{**vars(client), **changed})


# --- what the intermediary refuses


def opened(stub: OsciStub, **changed: Any) -> tuple[Anfrager, Control]:
    """A client in a dialog of its own, and the dialog block of its next request."""
    client = replaced(stub.anfrager(), **changed)
    control = client.send(Draft("InitDialog", Control()), Control(challenge=challenge())).control
    return client, Control(control.challenge, challenge(), control.conversation, "0")


@pytest.mark.parametrize(
    "wrong",
    [{"response": "other"}, {"conversation": "1"}, {"sequence": "1"}, {"sequence": "00"}],
)
def test_a_request_that_is_not_the_next_of_its_dialog_is_9400(stub: OsciStub, wrong: dict[str, str]) -> None:
    client, control = opened(stub)
    with pytest.raises(FaultReceived, match="9400"):
        client.send(Draft("ExitDialog", Control()), Control(**{**vars(control), **wrong}))
    assert client.send(Draft("ExitDialog", Control()), control).feedback[0].code == "0800"
    with pytest.raises(FaultReceived, match="9400"):
        client.send(Draft("ExitDialog", Control()), control)


def test_a_dialog_is_of_who_opened_it(stub: OsciStub) -> None:
    _, control = opened(stub)
    with pytest.raises(FaultReceived, match="9400"):
        stub.anfrager(stub.keys.gateway).send(Draft("ExitDialog", Control()), control)


def test_an_init_dialog_within_a_dialog_is_9400(stub: OsciStub) -> None:
    client, control = opened(stub)
    with pytest.raises(FaultReceived, match=r"9[34]00"):
        client.send(Draft("InitDialog", Control()), control)


def test_a_request_outside_a_dialog_counts_from_zero(stub: OsciStub) -> None:
    with pytest.raises(FaultReceived, match="9400"):
        stub.anfrager().send(Draft("GetMessageId", Control()), Control(None, challenge(), None, "1"))


def test_what_is_no_request_is_a_soap_fault(stub: OsciStub) -> None:
    client = replaced(stub.anfrager(), intermediary=stub.register.url)
    with pytest.raises(FaultReceived, match="9200"):
        client.message_id()
    plain = replaced(stub.anfrager(encrypted=False), intermediary=stub.register.url)
    with pytest.raises(FaultReceived, match="9300"):
        plain.message_id()


def test_a_stranger_is_refused_with_9700(stub: OsciStub) -> None:
    stranger = Keys.make(2048).gateway
    with pytest.raises(FeedbackReceived, match="9700"):
        stub.anfrager(stranger).message_id()


def test_an_unsigned_request_is_refused_with_9600_and_its_dialog_is_not_open(
    stub: OsciStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anfrager, "compose", lambda draft, signer: plain_compose(draft, None))
    with pytest.raises(FeedbackReceived, match="9600"):
        stub.anfrager().message_id()
    with pytest.raises(FeedbackReceived, match="9600"):
        stub.anfrager().dialog()


plain_compose = anfrager.compose


def test_a_message_id_is_taken_once_and_only_if_it_was_issued(stub: OsciStub) -> None:
    client, reader = stub.anfrager(), stub.keys.gateway.cipher.certificate
    identifier = client.lege_ab(b"<a/>", reader)
    for again in (identifier, "invented"):
        with pytest.raises(FeedbackReceived, match="9801"):
            client.lege_ab(b"<a/>", reader, message_id=again)


def test_an_encrypted_request_needs_the_clients_cipher_certificate(stub: OsciStub) -> None:
    client = NoCipher(**vars(stub.anfrager()))
    with pytest.raises(FaultReceived, match="9500"):
        client.message_id()


class NoCipher(Anfrager):
    def _certificates(self, draft: Draft) -> list[Any]:
        return list(draft.certificates)


def test_a_recipient_that_is_not_there_is_9809(stub: OsciStub) -> None:
    nowhere = anfrager.Addressee("http://127.0.0.1:9/osci", stub.addressee.cipher)
    with pytest.raises(FeedbackReceived, match="9809"):
        stub.anfrager().frage(suchanfrage(), nowhere)
    with pytest.raises(FeedbackReceived, match="9809"):
        stub.anfrager().frage(suchanfrage(), anfrager.Addressee("file:///etc/passwd", stub.addressee.cipher))


def test_a_plain_answer_of_the_recipient_is_warned_of_with_3803(stub: OsciStub) -> None:
    def plainly(data: bytes) -> Reply:
        message = read(stub.register.answer(data).data, stub.keys.intermediary.cipher)
        return Reply(mime.write(mime.Mime(etree.tostring(message.envelope), message.parts)))

    endpoint = Endpoint(plainly)
    antwort = stub.anfrager().frage(suchanfrage(), anfrager.Addressee(endpoint.url, stub.addressee.cipher))
    endpoint.close()
    assert codes(antwort.feedback) == ["0801", "3803"]


def test_an_answer_without_a_content_is_9806(stub: OsciStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stub.register, "_answered", lambda request, done, antwort: done)
    with pytest.raises(FeedbackReceived, match="9806"):
        stub.anfrager().frage(suchanfrage(), stub.addressee)


# --- mailboxes


def test_a_delivery_waits_until_it_is_fetched(stub: OsciStub) -> None:
    sender, reader = stub.anfrager(), stub.anfrager(stub.keys.gateway)
    with OsciStub(stub_keys()) as fresh:
        sender, reader = fresh.anfrager(), fresh.anfrager(fresh.keys.gateway)
        with pytest.raises(FeedbackReceived, match="9803"):
            reader.hole_ab()
        large = b"<a>" + b"x" * 1_500_000 + b"</a>"
        first = sender.lege_ab(large, fresh.keys.gateway.cipher.certificate)
        sender.lege_ab(b"<b/>", fresh.keys.gateway.cipher.certificate)
        got = reader.hole_ab()
        assert (got.nachricht, codes(got.feedback)) == (large, ["0801", "3800"])
        got = reader.hole_ab()
        assert (got.nachricht, codes(got.feedback)) == (b"<b/>", ["0801"])
        with pytest.raises(FeedbackReceived, match="9803"):
            reader.hole_ab()
        assert reader.hole_ab(first).nachricht == large
        with pytest.raises(FeedbackReceived, match="9803"):
            sender.hole_ab(first)


def test_process_cards_tell_what_became_of_a_delivery(stub: OsciStub) -> None:
    with OsciStub(stub_keys()) as fresh:
        sender, reader = fresh.anfrager(), fresh.anfrager(fresh.keys.gateway)
        with pytest.raises(FeedbackReceived, match="9804"):
            sender.laufzettel()
        identifier = sender.lege_ab(b"<a/>", fresh.keys.gateway.cipher.certificate)
        sender.lege_ab(b"<b/>", fresh.keys.gateway.cipher.certificate)
        limited = sender.laufzettel('<osci:Quantity Limit="1"></osci:Quantity>')
        assert (codes(limited.feedback), received(limited)) == (["0801", "3801"], [False])
        reader.hole_ab(identifier)
        assert received(sender.laufzettel()) == [True, False]
        rule = '<osci:SelectionRule><osci:RecentModification NoReception="true" Role="{}">2020-01-01T00:00:00Z'
        rule += "</osci:RecentModification></osci:SelectionRule>"
        assert received(reader.laufzettel(rule.format("Addressee"))) == [False]
        with pytest.raises(FeedbackReceived, match="9804"):
            reader.laufzettel(rule.format("Originator"))


def received(answer: Received) -> list[bool]:
    bundles = answer.payload.iterfind("{*}ProcessCardBundle")
    return [bundle.find(".//{*}Reception") is not None for bundle in bundles]


# --- on the wire


class Tap:
    """Everything that was posted and answered, opened."""

    def __init__(self, keys: Keys) -> None:
        self._keys = [party.cipher for party in (keys.intermediary, keys.register, keys.gateway, keys.behoerde)]
        self.messages: list[Received] = []

    def post(self, url: str, data: bytes, timeout: float) -> bytes:
        answer = original_post(url, data, timeout)
        self.messages += [self._opened(data), self._opened(answer)]
        return answer

    def _opened(self, data: bytes) -> Received:
        for key in self._keys:
            try:
                return read(data, key)
            except Refused as refused:
                if refused.code != "9200":
                    raise
        raise AssertionError("encrypted for nobody")

    def last(self, message_type: str) -> Received:
        return [message for message in self.messages if message.type == message_type][-1]


original_post = anfrager.post


@pytest.fixture
def tap(stub: OsciStub, monkeypatch: pytest.MonkeyPatch) -> Tap:
    tapped = Tap(stub.keys)
    monkeypatch.setattr(anfrager, "post", tapped.post)
    monkeypatch.setattr(relay, "post", tapped.post)
    return tapped


@needs_shared
def test_every_message_on_the_wire_is_valid_by_the_publishers_schemas(stub: OsciStub, tap: Tap) -> None:
    client, reader = stub.anfrager(), stub.keys.behoerde.cipher.certificate
    client.frage(suchanfrage(), stub.addressee, message_id=True)
    client.frage(suchanfrage(), stub.addressee)
    client.leite_weiter(suchanfrage(), stub.addressee)
    client.laufzettel(SIMPLE_RULE.format("YQ==").replace("YQ==", identifier(client.lege_ab(b"<a/>", reader))))
    client.laufzettel()
    client.hole_ab()
    for call in (client.hole_ab, lambda: client.frage(b"<a/>", stub.addressee, message_id=True)):
        with pytest.raises(FeedbackReceived):
            call()
    stranger = stub.anfrager(Keys.make(2048).behoerde)
    tap._keys.append(stranger.party.cipher)
    for call in (stranger.message_id, stranger.dialog):
        with pytest.raises(FeedbackReceived):
            call()
    for request in ("FetchDelivery", "FetchProcessCard", "MediateDelivery", "ExitDialog", "StoreDelivery"):
        stub.intermediary.faults.add("fault_9602", request)
    for call in (client.hole_ab, client.laufzettel, lambda: client.frage(suchanfrage(), stub.addressee)):
        with pytest.raises(FeedbackReceived):
            call()
    for message in tap.messages:
        valid = schema(message.type)
        assert valid.validate(message.envelope), (message.type, valid.error_log)
    assert len({message.type for message in tap.messages}) == 20


def identifier(message_id: str) -> str:
    return anfrager.written_id(message_id).removeprefix("<osci:MessageId>").removesuffix("</osci:MessageId>")


#: What the library's test intermediary does otherwise, beside Ids of its own: it sends no features, nor wants them.
MODELS = {
    "ProcessDelivery": "process-request.xml",
    "ResponseToProcessDelivery": "process-response.xml",
    "ResponseToMediateDelivery": "06-ResponseToMediateDelivery.xml",
    "ResponseToInitDialog": "04-ResponseToInitDialog.xml",
    "ResponseToExitDialog": "08-ResponseToExitDialog.xml",
    "ResponseToGetMessageId": "02-ResponseToGetMessageId.xml",
    "ResponseToStoreDelivery": "20-ResponseToStoreDelivery.xml",
    "ResponseToFetchDelivery": "24-ResponseToFetchDelivery.xml",
    "MediateDelivery": "05-MediateDelivery.xml",
    "InitDialog": "03-InitDialog.xml",
    "ExitDialog": "07-ExitDialog.xml",
    "GetMessageId": "01-GetMessageId.xml",
    "StoreDelivery": "19-StoreDelivery.xml",
    "FetchDelivery": "23-FetchDelivery.xml",
}


@needs_shared
def test_the_messages_have_the_outlines_of_the_library_and_of_its_intermediary(stub: OsciStub, tap: Tap) -> None:
    client = stub.anfrager()
    client.lege_ab(b"<a/>", stub.keys.behoerde.cipher.certificate)
    client.hole_ab()
    client.frage(suchanfrage(), stub.addressee, message_id=True)
    for message_type, name in MODELS.items():
        model = etree.fromstring(vector(f"e2e/intermed/{name}"))
        written = [plain(text) for text in outline(tap.last(message_type).envelope)]
        assert written == [plain(text) for text in outline(model)], message_type


def plain(text: str) -> str:
    """Without the signature method, which is the signer's choice, and the order of attributes, which is nobody's."""
    text = re.sub(r"Algorithm=\S+(rsa-sha256|sha256-rsa-MGF1)", "Algorithm=RSA", text)
    text = re.sub(r"(intermed_\w+?)_(1|HASH)\b", r"\1", text)
    text = re.sub(r"(URI|RecentModification)=(http://127\S+|20\S+)", r"\1", text)
    text = re.sub(r"(ConversationId|SequenceNumber)=\d+", r"\1", text)
    element, *attributes = text.lstrip().split(" ")
    return " ".join([" " * (len(text) - len(text.lstrip())), element, *sorted(attributes)])
