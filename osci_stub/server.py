"""The endpoint: HTTP on loopback, the signature before spyne and after it, and the fault that was asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType

from cryptography import x509
from lxml import etree

from osci_stub import wsse, xmeld, zustellung
from osci_stub.faults import FAULTS, NO_FAULT, Fault, Sealing
from osci_stub.keys import Issuer, KeyType, Signatory
from osci_stub.listener import BadRequest, Environ, Listener, StartResponse, line, read_body
from osci_stub.posteingang import Posteingang
from osci_stub.register import PERSONEN, Person, Register
from osci_stub.schema import find_schema
from osci_stub.service import Handlers, Service

PATH = "/xmeld"
FAULT_HEADER = "X-Stub-Fault"
MAX_REQUEST = 2 * 2**20  # bytes; a real 1330 has about 23 KB


class StubServer:
    """A running stub; stops with `close` or at the end of its `with` block.

    `signatory` signs the replies, `ca_pem` says who issued its certificate; both are made new when not given.
    `trust` are PEM certificates whose requests are taken beside those of the stub's own clients: a CA's, or a single
    one. `fault` is a name of FAULTS for every reply, and may be set anew at any time; the header `X-Stub-Fault` sets it
    for one. What is delivered is in `posteingang`; given a folder, in files there.
    Raises ValueError for an unknown fault, bad PEM or other files in the folder, OSError when `port` is taken (0 picks
    a free one) or the folder cannot be used.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        signatory: Signatory | None = None,
        ca_pem: bytes | None = None,
        key_type: KeyType = "ec",
        trust: bytes = b"",
        fault: str | None = None,
        personen: Sequence[Person] = PERSONEN,
        posteingang: Path | None = None,
        late_seconds: float = 30.0,
        large_bytes: int = 64 * 2**20,
        quiet: bool = True,
    ) -> None:
        self._issuer = Issuer.make("osci_stub test CA")
        self._signatory = signatory or self._issuer.issue("osci_stub register", key_type)
        own_ca = self._issuer.ca.certificate_pem if signatory is None else self._signatory.certificate_pem
        self.ca_pem: bytes = ca_pem or own_ca
        self._anchors = [self._issuer.ca.certificate, *(x509.load_pem_x509_certificates(trust) if trust else ())]
        self._sealing = Sealing(
            self._signatory, Issuer.make("stranger's CA").issue("stranger"), datetime.now(UTC), large_bytes
        )
        self.fault = fault
        self._late_seconds = late_seconds
        self._register = Register(personen)
        self.posteingang = Posteingang(posteingang)
        self._schema = find_schema()
        self._listener = Listener(self._wsgi, port, PATH, quiet=quiet)
        self.url = self._listener.url
        self._service = Service(self.url)
        self._listener.start()

    @property
    def certificate_pem(self) -> bytes:
        """The certificate that the replies are signed with."""
        return self._signatory.certificate_pem

    @property
    def fault(self) -> str | None:
        """What is done wrong with every request that comes from now on. Setting an unknown name raises ValueError."""
        return self._fault

    @fault.setter
    def fault(self, name: str | None) -> None:
        _fault(name)
        self._fault = name

    @property
    def validates(self) -> bool:
        """Whether the project's schemas were found, so that requests and answers are checked against them."""
        return self._schema is not None

    def issue_client(self, name: str, key_type: KeyType = "ec") -> Signatory:
        """A key and certificate whose requests this stub takes."""
        return self._issuer.issue(name, key_type)

    def close(self) -> None:
        """Stops listening and waits for the replies that are under way; those held back leave at once."""
        self._listener.close()

    def __enter__(self) -> "StubServer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _wsgi(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        kind = "text/xml; charset=utf-8"
        try:
            status, reply = self._reply(environ)
        except BadRequest as error:
            status, reply, kind = line(error.status), f"{error}\n".encode(), "text/plain; charset=utf-8"
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(reply)))])
        return [reply]

    def _reply(self, environ: Environ) -> tuple[str, bytes]:
        if environ["PATH_INFO"] != PATH:
            raise BadRequest(HTTPStatus.NOT_FOUND, f"the endpoint is {PATH}")
        if environ["REQUEST_METHOD"] == "GET" and environ.get("QUERY_STRING", "").lower() == "wsdl":
            return line(HTTPStatus.OK), self._service.wsdl
        if environ["REQUEST_METHOD"] != "POST":
            raise BadRequest(HTTPStatus.METHOD_NOT_ALLOWED, f"POST a SOAP envelope, or GET {PATH}?wsdl")
        fault = self._fault_of(environ)
        now = datetime.now(UTC)
        status, envelope = self._answer(read_body(environ, MAX_REQUEST), fault, now)
        if fault.hangs_up:
            raise ConnectionAbortedError  # wsgiref takes it for a caller that has gone, and closes
        reply = fault.seal(envelope, replace(self._sealing, now=now))
        if fault.late:
            self._listener.closing.wait(self._late_seconds)
        return status, reply

    def _answer(self, request: bytes, fault: Fault, now: datetime) -> tuple[str, bytes]:
        try:
            opened = wsse.open_signed(request, self._anchors, now)
        except wsse.Refused as refused:
            return _soap_fault(refused)
        if fault.refuses:
            return _soap_fault(wsse.Refused("soap:Client", "refused, because that was asked for"))
        if fault.only not in (None, opened.operation):
            raise BadRequest(HTTPStatus.BAD_REQUEST, f"a fault for {fault.only} only: {fault.tells}")
        handlers = Handlers(
            answer=lambda nachricht: fault.change(self._beantworte(nachricht, now)),
            take=lambda nachricht: fault.receipt(self._nimm(nachricht)),
        )
        return self._service.call(opened.body, handlers)

    def _nimm(self, nachricht: bytes) -> str:
        """The UUID of a message that is in the postbox now. Raises NotTaken, XmlRefused or OSError."""
        angekommen = zustellung.check(nachricht, self._schema)
        self.posteingang.nimm(angekommen)
        return angekommen.uuid

    def _beantworte(self, nachricht: bytes, now: datetime) -> bytes:
        """The 1331 for a 1330. Raises NotAnswered or XmlRefused."""
        suchanfrage = xmeld.read(nachricht)
        complaint = self._schema.complaint(suchanfrage.dokument) if self._schema else None
        if complaint:
            raise xmeld.NotAnswered(complaint)
        antwort = self._register.beantworte(suchanfrage.anfrage, now)
        root = xmeld.write(suchanfrage, antwort, now)
        complaint = self._schema.complaint(root) if self._schema else None
        if complaint:
            raise RuntimeError(f"the stub's own answer is {complaint}")
        return xmeld.serialize(root)

    def _fault_of(self, environ: Environ) -> Fault:
        name = environ.get("HTTP_" + FAULT_HEADER.upper().replace("-", "_"))
        try:
            return _fault(name or self._fault)
        except ValueError as error:
            raise BadRequest(HTTPStatus.BAD_REQUEST, str(error)) from None


def _fault(name: str | None) -> Fault:
    if name is None:
        return NO_FAULT
    if name not in FAULTS:
        raise ValueError("no fault of that name; there are " + ", ".join(FAULTS))
    return FAULTS[name]


def _soap_fault(refused: wsse.Refused) -> tuple[str, bytes]:
    """HTTP status and unsigned envelope."""
    envelope = etree.Element(f"{{{wsse.SOAP}}}Envelope", nsmap={"soap": wsse.SOAP, "wsse": wsse.WSSE})
    fault = etree.SubElement(etree.SubElement(envelope, wsse.BODY), f"{{{wsse.SOAP}}}Fault")
    etree.SubElement(fault, "faultcode").text = refused.code
    etree.SubElement(fault, "faultstring").text = refused.text
    return line(HTTPStatus.INTERNAL_SERVER_ERROR), etree.tostring(envelope)  # SOAP 1.1 § 6.2: a fault is a 500
