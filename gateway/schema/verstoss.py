"""A violation of a schema as place and rule, in words that hold nothing of the message's content.

Officials read the texts, therefore German, within 500 characters and in DIN 91379. A rule repeats facts of the schema
only; a name out of the message is repeated only when the schema knows it.
"""

import re
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

MAX_LENGTH = 500
MAX_RULE = 300

UNSPECIFIC = "eine Vorgabe des Schemas ist nicht eingehalten"
NO_TEXT = "zwischen den Elementen darf kein Text stehen"
XSI_TYPE = "der in xsi:type genannte Typ ist hier nicht zulässig"

_STEP = re.compile(r"(?:[^:/\[\]]+:)?(?P<name>[^:/\[\]]+)(?:\[(?P<position>[0-9]+)\])?")
_ATTRIBUTE = re.compile(r"Element '[^']*'(?:, |: The )attribute '(?:\{[^']*\})?(?P<name>[^'}]+)'")


@dataclass(frozen=True)
class Verstoss:
    """The first violation of a message: `ort` is an XPath of local names, `regel` what the schema demands there."""

    ort: str
    regel: str

    @property
    def hinweis(self) -> str:
        """Both as a German sentence; of a long place the end, of a long rule the beginning."""
        regel = self.regel if len(self.regel) <= MAX_RULE else self.regel[: MAX_RULE - 3] + "..."
        space = MAX_LENGTH - len(f"Ort: ; Regel: {regel}.")
        ort = self.ort if len(self.ort) <= space else "..." + self.ort[3 - space :]
        return f"Ort: {ort}; Regel: {regel}."


def step(name: str, position: int, known: Set[str]) -> str:
    """One step of a place."""
    return f"{name if name in known else '*'}[{position}]"


def explain_by_place(log: Any, known: Set[str]) -> Verstoss:
    """What libxml2 reported: its messages repeat values, so only the place and the kind of violation are taken."""
    entry = next(iter(log), None)
    if entry is None:
        return Verstoss("/", UNSPECIFIC)
    steps = [_STEP.fullmatch(found) for found in (entry.path or "").strip("/").split("/")]
    names = [step(found["name"], int(found["position"] or 1), known) for found in steps if found is not None]
    attribute = _ATTRIBUTE.match(entry.message)
    if attribute and attribute["name"] in known:
        names.append(f"@{attribute['name']}")
    return Verstoss("/" + "/".join(names), _KINDS.get(entry.type_name, UNSPECIFIC))


# libxml2's kinds of error, where xmlschema says nothing.
_KINDS = {
    "SCHEMAV_ELEMENT_CONTENT": "ein Element fehlt oder steht an falscher Stelle",
    "SCHEMAV_CVC_AU": "das Attribut hat einen festen Wert",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": "das Element muss leer sein",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": NO_TEXT,
    "SCHEMAV_CVC_COMPLEX_TYPE_3_1": "das Attribut hat einen festen Wert",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "das Attribut ist hier nicht zulässig",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "ein Pflichtattribut fehlt",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "der Wert ist kein gültiger Wert des Datentyps",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_2": "der Wert ist kein gültiger Wert des Datentyps",
    "SCHEMAV_CVC_ELT_1": "das Element ist dem Schema nicht bekannt",
    "SCHEMAV_CVC_ELT_3_1": "xsi:nil ist nicht zulässig",
    "SCHEMAV_CVC_ELT_4_2": XSI_TYPE,
    "SCHEMAV_CVC_ELT_4_3": XSI_TYPE,
    "SCHEMAV_CVC_ELT_5_2_2_2_2": "vorgeschrieben ist ein fester Wert",
    "SCHEMAV_CVC_ENUMERATION_VALID": "der Wert ist keiner der aufgezählten",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "der Wert ist zu lang",
    "SCHEMAV_CVC_MINLENGTH_VALID": "der Wert ist zu kurz",
    "SCHEMAV_CVC_PATTERN_VALID": "der Wert hat nicht die vorgeschriebene Form",
    "SCHEMAV_CVC_WILDCARD": "das Element ist dem Schema nicht bekannt",
}
