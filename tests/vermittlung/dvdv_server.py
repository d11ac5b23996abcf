"""A stand-in for DVDV that answers by the public API description (v2): tokens, findservicedescription, and moods."""

import base64
import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.vermittlung.peers import certificate

ENTRY = "/dvdv2-backend/extern/standaloneauth"
URI = "http://www.osci.de/xmeld2511a/xmeld2511aPersonensuche.wsdl"
JSON = "application/json; charset=utf-8"
PROBLEM = "application/problem+json"


def cert(name: str, **more: object) -> dict[str, object]:
    """Schema Certificate, with what else may be in it."""
    der = certificate(name).public_bytes(Encoding.DER)
    return {"content": base64.b64encode(der).decode(), "serial": "1", "revocationDate": None} | more


def element(typ: str | None, name: str = "", **fields: object) -> dict[str, object]:
    """Schema ServiceElementInfo, as seen on the wire: what does not apply is null."""
    nothing = ("serviceElementText", "serviceElementUri", "cipherCertificate", "signatureCertificate", "providerId")
    return dict.fromkeys(nothing) | {"serviceElementType": typ, "serviceElementDescriptionName": name} | fields


def service(*elements: dict[str, object]) -> dict[str, object]:
    """Schema Service."""
    return {"id": 4711, "validFrom": None, "serviceSpecificationUri": None, "serviceElements": list(elements)}


ADDRESSEE = element(
    "OSCI_ADDRESSEE",
    "Empfaenger",
    serviceElementUri="http://empfaenger.by.example/osci",
    cipherCertificate=cert("dvdv-adressat"),
    signatureCertificate=cert("dvdv-autor"),
)
INTERMEDIARY = element(
    "OSCI_INTERMEDIARY",
    "Intermediaer",
    serviceElementUri="https://intermediaer.by.example/entry",
    cipherCertificate=cert("dvdv-intermediaer"),
    signatureCertificate=cert("dvdv-intermediaer-signatur"),
)


class DvdvServer:
    """On loopback. `dienste`: organisation key and service URI → service; `mood` is what goes wrong, by name."""

    def __init__(self, client: x509.Certificate) -> None:
        self.client = client
        self.dienste: dict[tuple[str, str], object] = {("ags:09162000", URI): service(ADDRESSEE, INTERMEDIARY)}
        self.mood: str | None = None
        self.life = 86400
        self.token_answer: Mapping[str, object] | None = None
        self.tokens: list[str] = []
        self.valid: set[str] = set()
        self.questions: list[dict[str, str]] = []
        self.refusals = 0
        self.assertions: list[str] = []
        self._stop = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{ENTRY}"

    @property
    def url(self) -> str:
        return f"{self.base}/directory"

    @property
    def token_url(self) -> str:
        return f"{self.base}/token"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        dvdv = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), strict_parsing=True)
                self.say(*dvdv.give_token(self.path, self.headers["Content-Type"], {k: v[0] for k, v in form.items()}))

            def do_GET(self) -> None:
                self.say(*dvdv.answer(self.path, self.headers["Authorization"] or ""))

            def say(self, status: int, kind: str, body: bytes) -> None:
                with suppress(ConnectionError):  # nobody waits any more
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def give_token(self, path: str, kind: str, form: Mapping[str, str]) -> tuple[int, str, bytes]:
        """The token endpoint: 401 unless the assertion is our client's, signed and current."""
        if self.mood == "hang_token":
            self._stop.wait(5)
        if self.mood == "token_garbage":
            return 200, JSON, b'{"access_token": "a\\r\\nb"}'
        self.assertions.append(form["client_assertion"])
        proper = (
            path == f"{ENTRY}/token"
            and kind == "application/x-www-form-urlencoded"
            and form["grant_type"] == "client_credentials"
            and form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            and self.believes(form["client_assertion"])
        )
        if not proper:
            return problem(401, "AUTHENTICATION", "Kein passendes Client-Zertifikat gefunden")
        token = f"token{len(self.tokens)}"
        self.tokens.append(token)
        self.valid.add(token)
        answer = self.token_answer or {"access_token": token, "expires_in": self.life, "token_type": "Bearer"}
        return 200, JSON, json.dumps(answer).encode()

    def believes(self, assertion: str) -> bool:
        """RS256 by the client's certificate, which the subject names; audience and time are right."""
        header, claims, signature = (unpadded(part) for part in assertion.split("."))
        key = self.client.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(signature, assertion.rpartition(".")[0].encode(), padding.PKCS1v15(), hashes.SHA256())
        said, now = json.loads(claims), datetime.now(UTC).timestamp()
        return (
            json.loads(header) == {"alg": "RS256", "typ": "JWT"}
            and said["sub"] == said["iss"] == f"fp:{self.client.fingerprint(hashes.SHA1()).hex()}"
            and said["aud"] == self.token_url
            and said["iat"] <= now <= said["exp"] <= now + 120
        )

    def answer(self, path: str, authorization: str) -> tuple[int, str, bytes]:
        """findservicedescription, or what the mood makes of it."""
        parts = urlsplit(path)
        scheme, _, token = authorization.partition(" ")
        if scheme != "EmbeddedBearer" or token not in self.valid:
            self.refusals += 1
            return problem(401, "AUTHENTICATION", "Nicht authentifiziert")
        if parts.path != f"{ENTRY}/directory/v2/findservicedescription":
            return 404, "text/html", b"<h1>Not Found</h1>"
        question: dict[str, str] = json.loads(parse_qs(parts.query)["request_json"][0])
        self.questions.append(question)
        return self.moody() or self.of(question)

    def moody(self) -> tuple[int, str, bytes] | None:
        if self.mood == "hang":
            self._stop.wait(5)
        return MOODS.get(self.mood or "")

    def of(self, question: Mapping[str, str]) -> tuple[int, str, bytes]:
        found = self.dienste.get((question["organizationKey"], question["serviceSpecificationUri"]))
        if found is None:
            return problem(404, "ENTITY_NOT_FOUND", "5005: Kein Dienst")
        return 200, JSON, json.dumps(found).encode()


def problem(status: int, kind: str, detail: str) -> tuple[int, str, bytes]:
    """Schema Problem."""
    body = {"type": f"problems/type/{kind}", "title": "Fehler", "status": status, "detail": detail, "instance": "x"}
    return status, PROBLEM, json.dumps(body).encode()


MOODS: Mapping[str, tuple[int, str, bytes]] = {
    "204": (204, JSON, b""),
    "400": problem(400, "INPUT_VALIDATION", "7006"),
    "500": (500, "text/html", b"<h1>Error</h1>"),
    "401": problem(401, "AUTHENTICATION", "Nicht authentifiziert"),
    "null": (200, JSON, b"null"),
    "garbage": (200, JSON, b"\xff{"),
    "list": (200, JSON, b"[]"),
    "deep": (200, JSON, b'{"a":' + b"[" * 100_000),
    "large": (200, JSON, b" " * 2_000_000),
    "html_404": (404, "text/html", b"<h1>Not Found</h1>"),
}


def unpadded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
