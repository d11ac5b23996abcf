"""The SOAP service, on spyne. It sees only what a signature covered: the front hands it nothing else."""

import io
import logging
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from wsgiref.util import setup_testing_defaults

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # spyne 2.14 bundles an old six and imports cgi
    from spyne import Application, ByteArray, ServiceBase, rpc
    from spyne import Fault as SpyneFault
    from spyne.protocol.soap import Soap11
    from spyne.server.wsgi import WsgiApplication

from osci_stub.faults import NAMESPACE
from osci_stub.wsse import SOAP
from osci_stub.xmeld import NotAnswered
from osci_stub.xml import XmlRefused

#: They would log what a request holds.
for _name in ("spyne.protocol", "spyne.server", "spyne.application.client"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

NACHRICHT = ByteArray(min_occurs=1, max_occurs=1, nillable=False)

Answer = Callable[[bytes], bytes]


class Service:
    """The operation xmeldAnfrage; what answers a message travels with each call."""

    def __init__(self, url: str) -> None:
        service = type("XMeldService", (ServiceBase,), {"xmeldAnfrage": _operation()})
        protocols = {"in_protocol": Soap11(validator="lxml"), "out_protocol": Soap11()}
        application = Application([service], tns=NAMESPACE, name="XMeldStub", **protocols)
        self._wsgi = WsgiApplication(application)
        self._wsgi.doc.wsdl11.build_interface_document(url)
        self.wsdl: bytes = self._wsgi.doc.wsdl11.get_interface_document()

    def call(self, body: bytes, answer: Answer) -> tuple[str, bytes]:
        """HTTP status and unsigned SOAP envelope for a request's Body; `answer` makes the 1331 of the 1330."""
        request = b'<soap:Envelope xmlns:soap="%s">%s</soap:Envelope>' % (SOAP.encode(), body)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": "text/xml; charset=utf-8",
            "CONTENT_LENGTH": str(len(request)),
            "wsgi.input": io.BytesIO(request),
            "osci_stub.answer": answer,
        }
        setup_testing_defaults(environ)
        status = ""

        def start_response(line: str, headers: Sequence[tuple[str, str]], exc_info: object = None) -> None:
            nonlocal status
            status = line

        chunks: Iterable[bytes] = self._wsgi(environ, start_response)
        envelope = b"".join(chunks)
        return status, envelope


def _operation() -> Any:
    def xmeldAnfrage(ctx: Any, nachricht: Sequence[bytes] | None) -> list[bytes]:
        answer: Answer = ctx.transport.req_env["osci_stub.answer"]
        try:
            return [answer(b"".join(nachricht or ()))]
        except (NotAnswered, XmlRefused) as error:
            raise SpyneFault("Client", str(error)) from None

    names = {
        "_in_message_name": f"{{{NAMESPACE}}}xmeldAnfrage",
        "_out_message_name": f"{{{NAMESPACE}}}xmeldAntwort",
        "_out_variable_name": "nachricht",
    }
    return rpc(NACHRICHT, _returns=NACHRICHT, **names)(xmeldAnfrage)
