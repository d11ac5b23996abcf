"""3,000 seeded mutations of OSCI deliveries, on every layer: each gets a proper feedback or fault, and a record."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from lxml import etree

from gateway.envelope.osci import content, encryption, mime
from gateway.envelope.osci.compose import RoleCertificate
from gateway.envelope.osci.message import SoapFault
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.zertifikate import fingerprint
from gateway.exchange import exchange
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.protokoll import Einsicht, verify
from tests.betrieb import Betrieb, betrieb
from tests.envelope.osci.workshop import (
    DELIVERY,
    NOW,
    POLICY,
    Delivery,
    cipher,
    empfaenger,
    envelope_of,
    read_reply,
    signed_anew,
    signing,
)
from tests.hostile.mutator import Mutation, byte_mutations, mutations
from tests.spiegel.personen import datensatz

SEED = 20261128
EACH = 500  # mutations of a layer; there are six
ASKER = "dbs:090010980000"
UUID = b"0c5a3f0e-8d6b-4b5c-9f3e-6a1f0c2d7e11"

#: What a mutation may never cause: these say that the gateway itself was at fault.
OURS = re.compile("INTERNAL|NOT_RECORDED|AMBIGUOUS_XMELD")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("osci-hostile") / "instance")
    behoerden = one.here.authorities()
    behoerden.add(Behoerde(ASKER, "Prüfamt", Rolle.EINFACH))
    for identity in (signing("authority"), cipher("authority")):
        behoerden.add_certificate(ASKER, fingerprint(identity.certificate))
    one.lade([datensatz("1", "09000009")])
    one.gateway = replace(one.gateway, clock=lambda: NOW)
    yield one
    one.close()


def delivery(house: Betrieb) -> Delivery:
    return DELIVERY.but(nachricht=house.frage(ASKER, geschlecht="w", uuid=UUID.decode()))


def answered(house: Betrieb, request: bytes) -> str:
    """How the request ends: with which codes, and, where something was answered, with a message."""
    umschlag = empfaenger().umschlag()
    reply = exchange(request, umschlag, house.gateway)
    answer = read_reply(reply.body, challenge=None)
    if isinstance(answer, SoapFault):
        assert reply.is_fault
        assert answer.code
        return f"fault {answer.code} {answer.text}"
    (row,) = answer.feedback
    if reply.is_fault:
        assert answer.package is None
        return f"feedback {row.code} {row.text}"
    inhalt = content.open_content(answer, cipher("authority"), POLICY)
    assert row.code == "0800"
    return f"answer {etree.QName(etree.fromstring(inhalt.nachricht)).localname}"


# -- the layers --------------------------------------------------------------------------------------------------------


def of_the_wire(house: Betrieb) -> Iterator[Mutation]:
    return byte_mutations(delivery(house).plain(), SEED, EACH)


def of_the_encrypted_wire(house: Betrieb) -> Iterator[Mutation]:
    return byte_mutations(delivery(house).sealed(), SEED, EACH)


def of_the_transport_envelope(house: Betrieb) -> Iterator[Mutation]:
    parts = mime.read(delivery(house).sealed())
    for mutation in mutations(parts.envelope, SEED, EACH):
        yield replace(mutation, data=mime.write_encrypted(mutation.data, parts.attachments[0].data))


def of_the_signed_envelope(house: Betrieb) -> Iterator[Mutation]:
    """After it was signed; every second one is signed again by the intermediary, as far as there is something to sign,
    and every second of these is encrypted for the transport.
    """
    for number, mutation in enumerate(mutations(envelope_of(delivery(house).plain()), SEED, EACH)):
        data = mime.write(mutation.data)
        if number % 2:
            data = _signed_anew(data)
        yield replace(mutation, data=_sealed(data) if number % 4 == 3 else data)


def of_the_content(house: Betrieb) -> Iterator[Mutation]:
    """What was encrypted for us, encrypted again after it was changed."""
    proper = delivery(house)
    author = RoleCertificate("SignatureCertificateOriginator", proper.signs().certificate)
    reader = RoleCertificate("CipherCertificateAddressee", proper.reads().certificate)
    plain = content.seal_content(proper.nachricht, proper.signs(), author.id, None, POLICY).encode()
    for mutation in mutations(plain, SEED, EACH):
        cipher_text = encryption.encrypted_content(mutation.data, reader.certificate, reader.id, POLICY)
        yield replace(mutation, data=proper.but(package=_encrypted_data(cipher_text)).plain())


def of_the_message(house: Betrieb) -> Iterator[Mutation]:
    """The XMeld message, properly signed and encrypted by everybody: a UUID stands for one content only."""
    proper = delivery(house)
    for mutation in mutations(proper.nachricht, SEED, EACH):
        nachricht = mutation.data.replace(UUID, str(uuid.uuid4()).encode())
        yield replace(mutation, data=proper.but(nachricht=nachricht).sealed())


def _encrypted_data(cipher_text: str) -> str:
    proper = DELIVERY.plain()
    start = re.search(rb"<xenc:EncryptedData [^>]*>", proper)
    assert start
    return f"{start.group().decode()}{cipher_text}</xenc:EncryptedData>"


def _sealed(plain: bytes, policy: OsciPolicy = POLICY) -> bytes:
    return encryption.seal_transport(plain, cipher("gateway").certificate, policy)


def _signed_anew(plain: bytes) -> bytes:
    try:
        return signed_anew(plain)
    except Exception:  # what is so broken that its own sender could not sign it goes as it is
        return plain


LAYERS: dict[str, Callable[[Betrieb], Iterator[Mutation]]] = {
    layer.__name__: layer
    for layer in (
        of_the_wire,
        of_the_encrypted_wire,
        of_the_transport_envelope,
        of_the_signed_envelope,
        of_the_content,
        of_the_message,
    )
}


@pytest.mark.parametrize("layer", LAYERS)
def test_every_mutation_gets_a_proper_feedback_or_fault_and_a_record(house: Betrieb, layer: str) -> None:
    before = Einsicht(house.here.protokoll(readonly=True)).count()
    outcomes: dict[str, str] = {}
    for mutation in LAYERS[layer](house):
        outcomes[mutation.name] = answered(house, mutation.data)
    assert len(outcomes) == EACH
    assert not {name: word for name, word in outcomes.items() if OURS.search(word)}
    assert len(set(outcomes.values())) > 5  # it is not one and the same that stops them all
    result = verify(house.here.protokoll(readonly=True), house.here.protokollschluessel)
    assert (result.intact, result.entries - before) == (True, EACH)


def test_what_is_mutated_would_have_been_answered(house: Betrieb) -> None:
    fresh = DELIVERY.but(nachricht=house.frage(ASKER, geschlecht="w"))
    for request in (fresh.plain(), fresh.sealed()):
        assert answered(house, request) == "answer datenabruf.personensuche.antwort.1331"
