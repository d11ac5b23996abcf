"""Mutated envelopes: opening one gives exactly the signed bytes or a Fault, nothing else, and never takes long."""

import time
from collections import Counter

import pytest

from gateway.envelope.pki import KeyType
from gateway.envelope.soap import SoapUmschlag
from gateway.errors import Fault, FaultCode
from tests.envelope.workshop import NACHRICHT, NOW, client, request, umschlag
from tests.hostile.mutator import mutations

COUNT = 1000
SECONDS = 0.5  # of processor time for one request; usually a thousandth of a second
REQUESTS = {
    "signed with libxmlsec": request,
    "signed by our client": lambda: client(KeyType.RSA).request(NACHRICHT, NOW),
}


def outcome(receiver: SoapUmschlag, data: bytes) -> str:
    """ "opened", or the code of the Fault."""
    try:
        opened = receiver.open(data, NOW)
    except Fault as fault:
        receiver.fault(fault.code, fault.detail, NOW)
        return fault.code.name
    assert opened.nachricht == NACHRICHT
    return "opened"


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("original", REQUESTS.values(), ids=REQUESTS)
def test_a_mutated_envelope_yields_the_signed_bytes_or_a_fault(original, seed: int) -> None:  # type: ignore[no-untyped-def]
    receiver, document = umschlag(), original()
    outcomes: Counter[str] = Counter()
    for mutation in mutations(document, seed, COUNT):
        before = time.process_time()
        try:
            outcomes[outcome(receiver, mutation.data)] += 1
        except Exception as error:
            raise AssertionError(f"mutation {mutation.name} of seed {seed}") from error
        assert time.process_time() - before < SECONDS, mutation.name
    # A campaign that is stopped at the door tests nothing: it must reach all layers, and some changes are harmless.
    assert outcomes["opened"] >= COUNT // 100
    for code in (
        FaultCode.NOT_WELLFORMED,
        FaultCode.NOT_UTF8,
        FaultCode.FORBIDDEN_XML,
        FaultCode.INVALID_SECURITY,
        FaultCode.WRONG_COVERAGE,
        FaultCode.SIGNATURE_INVALID,
        FaultCode.NOT_THE_OPERATION,
    ):
        assert outcomes[code.name] >= COUNT // 200, outcomes


def test_the_same_seed_gives_the_same_mutations() -> None:
    document = request()
    first, second = (list(mutations(document, 7, 100)) for _ in range(2))
    assert first == second
    assert len({mutation.data for mutation in first} - {document}) > 90
