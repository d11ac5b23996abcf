"""The SOAP service, on spyne. It sees only what a signature covered: the front hands it nothing else."""

import io
import logging
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from wsgiref.util import setup_testing_defaults

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # spyne 2.14 bundles an old six and imports cgi
    from spyne import Application, ByteArray, ServiceBase, Unicode, rpc
    from spyne import Fault as SpyneFault
    from spyne.protocol.soap import Soap11
    from spyne.server.wsgi import WsgiApplication

from osci_stub.faults import ANFRAGE, NAMESPACE, ZUSTELLUNG
from osci_stub.wsse import SOAP
from osci_stub.xmeld import NotAnswered
from osci_stub.xml import XmlRefused
from osci_stub.zustellung import NotTaken

#: They would log what a request holds.
for _name in ("spyne.protocol", "spyne.server", "spyne.application.client"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

HANDLERS = "osci_stub.handlers"
ONE = {"min_occurs": 1, "max_occurs": 1, "nillable": False}
NACHRICHT, UUID = ByteArray(**ONE), Unicode(**ONE)


@dataclass(frozen=True)
class Handlers:
    """What does the work of a call: `answer` makes the 1331 of a 1330, `take` the UUID of a message that was taken."""

    answer: Callable[[bytes], bytes]
    take: Callable[[bytes], str]


class Service:
    """The operations xmeldAnfrage and xmeldZustellung; what does their work travels with each call."""

    def __init__(self, url: str) -> None:
        service = type("XMeldService", (ServiceBase,), _operations())
        protocols = {"in_protocol": Soap11(validator="lxml"), "out_protocol": Soap11()}
        application = Application([service], tns=NAMESPACE, name="XMeldStub", **protocols)
        self._wsgi = WsgiApplication(application)
        self._wsgi.doc.wsdl11.build_interface_document(url)
        self.wsdl: bytes = self._wsgi.doc.wsdl11.get_interface_document()

    def call(self, body: bytes, handlers: Handlers) -> tuple[str, bytes]:
        """HTTP status and unsigned SOAP envelope for a request's Body."""
        request = b'<soap:Envelope xmlns:soap="%s">%s</soap:Envelope>' % (SOAP.encode(), body)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": "text/xml; charset=utf-8",
            "CONTENT_LENGTH": str(len(request)),
            "wsgi.input": io.BytesIO(request),
            HANDLERS: handlers,
        }
        setup_testing_defaults(environ)
        status = ""

        def start_response(line: str, headers: Sequence[tuple[str, str]], exc_info: object = None) -> None:
            nonlocal status
            status = line

        chunks: Iterable[bytes] = self._wsgi(environ, start_response)
        envelope = b"".join(chunks)
        return status, envelope


def _operation(name: str, reply: str, variable: str, kind: Any, work: Callable[[Handlers, bytes], Any]) -> Any:
    def operation(ctx: Any, nachricht: Sequence[bytes] | None) -> Any:
        try:
            return work(ctx.transport.req_env[HANDLERS], b"".join(nachricht or ()))
        except (NotAnswered, NotTaken, XmlRefused) as error:
            raise SpyneFault("Client", str(error)) from None
        except OSError as error:
            raise SpyneFault("Server", f"the message cannot be kept: {error.strerror}") from None

    operation.__name__ = name
    names = {
        "_in_message_name": f"{{{NAMESPACE}}}{name}",
        "_out_message_name": f"{{{NAMESPACE}}}{reply}",
        "_out_variable_name": variable,
    }
    return rpc(NACHRICHT, _returns=kind, **names)(operation)


def _operations() -> dict[str, Any]:
    """New ones for each service: spyne keeps what it derives from them."""
    return {
        ANFRAGE: _operation(ANFRAGE, "xmeldAntwort", "nachricht", NACHRICHT, lambda to, given: [to.answer(given)]),
        ZUSTELLUNG: _operation(ZUSTELLUNG, "xmeldQuittung", "nachrichtenUUID", UUID, lambda to, given: to.take(given)),
    }
