"""The last step of an answer: what was asked to be wrong with it, signature, transport envelope."""

import secrets
from base64 import b64encode
from dataclasses import dataclass, replace

from cryptography import x509

from osci_stub.keys import Signatory
from osci_stub.osci import mime
from osci_stub.osci.content import container, package
from osci_stub.osci.faults import Faults
from osci_stub.osci.message import Draft, Signer, encrypt, envelope
from osci_stub.osci.names import FEATURES
from osci_stub.osci.refused import Entry
from osci_stub.osci.text import block

FORGED = b"<forged/>"


@dataclass(frozen=True)
class Reply:
    """What is sent back: how late (in seconds), and whether the connection ends half-way."""

    data: bytes
    late: float = 0.0
    aborts: bool = False


@dataclass(frozen=True)
class Closing:
    """How the answers of one part are closed."""

    signer: Signer
    stranger: Signatory
    faults: Faults

    def close(self, draft: Draft, on: str, encrypt_for: x509.Certificate | None) -> Reply:
        """The answer in `draft`, with the faults that hold for `on`; encrypted where a certificate is given."""
        draft = _spoilt(draft, on, self.faults)
        data = mime.write(mime.Mime(self._envelope(draft, on), draft.parts))
        if encrypt_for is not None:
            data = encrypt(data, encrypt_for)
        return self.held(data, on)

    def _envelope(self, draft: Draft, on: str) -> bytes:
        signer: Signer | None = self.signer
        if self.faults.has("signed_by_stranger", on):
            signer = replace(self.signer, key=self.stranger)
        if self.faults.has("unsigned", on):
            draft = replace(draft, certificates=[*draft.certificates, self.signer.named])
            signer = None
        written = envelope(draft, signer)
        return _wrapped(written) if self.faults.has("wrapped_signature", on) else written

    def held(self, data: bytes, on: str) -> Reply:
        """Finished bytes, with what can go wrong on their way."""
        if self.faults.has("too_large", on):
            data += b"\r\n" * (self.faults.large_bytes // 2)
        late = self.faults.late_seconds if self.faults.has("too_late", on) else 0.0
        return Reply(data, late, aborts=self.faults.has("aborts_midway", on))


def challenge() -> str:
    """A new one, of the length that the library uses."""
    return b64encode(secrets.token_bytes(10)).decode()


def _spoilt(draft: Draft, on: str, faults: Faults) -> Draft:
    if faults.has("wrong_challenge", on):
        draft = replace(draft, control=replace(draft.control, response=challenge()))
    warning = faults.code("warning_3xxx", on)
    if warning is not None:
        draft = replace(draft, feedback=[*draft.feedback, Entry.of(warning)])
    return draft


def _wrapped(written: bytes) -> bytes:
    """The signed Body moves into the Header, where its Id still finds it; a forged one takes its place.

    The wrapper's default namespace ends at the Body (xmlns=""), so that the signed bytes stay what they were.
    """
    start, end = written.index(b"<soap:Body"), written.index(b"</soap:Envelope>")
    signed = written[start:end]
    hidden = signed.replace(b"<soap:Body", b'<soap:Body xmlns=""', 1)
    wrapper = b'<Wrapper xmlns="%s">%s</Wrapper>' % (FEATURES.encode(), hidden)
    header = written[:start].replace(b"</soap:Header>", wrapper + b"</soap:Header>")
    return header + _forged(signed) + written[end:]


def _forged(body: bytes) -> bytes:
    """A Body that the schema takes too: with another content where there was one, with another text where not."""
    if b"<osci:ContentPackage" in body:
        return block("soap:Body", package(container(FORGED, None), None), ' Id="forged"').encode()
    return body.replace(b' Id="body"', b' Id="forged"', 1).replace("ausgeführt".encode(), "gefälscht".encode())
