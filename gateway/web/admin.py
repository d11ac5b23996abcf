"""The admin API, `/admin/v1`: JSON for operators and authorities' administrators, from configured addresses alone.

One logs in with name and password and gets a token for a while, which goes with each request as
`Authorization: Bearer …`. What can be done is a table (`admin_wege`); `/admin/v1/openapi.json` describes it.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from gateway.behoerden import konten
from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.formulare import Form, Text
from gateway.behoerden.konten import Konto, ZuOft
from gateway.behoerden.sitzungen import Sitzungen
from gateway.errors import ConfigError, StoreError, place_of
from gateway.sections import explain
from gateway.web.admin_wege import WEGE, Weg

log = logging.getLogger(__name__)

PREFIX = "/admin/v1"
MAX_BYTES = 8 << 20  # the publisher's key list has 700 KB


class AnmeldungForm(Form):
    """Who logs in."""

    konto: Text
    passwort: Text


class PasswortForm(Form):
    """Another password; the first one must be replaced before anything else."""

    konto: Text
    alt: Text
    neu: Text


@dataclass(frozen=True)
class Ergebnis:
    """Status and what goes back as JSON."""

    status: HTTPStatus
    inhalt: Any


class Abgelehnt(Exception):
    """The request ends here."""

    def __init__(self, status: HTTPStatus, grund: str) -> None:
        super().__init__(grund)
        self.ergebnis = Ergebnis(status, {"fehler": grund})


def _pattern(weg: Weg) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]{1,120})", re.escape(weg.pfad)))


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
            return Ergebnis(HTTPStatus.TOO_MANY_REQUESTS, {"fehler": str(error)})
        except (BehoerdenError, ConfigError) as error:
            return Ergebnis(HTTPStatus.CONFLICT, {"fehler": str(error)})
        except StoreError as error:
            log.error("store not available reason=%s", error)
            return Ergebnis(HTTPStatus.SERVICE_UNAVAILABLE, {"fehler": "the register cannot be used at the moment"})
        except Exception as error:  # a bug of ours: its text may hold what was sent
            log.error("bug type=%s place=%s", type(error).__name__, place_of(error))
            return Ergebnis(HTTPStatus.INTERNAL_SERVER_ERROR, {"fehler": "internal error"})

    def _answer(self, methode: str, pfad: str, bearer: str, body: bytes) -> Ergebnis:
        match methode, pfad:
            case "GET", "/openapi.json":
                return Ergebnis(HTTPStatus.OK, openapi())
            case "POST", "/anmeldung":
                return self._melde_an(_form(AnmeldungForm, body))
            case "POST", "/passwort":
                form = _form(PasswortForm, body)
                konten.waehle_passwort(self.verwaltung(_wer(form.konto), None), form.konto, form.alt, form.neu)
                return Ergebnis(HTTPStatus.OK, {})
        weg, werte = _finde(methode, pfad)
        konto = self.sitzungen.lies(bearer, self.verwaltung("-", None))
        if konto is None:
            raise Abgelehnt(HTTPStatus.UNAUTHORIZED, "log in first: POST /admin/v1/anmeldung")
        if not konto.darf(weg.recht, werte.get("kennung")):
            raise Abgelehnt(HTTPStatus.FORBIDDEN, "choose a password first" if konto.wechseln else "not allowed")
        form = _form(weg.form, body) if weg.form else None
        done = weg.tut(self.verwaltung(_wer(konto.name), konto.kennung), werte, form)
        return Ergebnis(HTTPStatus.OK, {} if done is None else done)

    def _melde_an(self, form: AnmeldungForm) -> Ergebnis:
        try:
            konto = konten.melde_an(self.verwaltung(_wer(form.konto), None), form.konto, form.passwort)
        except ZuOft:
            raise
        except BehoerdenError as error:
            raise Abgelehnt(HTTPStatus.UNAUTHORIZED, str(error)) from None
        return Ergebnis(HTTPStatus.OK, self._sitzung(konto))

    def _sitzung(self, konto: Konto) -> dict[str, Any]:
        token, bis = self.sitzungen.beginne(konto)
        rechte = sorted(recht.value for recht in konten.ROLLEN[konto.rolle])
        return {
            "token": token,
            "gueltig_bis": bis.isoformat(timespec="seconds"),
            "passwort_waehlen": konto.wechseln,
            "rechte": rechte,
            "kennung": konto.kennung,
        }


def _wer(name: str) -> str:
    return f"konto:{name}"


def _finde(methode: str, pfad: str) -> tuple[Weg, Mapping[str, str]]:
    found = [(weg, match.groupdict()) for pattern, weg in _WEGE if (match := pattern.fullmatch(pfad))]
    for weg, werte in found:
        if weg.methode == methode:
            return weg, werte
    if found:
        raise Abgelehnt(HTTPStatus.METHOD_NOT_ALLOWED, f"{', '.join(weg.methode for weg, _ in found)}")
    raise Abgelehnt(HTTPStatus.NOT_FOUND, "there is no such path: see /admin/v1/openapi.json")


def _form(kind: type[Any], body: bytes) -> Any:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        grund = explain(error.errors(include_input=False, include_url=False))
        raise Abgelehnt(HTTPStatus.UNPROCESSABLE_ENTITY, grund) from None


def openapi() -> dict[str, Any]:
    """The description of everything here, OpenAPI 3.1."""
    anmelden = (
        ("/anmeldung", "Log in; the token goes with each request as Bearer.", AnmeldungForm),
        ("/passwort", "Choose the account's own password.", PasswortForm),
    )
    paths: dict[str, dict[str, Any]] = {
        f"{PREFIX}{pfad}": {"post": {**_operation(zweck, form, ()), "security": []}} for pfad, zweck, form in anmelden
    }
    for weg in WEGE:
        operation = _operation(weg.zweck, weg.form, re.findall(r"\{(\w+)\}", weg.pfad))
        paths.setdefault(f"{PREFIX}{weg.pfad}", {})[weg.methode.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "xmeld-gateway: the register of authorities", "version": "1"},
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }


def _operation(zweck: str, form: type[Form] | None, teile: Any) -> dict[str, Any]:
    fehler = {"description": "Refused; `fehler` says why."}
    operation: dict[str, Any] = {
        "summary": zweck,
        "responses": {"200": {"description": "Done."}, "default": fehler},
    }
    if teile:
        text = {"type": "string"}
        operation["parameters"] = [{"name": name, "in": "path", "required": True, "schema": text} for name in teile]
    if form:
        schema = form.model_json_schema()
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def encode(inhalt: Any) -> bytes:
    """As it goes back."""
    return json.dumps(inhalt, ensure_ascii=False).encode()
