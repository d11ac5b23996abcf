"""The admin API described, OpenAPI 3.1, from its table: whatever can be asked, and whatever comes back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from gateway.behoerden.formulare import Form, Text
from gateway.web.admin_ausgaben import Fehler, Nichts, Sitzung
from gateway.web.admin_wege import WEGE


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
class _Zeile:
    """An operation. `offen`: for whoever has not logged in."""

    methode: str
    pfad: str
    zweck: str
    form: type[Form] | None
    gibt: Any
    offen: bool = False


def _zeilen() -> Sequence[_Zeile]:
    return (
        _Zeile(
            "POST", "/anmeldung", "Log in; the token goes with each request as Bearer.", AnmeldungForm, Sitzung, True
        ),
        _Zeile("POST", "/passwort", "Choose the account's own password; its sessions end.", PasswortForm, Nichts, True),
        _Zeile("POST", "/abmeldung", "End all sessions of one's own account.", None, Nichts),
        *(_Zeile(weg.methode, weg.pfad, weg.zweck, weg.form, weg.gibt) for weg in WEGE),
    )


def ausgabe(typ: Any, werte: Any) -> Any:
    """`werte` as the description has them, ready for JSON: nothing that `typ` does not name."""
    return _adapter(typ).dump_python(_adapter(typ).validate_python(werte), mode="json", exclude_unset=True)


@cache
def _adapter(typ: Any) -> TypeAdapter[Any]:
    return TypeAdapter(typ)


@cache
def openapi(prefix: str) -> dict[str, Any]:
    """The description of everything below `prefix`."""
    zeilen = _zeilen()
    typen = dict.fromkeys([Fehler, *(typ for zeile in zeilen for typ in _typen(zeile))])
    schemata, gemeinsam = TypeAdapter.json_schemas(
        [(typ, "validation", _adapter(typ)) for typ in typen], ref_template="#/components/schemas/{model}"
    )
    of = {typ: schema for (typ, _), schema in schemata.items()}
    paths: dict[str, dict[str, Any]] = {}
    for zeile in zeilen:
        paths.setdefault(f"{prefix}{zeile.pfad}", {})[zeile.methode.lower()] = _operation(zeile, of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "xmeld-gateway: the register of authorities", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": gemeinsam["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _typen(zeile: _Zeile) -> Iterator[Any]:
    yield zeile.gibt
    if zeile.form:
        yield zeile.form


def _operation(zeile: _Zeile, schemata: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": zeile.zweck,
        "responses": {
            "200": _json("Done.", schemata[zeile.gibt]),
            "default": _json("Refused; `fehler` says why.", schemata[Fehler]),
        },
    }
    if teile := re.findall(r"\{(\w+)\}", zeile.pfad):
        text = {"type": "string"}
        operation["parameters"] = [{"name": name, "in": "path", "required": True, "schema": text} for name in teile]
    if zeile.form:
        operation["requestBody"] = {"required": True, **_content(schemata[zeile.form])}
    if zeile.offen:
        operation["security"] = []
    return operation


def _json(was: str, schema: Any) -> dict[str, Any]:
    return {"description": was, **_content(schema)}


def _content(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
