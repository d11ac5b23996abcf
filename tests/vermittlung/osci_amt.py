"""Our side of retrievals at the stub: the client, and the stub as a directory of peers describes it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from gateway.envelope.osci.client import OsciTeilnehmer
from gateway.envelope.osci.recipient import OsciSchluessel
from gateway.envelope.signer import Identity
from gateway.envelope.zertifikate import TrustStore, fingerprint
from gateway.ports import Ausfall, LandNichtErreichbar
from gateway.vermittlung import osci_client
from gateway.vermittlung.gegenstelle import Gegenstelle
from gateway.vermittlung.osci_client import LandAntwortetNicht, OsciClient, Vermittelt
from gateway.zustellung.http import HttpReply, SendError, post
from osci_stub.land import OsciStub
from osci_stub.muster import suchanfrage
from osci_stub.osci.parties import Party, pem_bundle
from tests.envelope.osci.workshop import schemas
from tests.integration.osci_stubs import running_stub, stub

__all__ = ["amt", "line", "running_stub", "stub"]

LAND = "06"
NOBODY = "http://127.0.0.1:9/osci"
LARGE = 33 << 20  # more than anybody takes
LATE = 2.0


def keys(party: Party) -> OsciSchluessel:
    return OsciSchluessel(*(Identity(one.key, one.certificate) for one in (party.signature, party.cipher)))


def peer(stub: OsciStub, **changes: object) -> Gegenstelle:
    parties = stub.keys
    one = Gegenstelle(
        land=LAND,
        adressat=stub.register.url,
        adressat_cipher=parties.register.cipher.certificate,
        intermediaer=stub.intermediary.url,
        intermediaer_cipher=parties.intermediary.cipher.certificate,
        intermediaer_signatur=parties.intermediary.signature.certificate,
        autoren=frozenset({fingerprint(parties.register.signature.certificate)}),
        versionen=frozenset({"25.11a"}),
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def teilnehmer(stub: OsciStub) -> OsciTeilnehmer:
    return OsciTeilnehmer(TrustStore(pem_bundle(stub.keys.anchors)), schemas())


@dataclass
class Amt:
    """Asks the stub's register; the peer may be described otherwise than it is."""

    stub: OsciStub
    client: OsciClient

    def asks(self, nachricht: bytes | None = None, now: datetime | None = None, **changes: object) -> Vermittelt:
        question, moment = nachricht or suchanfrage(), now or datetime.now(UTC)
        return self.client.mediate(peer(self.stub, **changes), keys(self.stub.keys.gateway), question, moment)

    def fails(self, now: datetime | None = None, **changes: object) -> LandNichtErreichbar:
        with pytest.raises(LandNichtErreichbar) as caught:
            self.asks(now=now, **changes)
        error = caught.value
        absent = error.grund in (Ausfall.ZEIT, Ausfall.VERBINDUNG) or {"9808", "9809", "9810"} & set(error.codes)
        assert isinstance(error, LandAntwortetNicht) == bool(absent)
        return error

    def arrived(self) -> int:
        """Deliveries that the register has opened."""
        return len(self.stub.register.nachrichten)


@pytest.fixture
def amt(stub: OsciStub) -> Amt:
    for faults in (stub.intermediary.faults, stub.register.faults):
        faults.large_bytes, faults.late_seconds = LARGE, LATE
    return Amt(stub, OsciClient(teilnehmer(stub)))


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[SendError | None]]:
    """What happens to the next requests instead of being sent; None lets one pass, as does an empty list."""
    planned: list[SendError | None] = []

    def sent(url: str, body: bytes, **more: object) -> HttpReply:
        trouble = planned.pop(0) if planned else None
        if trouble:
            raise trouble
        return post(url, body, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(osci_client, "post", sent)
    yield planned
    assert not planned, "more requests were expected"


def gone(*, sent: bool = False) -> SendError:
    return SendError("gone", sent=sent)
