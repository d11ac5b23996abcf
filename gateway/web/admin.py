"""The admin API, `/admin/v1`: JSON for operators and authorities' administrators, from configured addresses alone.

One logs in with name and password and gets a token for a while, which goes with each request as
`Authorization: Bearer …`. What can be done is a table (`admin_wege`); `/admin/v1/openapi.json` describes it
(`admin_beschreibung`).
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from gateway.behoerden import konten
from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.fehler import BehoerdenError, NichtGefunden
from gateway.behoerden.konten import Konto, ZuOft
from gateway.behoerden.sitzungen import Sitzungen
from gateway.errors import ConfigError, StoreError, place_of
from gateway.sections import explain
from gateway.web.admin_ausgaben import Sitzung
from gateway.web.admin_beschreibung import AnmeldungForm, PasswortForm, ausgabe, openapi
from gateway.web.admin_wege import WEGE, Weg

log = logging.getLogger(__name__)

PREFIX = "/admin/v1"
MAX_BYTES = 8 << 20  # the publisher's key list has 700 KB


@dataclass(frozen=True)
class Ergebnis:
    """Status, what goes back as JSON, and headers beside those that every answer has."""

    status: HTTPStatus
    inhalt: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Abgelehnt(Exception):
    """The request ends here."""

    def __init__(self, status: HTTPStatus, grund: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(grund)
        self.ergebnis = Ergebnis(status, {"fehler": grund}, headers or {})


def _pattern(weg: Weg) -> re.Pattern[str]:
    """A user's name may have a slash, and arrives decoded; nothing of a path with a user begins as another one."""
    users = re.escape(weg.pfad).replace(r"\{benutzer\}", "(?P<benutzer>.{1,120})")
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]{1,120})", users))


_WEGE = tuple((_pattern(weg), weg) for weg in WEGE)


@dataclass(frozen=True)
class Admin:
    """`verwaltung` makes the register for whom it names: an account, and the authority whose administrator it is."""

    verwaltung: Callable[[str, str | None], Verwaltung]
    sitzungen: Sitzungen
    adressen: frozenset[str]

    def answer(self, methode: str, pfad: str, bearer: str, body: bytes) -> Ergebnis:
        """Does what is asked; `pfad` without the prefix. Always answers; every refusal says why in one line."""
        try:
            return self._answer(methode, pfad, bearer, body)
        except Abgelehnt as ende:
            return ende.ergebnis
        except ZuOft as error:
            after = {"Retry-After": format_datetime(error.bis.astimezone(UTC), usegmt=True)}
            return Ergebnis(HTTPStatus.TOO_MANY_REQUESTS, {"fehler": str(error)}, after)
        except NichtGefunden as error:
            return Ergebnis(HTTPStatus.NOT_FOUND, {"fehler": str(error)})
        except (BehoerdenError, ConfigError) as error:
            return Ergebnis(HTTPStatus.CONFLICT, {"fehler": str(error)})
        except StoreError as error:
            log.error("store not available reason=%s", error)
            return Ergebnis(HTTPStatus.SERVICE_UNAVAILABLE, {"fehler": "the register cannot be used at the moment"})
        except Exception as error:  # a bug of ours: its text may hold what was sent
            log.error("bug type=%s place=%s", type(error).__name__, place_of(error))
            return Ergebnis(HTTPStatus.INTERNAL_SERVER_ERROR, {"fehler": "internal error"})

    def _answer(self, methode: str, pfad: str, bearer: str, body: bytes) -> Ergebnis:
        if pfad in _EIGENE:
            erlaubt, tut = _EIGENE[pfad]
            if methode != erlaubt:
                raise _andere_methode(erlaubt)
            return tut(self, bearer, body)
        weg, werte = _finde(methode, pfad)
        konto = self._konto(bearer)
        if not konto.darf(weg.recht, werte.get("kennung")):
            raise Abgelehnt(HTTPStatus.FORBIDDEN, "choose a password first" if konto.wechseln else "not allowed")
        form = _form(weg.form, body) if weg.form else None
        done = weg.tut(self.verwaltung(_wer(konto.name), konto.kennung), werte, form)
        return Ergebnis(HTTPStatus.OK, ausgabe(weg.gibt, {} if done is None else done))

    def _konto(self, bearer: str) -> Konto:
        konto = self.sitzungen.lies(bearer, self.verwaltung("-", None))
        if konto is None:
            raise _nicht_angemeldet(f"log in first: POST {PREFIX}/anmeldung")
        return konto

    def _beschreibe(self, _bearer: str, _body: bytes) -> Ergebnis:
        return Ergebnis(HTTPStatus.OK, openapi(PREFIX))

    def _melde_an(self, _bearer: str, body: bytes) -> Ergebnis:
        form = _form(AnmeldungForm, body)
        try:
            konto = konten.melde_an(self.verwaltung(_wer(form.konto), None), form.konto, form.passwort)
        except ZuOft:
            raise
        except BehoerdenError as error:
            raise _nicht_angemeldet(str(error)) from None
        return Ergebnis(HTTPStatus.OK, self._sitzung(konto))

    def _melde_ab(self, bearer: str, _body: bytes) -> Ergebnis:
        konto = self._konto(bearer)
        konten.melde_ab(self.verwaltung(_wer(konto.name), None), konto.name)
        return Ergebnis(HTTPStatus.OK, {})

    def _waehle_passwort(self, _bearer: str, body: bytes) -> Ergebnis:
        form = _form(PasswortForm, body)
        konten.waehle_passwort(self.verwaltung(_wer(form.konto), None), form.konto, form.alt, form.neu)
        return Ergebnis(HTTPStatus.OK, {})

    def _sitzung(self, konto: Konto) -> dict[str, Any]:
        token, bis = self.sitzungen.beginne(konto)
        sitzung = Sitzung(
            token=token,
            gueltig_bis=bis.isoformat(timespec="seconds"),
            passwort_waehlen=konto.wechseln,
            rechte=sorted(recht.value for recht in konten.ROLLEN[konto.rolle]),
            kennung=konto.kennung,
        )
        return sitzung.model_dump()


#: What belongs to one's own account and needs no right: its one method, and what it does.
_EIGENE: Mapping[str, tuple[str, Callable[[Admin, str, bytes], Ergebnis]]] = {
    "/openapi.json": ("GET", Admin._beschreibe),
    "/anmeldung": ("POST", Admin._melde_an),
    "/abmeldung": ("POST", Admin._melde_ab),
    "/passwort": ("POST", Admin._waehle_passwort),
}


def _wer(name: str) -> str:
    return f"konto:{name}"


def _finde(methode: str, pfad: str) -> tuple[Weg, Mapping[str, str]]:
    found = [(weg, match.groupdict()) for pattern, weg in _WEGE if (match := pattern.fullmatch(pfad))]
    for weg, werte in found:
        if weg.methode == methode:
            return weg, werte
    if found:
        raise _andere_methode(", ".join(weg.methode for weg, _ in found))
    raise Abgelehnt(HTTPStatus.NOT_FOUND, f"there is no such path: see {PREFIX}/openapi.json")


def _andere_methode(erlaubt: str) -> Abgelehnt:
    return Abgelehnt(HTTPStatus.METHOD_NOT_ALLOWED, f"this path takes {erlaubt}", {"Allow": erlaubt})


def _nicht_angemeldet(grund: str) -> Abgelehnt:
    return Abgelehnt(HTTPStatus.UNAUTHORIZED, grund, {"WWW-Authenticate": "Bearer"})


def _form(kind: type[Any], body: bytes) -> Any:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        grund = explain(error.errors(include_input=False, include_url=False))
        raise Abgelehnt(HTTPStatus.UNPROCESSABLE_ENTITY, grund) from None


def encode(inhalt: Any) -> bytes:
    """As it goes back."""
    return json.dumps(inhalt, ensure_ascii=False).encode()
