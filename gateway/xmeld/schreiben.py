"""Our messages: 1331 and 0910, written from data by the mapping's places and the schema's structure."""

from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import xmlschema

from gateway.errors import ConfigError
from gateway.meldewesen.anfrage import Abruf, Auskunft, Nachrichtenkennung, Rueckweisung, Stelle
from gateway.meldewesen.behoerde import Behoerde
from gateway.xmeld.mapping import Mapping
from gateway.xmeld.struktur import Bauplan, bauplan, erlaubte_codes

RUECKSENDUNG = "0910"
VERZEICHNISDIENST = "DVDV"
EMAIL, TELEFON = "01", "02"  # list Erreichbarkeit

_PERSON = "antwortSuchanfrage/auskunft/person[]"


class SchemaPack(Protocol):
    """What is needed of a pack: the structure of its schema."""

    @property
    def schema(self) -> xmlschema.XMLSchema10: ...


@dataclass(frozen=True)
class Absender:
    """Who answers: the author of our messages (XInneres Behoerde.Erreichbar and PostalischeInlandsanschrift).

    `kennung` is used where no reader's key is known; an answer is in the name of the municipality that was asked.
    """

    kennung: str
    name: str
    strasse: str
    hausnummer: str
    plz: str
    wohnort: str
    erreichbarkeit: tuple[tuple[str, str], ...]  # (Kanal, Kennung), at least one
    produkt: str
    produkthersteller: str
    produktversion: str
    kopf: Table[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.erreichbarkeit:
            raise ConfigError("the sender must be reachable by at least one Kanal")
        autor = {
            "verzeichnisdienst": VERZEICHNISDIENST,
            "name": self.name,
            "erreichbarkeit": [{"kanal": kanal, "kennung": kennung} for kanal, kennung in self.erreichbarkeit],
        }
        anschrift = {name: getattr(self, name) for name in ("strasse", "hausnummer", "plz", "wohnort")}
        object.__setattr__(self, "kopf", {"autor": autor, "anschrift": anschrift})

    @property
    def attribute(self) -> dict[str, str]:
        """Attributes of the message's root."""
        return {name: getattr(self, name) for name in ("produkt", "produkthersteller", "produktversion")}


class Schreiber:
    """Writes the messages of one version. Cheap to make: the plans are compiled once for each pack and mapping."""

    def __init__(self, pack: SchemaPack, mapping: Mapping, absender: Absender) -> None:
        """Raises ConfigError when pack and mapping do not fit: a place or code of one that the other does not have."""
        self._plaene = _plaene(pack.schema, mapping)
        self._absender = absender

    def antwort(self, typ: str, anfrage: Abruf, ergebnis: Auskunft | Rueckweisung, jetzt: datetime, uuid: str) -> bytes:
        """`typ` (1331), from the municipality that was asked to the authority that asked. `jetzt` with its zone."""
        kopf = self._kopf(Nachrichtenkennung(uuid, typ, _zeit(jetzt)), anfrage.autor, anfrage.leser.kennung)
        daten = {**kopf, **_ergebnis(ergebnis), "ursprung": vars(anfrage.kennung)}
        return self._plaene.antwort.write(daten, self._absender.attribute)

    def ruecksendung(
        self, ursprung: Nachrichtenkennung, leser: Behoerde, grund: str, hinweis: str, jetzt: datetime, uuid: str
    ) -> bytes:
        """0910 to `leser`. `grund` is of the list Ruecksendung.einer.Nachricht, `hinweis` may be empty."""
        stelle = Stelle(VERZEICHNISDIENST, leser.kennung, leser.name)
        kopf = self._kopf(Nachrichtenkennung(uuid, RUECKSENDUNG, _zeit(jetzt)), stelle, self._absender.kennung)
        daten = {**kopf, "grund": grund, "hinweis": hinweis or None, "ursprung": vars(ursprung)}
        return self._plaene.ruecksendung.write(daten, self._absender.attribute)

    def _kopf(self, kennung: Nachrichtenkennung, leser: Stelle, autor: str) -> dict[str, Any]:
        kopf = self._absender.kopf
        return {
            "kennung": vars(kennung),
            "leser": vars(leser),
            "autor": {**kopf["autor"], "kennung": autor},
            "anschrift": kopf["anschrift"],
        }


@dataclass(frozen=True)
class _Plaene:
    antwort: Bauplan
    ruecksendung: Bauplan


@lru_cache(maxsize=16)
def _plaene(schema: xmlschema.XMLSchema10, mapping: Mapping) -> _Plaene:
    personen = [(f"personen[].daten.{zeile.feld}", f"{_PERSON}/{zeile.ort}") for zeile in mapping.zeilen]
    kopf = mapping.orte("kopf", "absender")

    def plan(name: str, pairs: tuple[tuple[str, str], ...]) -> Bauplan:
        return bauplan(schema, mapping.namespace, mapping.nachrichten[name], (*kopf, *pairs), mapping.codelisten)

    _check_anfrage(schema, mapping)
    return _Plaene(
        antwort=plan("antwort", (*mapping.orte("antwort"), *personen)),
        ruecksendung=plan("ruecksendung", mapping.orte("ruecksendung")),
    )


def _check_anfrage(schema: xmlschema.XMLSchema10, mapping: Mapping) -> None:
    """Every place of a request is the schema's, and every code that it allows to ask for has its rows."""
    orte, nachricht = mapping.orte("kopf", "anfrage", "auswahldaten"), mapping.nachrichten["anfrage"]
    bauplan(schema, mapping.namespace, nachricht, orte, mapping.codelisten)
    codes = erlaubte_codes(schema, mapping.namespace, nachricht, dict(orte)["anforderungselemente[]"])
    if codes != mapping.codes:
        raise ConfigError(f"only one of mapping and schema has the codes {', '.join(sorted(codes ^ mapping.codes))}")


def _ergebnis(ergebnis: Auskunft | Rueckweisung) -> dict[str, Any]:
    if isinstance(ergebnis, Rueckweisung):
        return {"rueckweisungen": [{"code": grund.code, "freitext": grund.freitext} for grund in ergebnis.gruende]}
    personen = [
        {"daten": person.daten, "identifikationsmerkmal": person.identifikationsmerkmal} for person in ergebnis.personen
    ]
    return {"status": ergebnis.status, "personen": personen}


def _zeit(jetzt: datetime) -> str:
    """xs:dateTime with milliseconds and time zone. Raises ValueError for a time without a zone."""
    if jetzt.tzinfo is None:
        raise ValueError("a message's time needs a time zone")
    return jetzt.isoformat(timespec="milliseconds")
