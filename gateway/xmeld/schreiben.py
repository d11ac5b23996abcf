"""Our messages, written from data by the mapping's places and the schema's structure."""

from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import pybase64
import xmlschema

from gateway.errors import ConfigError
from gateway.meldewesen.anfrage import Abruf, Auskunft, Nachrichtenkennung, Rueckweisung, Stelle
from gateway.meldewesen.behoerde import Behoerde
from gateway.meldewesen.unterrichtung import Unterrichtung, inhalt
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.xmeld.manifest import Direction, Message
from gateway.xmeld.mapping import AUSSTEUERUNG, RUECKSENDUNG, UNTERRICHTUNG, Abrufart, Mapping
from gateway.xmeld.struktur import Bauplan, bauplan, erlaubte_codes
from gateway.xmeld.zeilen import Orte

VERZEICHNISDIENST = "DVDV"
MELDEBEHOERDE = "Meldebehörde"  # as reader; its key names the municipality
EMAIL, TELEFON = "01", "02"  # list Erreichbarkeit

#: Begin of the fields of a Suchbereich.
SUCHBEREICH = "suchbereich."

#: Of the key at whose place a person begins.
_MERKMAL = "personen[].identifikationsmerkmal"


class SchemaPack(Protocol):
    """What is needed of a pack: the structure of its schema, and its messages by number."""

    @property
    def schema(self) -> xmlschema.XMLSchema10: ...

    @property
    def messages(self) -> Table[str, Message]: ...


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
        messages = tuple(pack.messages.values())
        self._plaene = _plaene(pack.schema, messages, mapping)
        self._koepfe = _koepfe(pack.schema, messages, mapping)
        self._absender = absender

    def antwort(self, typ: str, anfrage: Abruf, ergebnis: Auskunft | Rueckweisung, jetzt: datetime, uuid: str) -> bytes:
        """`typ`, 1331 or 1333, from the municipality asked to the authority that asked. `jetzt` with its zone."""
        kopf = self._kopf(Nachrichtenkennung(uuid, typ, _zeit(jetzt)), anfrage.autor, anfrage.leser.kennung)
        daten = {**kopf, **_ergebnis(ergebnis), "ursprung": vars(anfrage.kennung)}
        return self._plaene[typ].write(daten, self._absender.attribute)

    def kopf(self, kennung: Nachrichtenkennung, leser: Stelle, autor: Stelle, gemeinde: str | None = None) -> bytes:
        """A message of the kind in `kennung` with nothing but its header, for one that is handed on (`weiterreichen`).

        With `gemeinde`, a Gemeindeschluessel, it has that one as its Suchbereich too.
        """
        daten = self._kopf(kennung, leser, autor.kennung)
        daten["autor"] |= vars(autor)
        if gemeinde:
            daten["suchbereich"] = {"gemeinde": gemeinde}
        return self._koepfe[kennung.nachrichtentyp].write(daten, self._absender.attribute)

    def aussteuerung(
        self,
        gemeinde: Gemeindeschluessel,
        ordnungsmerkmal: str,
        nachricht: bytes,
        nachrichtenart: str,
        jetzt: datetime,
        uuid: str,
    ) -> bytes:
        """1322 to the Meldebehoerde of `gemeinde`, § 34a (5) S. 2 BMG: whom the request met, and the request.

        `nachricht` are the bytes of the request as it was signed, `nachrichtenart` its number.
        """
        leser = _empfaenger(f"ags:{gemeinde}")
        kopf = self._kopf(Nachrichtenkennung(uuid, AUSSTEUERUNG, _zeit(jetzt)), leser, self._absender.kennung)
        daten = {
            **kopf,
            "person": {"ordnungsmerkmal": ordnungsmerkmal, "ags": gemeinde},
            "nachricht": pybase64.b64encode(nachricht).decode(),
            "nachrichtenart": nachrichtenart,
        }
        return self._plaene[AUSSTEUERUNG].write(daten, self._absender.attribute)

    def unterrichtung(self, unterrichtung: Unterrichtung, jetzt: datetime, uuid: str) -> bytes:
        """9920 to whom its Folge says, § 34 (5) BMG: about whom there was a request, and which."""
        leser = _empfaenger(unterrichtung.folge.empfaenger)
        kopf = self._kopf(Nachrichtenkennung(uuid, UNTERRICHTUNG, _zeit(jetzt)), leser, self._absender.kennung)
        return self._plaene[UNTERRICHTUNG].write({**kopf, **inhalt(unterrichtung)}, self._absender.attribute)

    def ruecksendung(
        self, ursprung: Nachrichtenkennung, leser: Behoerde, grund: str, hinweis: str, jetzt: datetime, uuid: str
    ) -> bytes:
        """0910 to `leser`. `grund` is of the list Ruecksendung.einer.Nachricht, `hinweis` may be empty."""
        stelle = Stelle(VERZEICHNISDIENST, leser.kennung, leser.name)
        kopf = self._kopf(Nachrichtenkennung(uuid, RUECKSENDUNG, _zeit(jetzt)), stelle, self._absender.kennung)
        daten = {**kopf, "grund": grund, "hinweis": hinweis or None, "ursprung": vars(ursprung)}
        return self._plaene[RUECKSENDUNG].write(daten, self._absender.attribute)

    def _kopf(self, kennung: Nachrichtenkennung, leser: Stelle, autor: str) -> dict[str, Any]:
        kopf = self._absender.kopf
        return {
            "kennung": vars(kennung),
            "leser": vars(leser),
            "autor": {**kopf["autor"], "kennung": autor},
            "anschrift": kopf["anschrift"],
        }


@lru_cache(maxsize=16)
def _plaene(schema: xmlschema.XMLSchema10, messages: tuple[Message, ...], mapping: Mapping) -> Table[str, Bauplan]:
    """How each message of ours is written, by its number."""
    elemente = {message.number: message.element for message in messages}

    def plan(nummer: str, orte: Orte) -> Bauplan:
        if nummer not in elemente:
            raise ConfigError(f"the pack has no message {nummer}")
        return bauplan(schema, mapping.namespace, elemente[nummer], orte, mapping.codelisten)

    kopf = mapping.orte("kopf", "absender")
    for art in mapping.abrufe.values():
        plan(art.anfrage, art.orte)
        _check_codes(schema, elemente[art.anfrage], art)
    plaene = {art.antwort: plan(art.antwort, (*kopf, *_antwort(mapping, art))) for art in mapping.abrufe.values()}
    plaene |= {nummer: plan(nummer, (*kopf, *orte)) for nummer, orte in mapping.eigene.items()}
    _check_messages(messages, mapping, plaene)
    return plaene


@lru_cache(maxsize=16)
def _koepfe(schema: xmlschema.XMLSchema10, messages: tuple[Message, ...], mapping: Mapping) -> Table[str, Bauplan]:
    """How the header alone is written of each request, with its Suchbereich, and of each answer, by its number."""
    kopf = mapping.orte("kopf", "absender")
    orte = {art.antwort: kopf for art in mapping.abrufe.values()}
    for art in mapping.abrufe.values():
        orte[art.anfrage] = (*kopf, *(pair for pair in art.orte if pair[0].startswith(SUCHBEREICH)))
    return {
        message.number: bauplan(schema, mapping.namespace, message.element, orte[message.number], mapping.codelisten)
        for message in messages
        if message.number in orte
    }


def _check_messages(messages: tuple[Message, ...], mapping: Mapping, plaene: Table[str, Bauplan]) -> None:
    """Nothing that the pack has may turn out to be missing when it is needed."""
    for message in messages:
        if message.direction is Direction.REQUEST and message.number not in mapping.abrufe:
            raise ConfigError(f"the mapping has no abrufe.{message.number}, a request of the pack")
        if message.direction is not Direction.REQUEST and message.number not in plaene:
            raise ConfigError(f"the mapping cannot write {message.number}, a message of the pack")


def _antwort(mapping: Mapping, art: Abrufart) -> Orte:
    """The rows of a person are relative to where its Identifikationsmerkmal stands; a house message tells of nobody."""
    orte = mapping.orte("antwort")
    person = dict(orte).get(_MERKMAL, "").rpartition("/")[0]
    return (*orte, *((f"personen[].daten.{zeile.feld}", f"{person}/{zeile.ort}") for zeile in art.zeilen))


def _check_codes(schema: xmlschema.XMLSchema10, element: str, art: Abrufart) -> None:
    """Every code that the schema allows to ask for has its rows, and every row's code can be asked for."""
    place = dict(art.orte).get("anforderungselemente[]")
    codes = erlaubte_codes(schema, art.namespaces[0], element, place) if place else frozenset[str]()
    if codes != art.codes:
        raise ConfigError(
            f"abrufe.{art.anfrage}: only one of mapping and schema has the codes {', '.join(sorted(codes ^ art.codes))}"
        )


def _ergebnis(ergebnis: Auskunft | Rueckweisung) -> dict[str, Any]:
    if isinstance(ergebnis, Rueckweisung):
        return {"rueckweisungen": [{"code": grund.code, "freitext": grund.freitext} for grund in ergebnis.gruende]}
    personen = [
        {"daten": person.daten, "identifikationsmerkmal": person.identifikationsmerkmal} for person in ergebnis.personen
    ]
    return {"status": ergebnis.status, "personen": personen}


def _empfaenger(kennung: str) -> Stelle:
    """As reader of what nobody asked for. Of other bodies than a Meldebehoerde only the key is known."""
    return Stelle(VERZEICHNISDIENST, kennung, MELDEBEHOERDE if kennung.startswith("ags:") else kennung)


def _zeit(jetzt: datetime) -> str:
    """xs:dateTime with milliseconds and time zone. Raises ValueError for a time without a zone."""
    if jetzt.tzinfo is None:
        raise ValueError("a message's time needs a time zone")
    return jetzt.isoformat(timespec="milliseconds")
