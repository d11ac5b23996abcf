"""Delivery over SOAP: `gateway.ports.Zustellung` to the addresses that the instance names."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.envelope.client import SoapDelivery, SoapFault
from gateway.errors import ConfigError, Fault
from gateway.ports import Quittung, Zurueckgestellt, ZustellungError
from gateway.zustellung.http import SendError, Trust, post

#: Seconds for which an address that did not answer is left alone: many messages may wait for the same one.
PAUSE = 60.0

#: Bytes of a receipt.
_MAX_RECEIPT = 1 << 16


@dataclass(frozen=True)
class Adressbuch:
    """Where messages go: to a receiver's own address, else to the one that takes those for all others, if any."""

    stellen: Mapping[str, str]
    alle: str = ""

    def of(self, empfaenger: str) -> str:
        """The URL. Raises ZustellungError."""
        url = self.stellen.get(empfaenger, self.alle)
        if not url:
            raise ZustellungError(
                "there is no address for it: set zustellung.adresse, or name it in zustellung.stellen"
            )
        return url


class SoapZustellung:
    """Signs with the gateway's key; shows it as TLS certificate too, where one is asked for."""

    def __init__(
        self,
        delivery: SoapDelivery,
        adressen: Adressbuch,
        *,
        ca: Path,
        client: tuple[Path, Path],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._delivery = delivery
        self._adressen = adressen
        self._trust = Trust(ca, beside_system=False)
        self._client = client
        self._clock = clock
        self._away: dict[str, float] = {}  # address → until when it is left alone

    def deliver(self, empfaenger: str, uuid: str, nachricht: bytes, now: datetime) -> Quittung:
        """See `gateway.ports.Zustellung.deliver`."""
        url = self._adressen.of(empfaenger)
        if self._clock() < self._away.get(url, 0.0):
            raise Zurueckgestellt(f"{url} did not answer just now")
        request = self._delivery.request(nachricht, now)
        try:
            reply = post(url, request, trust=self._trust, client=self._client, max_reply=_MAX_RECEIPT)
        except SendError as error:
            self._away[url] = self._clock() + PAUSE
            raise ZustellungError(str(error)) from None
        except ConfigError as error:
            raise ZustellungError(str(error)) from None
        self._check(reply.body, uuid, url, now)
        return Quittung(hashlib.sha256(request).digest(), hashlib.sha256(reply.body).digest())

    def _check(self, reply: bytes, uuid: str, url: str, now: datetime) -> None:
        """Only the signed receipt for this very message says that it was taken."""
        try:
            receipt = self._delivery.receipt(reply, now)
        except Fault as fault:
            raise ZustellungError(f"{url}: the reply is not a proper receipt: {fault}") from None
        if isinstance(receipt, SoapFault):
            raise ZustellungError(f"{url} refuses it with a signed fault")
        if receipt.lower() != uuid.lower():
            raise ZustellungError(f"{url} acknowledges another message")
