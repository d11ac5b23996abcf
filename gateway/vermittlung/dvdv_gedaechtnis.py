"""The services that DVDV named last, in a file: what is known of the way when DVDV is away, also after a restart."""

import base64
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import files
from gateway.vermittlung.dvdv_dienst import Dienst
from gateway.vermittlung.eintrag import Weg, der_certificate

log = logging.getLogger(__name__)

#: Organisation key and service URI.
Frage = tuple[str, str]


class Gedaechtnis:
    """One JSON file, replaced at once. Equal services stand there once: most municipalities of a Land share one.

    Several processes may use it: each adds to what is there. It holds nothing that is secret or personal.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def lies(self) -> dict[Frage, Dienst]:
        """What is known; nothing where the file is missing or unusable, and then the log says so."""
        try:
            content = orjson.loads(self._path.read_bytes())
            dienste = [_dienst(one) for one in content["dienste"]]
            return {(key, uri): dienste[number] for key, uri, number in content["fragen"]}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
            log.error("what is known from DVDV cannot be read from %s: %s", self._path, type(error).__name__)
            return {}

    def merke(self, frage: Frage, dienst: Dienst | None) -> None:
        """Notes the answer; None removes what was known. A file that cannot be written is logged and left."""
        with self._lock:
            bekannt = self.lies()
            if bekannt.get(frage) == dienst:
                return
            bekannt.pop(frage, None)
            if dienst:
                bekannt[frage] = dienst
            try:
                self._schreibe(bekannt)
            except OSError as error:
                log.error("what is known from DVDV cannot be written to %s: %s", self._path, error.strerror)

    def _schreibe(self, bekannt: Mapping[Frage, Dienst]) -> None:
        nummern: dict[Dienst, int] = {}
        fragen = [(*frage, nummern.setdefault(dienst, len(nummern))) for frage, dienst in bekannt.items()]
        content = orjson.dumps({"dienste": [_json(dienst) for dienst in nummern], "fragen": fragen})
        files.replace(self._path, content)


def _json(dienst: Dienst) -> Mapping[str, Any]:
    return {
        "adressat": dienst.weg.adressat,
        "adressat_cipher": _text(dienst.weg.adressat_cipher),
        "intermediaer": dienst.weg.intermediaer,
        "intermediaer_cipher": _text(dienst.weg.intermediaer_cipher),
        "intermediaer_signatur": dienst.intermediaer_signatur and _text(dienst.intermediaer_signatur),
        "signaturen": sorted(map(_text, dienst.signaturen)),
    }


def _dienst(value: Mapping[str, Any]) -> Dienst:
    signatur = value["intermediaer_signatur"]
    return Dienst(
        Weg(
            str(value["adressat"]),
            _certificate(value["adressat_cipher"]),
            str(value["intermediaer"]),
            _certificate(value["intermediaer_cipher"]),
        ),
        _certificate(signatur) if signatur else None,
        frozenset(map(_certificate, value["signaturen"])),
    )


def _text(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def _certificate(text: str) -> x509.Certificate:
    return der_certificate(base64.b64decode(text, validate=True))
