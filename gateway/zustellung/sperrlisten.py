"""Fetches revocation lists from where CAs publish them into the file that all processes watch.

Nothing waits for it: requests are judged by the file as it is, and `crl_frist_stunden` says what becomes of them when
no newer list comes. A list is taken when one of the CAs has signed it and it is newer than the one that is there.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import files
from gateway.envelope.zertifikate import check_crl
from gateway.errors import ConfigError, GatewayError
from gateway.zustellung.http import get

log = logging.getLogger(__name__)

TIMEOUT = 10.0  # seconds for one list, all of it
MAX_BYTES = 16 << 20

_END = b"-----END X509 CRL-----"


@dataclass(frozen=True)
class Sperrlisten:
    """Of the CAs `cas`, from `urls` into the file `path`."""

    urls: Sequence[str]
    path: Path
    cas: Sequence[x509.Certificate]

    def hole(self) -> bool:
        """Fetches each; whether all of them came. What went wrong is logged."""
        came = [self._hole(url) for url in self.urls]
        return all(came)

    def _hole(self, url: str) -> bool:
        try:
            self._nimm(_load(_body(url)))
        except Exception as error:  # whatever somebody made of it: it is tried again, and the one that is there stays
            known = isinstance(error, GatewayError | OSError | ValueError)
            log.warning("no revocation list from %s: %s", url, error if known else type(error).__name__)
            return False
        return True

    def _nimm(self, neu: x509.CertificateRevocationList) -> None:
        """Puts it in the place of its CA's older one, all at once."""
        wessen, inhalt = check_crl(neu, self.cas)
        lists = {wessen: neu}
        for there in self._vorhandene():
            with suppress(ConfigError, ValueError, UnsupportedAlgorithm):
                of, alt = check_crl(there, self.cas)
                if of == wessen and alt.this_update >= inhalt.this_update:
                    return
                lists.setdefault(of, there)
        # on the disk before it counts: a file without a list refuses everybody, and nobody starts with one
        files.replace(self.path, b"".join(one.public_bytes(Encoding.PEM) for one in lists.values()))

    def _vorhandene(self) -> list[x509.CertificateRevocationList]:
        try:
            blocks = self.path.read_bytes().split(_END)[:-1]
            return [x509.load_pem_x509_crl(block + _END) for block in blocks]
        except (OSError, ValueError):
            return []


def _body(url: str) -> bytes:
    reply = get(url, headers={}, timeout=TIMEOUT, max_reply=MAX_BYTES)
    if reply.status != 200:
        raise ConfigError(f"{url} answers with status {reply.status}")
    return reply.body


def _load(data: bytes) -> x509.CertificateRevocationList:
    """DER as RFC 5280 § 4.2.1.13 has it, or PEM."""
    return x509.load_pem_x509_crl(data) if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl(data)


def hole_immer_wieder(listen: Sequence[Sperrlisten], abstand: float, kurz: float = 60.0) -> Callable[[], None]:
    """Fetches in a thread of its own every `abstand` seconds, sooner (`kurz`) where one did not come; returns what ends
    it.
    """
    ende = threading.Event()

    def run() -> None:
        while True:
            came = [eine.hole() for eine in listen]
            if ende.wait(abstand if all(came) else min(kurz, abstand)):
                return

    if listen:
        threading.Thread(target=run, name="sperrlisten", daemon=True).start()
    return ende.set
