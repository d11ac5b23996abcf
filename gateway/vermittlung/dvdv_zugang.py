"""The read API of DVDV (version v2): access by OAuth2 client credentials with a signed JWT, and one question."""

import base64
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gateway.envelope.signer import Identity
from gateway.errors import ConfigError
from gateway.vermittlung.dvdv_dienst import Dienst, read_dienst
from gateway.vermittlung.sicherung import Uebertragungsfehler
from gateway.zustellung.http import HttpReply, SendError, Trust, get, post
from gateway.zustellung.verbindung import Deadline

TIMEOUT = 3.0  # seconds for an answer, with token and repetition

_MAX_REPLY = 1 << 20  # bytes
_JWT_LIFE = 60  # seconds
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523
_SKEW = 30.0  # seconds before its end at which a token is no longer used
_TOKEN_LIFE = 300  # seconds, where the answer does not say
_MAX_TOKEN = 1 << 14


class DvdvError(Uebertragungsfehler):
    """DVDV does not answer, or not as its description says."""


@dataclass(frozen=True)
class Anmeldung:
    """How tokens are got. `client_id` empty: the certificate's fingerprint, as the Standalone-Authentifizierung wants.

    `scheme` stands before the token in the header Authorization: there "EmbeddedBearer", else "Bearer".
    """

    token_url: str
    identity: Identity
    client_id: str = ""
    scheme: str = "EmbeddedBearer"

    def __post_init__(self) -> None:
        if not isinstance(self.identity.key, rsa.RSAPrivateKey):
            raise ConfigError("the key for DVDV must be an RSA key: tokens are asked for with RS256")

    def assertion(self, now: datetime) -> str:
        """The signed JWT (RFC 7523 § 3)."""
        fingerprint = self.identity.certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303, DVDV's own name of it
        client, seconds = self.client_id or f"fp:{fingerprint}", int(now.timestamp())
        claims = {
            "iss": client,
            "sub": client,
            "aud": self.token_url,
            "iat": seconds,
            "exp": seconds + _JWT_LIFE,
            "jti": secrets.token_hex(16),
        }
        signed = b".".join(_base64url(orjson.dumps(part)) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
        assert isinstance(self.identity.key, rsa.RSAPrivateKey)
        signature = self.identity.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return b".".join((signed, _base64url(signature))).decode()


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


@dataclass(frozen=True)
class _Token:
    value: str = field(repr=False)
    until: float


class DvdvZugang:
    """Thread-safe. Keeps its token until shortly before its end."""

    def __init__(
        self,
        url: str,
        anmeldung: Anmeldung | None = None,
        *,
        trust: Trust | None = None,
        timeout: float = TIMEOUT,
        plain_http: bool = False,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`url` of the entry path, e.g. https://…/extern/standaloneauth/directory; no `anmeldung` for intern/directory.

        `plain_http`: see `read_dienst`.
        """
        self._url = url.rstrip("/")
        self._anmeldung = anmeldung
        self._trust = trust or Trust()
        self._timeout = timeout
        self._plain_http = plain_http
        self._clock = clock
        self._now = now
        self._token: _Token | None = None

    def dienst(self, schluessel: str, uri: str) -> Dienst | None:
        """The valid service `uri` of the organisation with the key `schluessel`, or None where there is none.

        Raises DvdvError, DienstUnbrauchbar.
        """
        request = orjson.dumps({"organizationKey": schluessel, "serviceSpecificationUri": uri}).decode()
        url = f"{self._url}/v2/findservicedescription?{urlencode({'request_json': request})}"
        try:
            reply = self._get(url, Deadline(self._timeout))
        except (SendError, TimeoutError, ConfigError) as error:
            raise DvdvError(str(error)) from None
        if reply.status == 204 or (reply.status == 404 and _is_problem(reply)):
            return None
        if reply.status != 200:
            raise DvdvError(f"{self._url} answers with status {reply.status}")
        description = _json(reply, "service description")
        return read_dienst(description, plain_http=self._plain_http) if description else None

    def _get(self, url: str, deadline: Deadline) -> HttpReply:
        """With a token, and once more with a new one where it is refused."""
        for last in (False, True):
            reply = get(
                url,
                headers={"Accept": "application/json", **self._authorization(deadline)},
                trust=self._trust,
                timeout=deadline.remaining(),
                max_reply=_MAX_REPLY,
            )
            if reply.status != 401 or last:
                break
            self._token = None
        return reply

    def _authorization(self, deadline: Deadline) -> dict[str, str]:
        if self._anmeldung is None:
            return {}
        token = self._token
        if token is None or self._clock() >= token.until:
            token = self._token = self._new_token(self._anmeldung, deadline)
        return {"Authorization": f"{self._anmeldung.scheme} {token.value}"}

    def _new_token(self, anmeldung: Anmeldung, deadline: Deadline) -> _Token:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _JWT_BEARER,
            "client_assertion": anmeldung.assertion(self._now()),
        }
        asked = self._clock()
        reply = post(
            anmeldung.token_url,
            urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            trust=self._trust,
            timeout=deadline.remaining(),
            max_reply=_MAX_REPLY,
        )
        if reply.status != 200:
            raise DvdvError(f"{anmeldung.token_url} gives no token, but status {reply.status}")
        answer = _json(reply, "token") or {}
        value = answer.get("access_token", answer.get("accessToken"))
        if not (isinstance(value, str) and 0 < len(value) <= _MAX_TOKEN and value.isascii() and value.isprintable()):
            raise DvdvError(f"{anmeldung.token_url} gives no token")
        life = answer.get("expires_in", answer.get("expiresIn"))
        seconds = life if isinstance(life, int) and life > 0 else _TOKEN_LIFE
        return _Token(value, asked + max(seconds - _SKEW, seconds / 2))


def _json(reply: HttpReply, what: str) -> Mapping[str, Any] | None:
    """An object, or null. Raises DvdvError."""
    try:
        value = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        value = ""
    if value is None or isinstance(value, dict):
        return value
    raise DvdvError(f"DVDV's {what} is not a JSON object")


def _is_problem(reply: HttpReply) -> bool:
    """Whether DVDV itself says that there is nothing, and not a server that does not know the address."""
    try:
        return bool(_json(reply, "problem"))
    except DvdvError:
        return False
