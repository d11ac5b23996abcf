"""The rules of the evaluation: one row each, with its reason and its threshold.

What they find is no accusation: a reason to look. Thresholds stand here so that changing one is changing a row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.auswertung.regeln_monate import (
    AnlassEinerlei,
    EigenerName,
    Grenzen,
    ImmerWieder,
    SinnloserAnlass,
    VieleFragen,
)
from gateway.auswertung.regeln_tage import Grenznah, NeutraleFolge, Tagesmenge, Tageszeiten
from gateway.auswertung.zeile import Pruefer

#: How often a person is asked for in a month before rules about a person count; less often concerns none of them.
OFT = 5


@dataclass(frozen=True)
class Regel:
    """A row. `technisch`: it needs no content, so it also sees what is for another's eyes. `faults`: and these."""

    name: str
    titel: str
    grund: str  # German, with its source
    schwelle: Mapping[str, Any]
    pruefer: Callable[..., Pruefer]
    technisch: bool = False
    faults: bool = False

    def beginne(self) -> Pruefer:
        """The rule at work, with its threshold."""
        return self.pruefer(**self.schwelle)


REGELN: tuple[Regel, ...] = (
    Regel(
        "menge",
        "Ungewöhnlich viele Abrufe",
        "Abrufe sind nur zulässig, soweit die Daten zur Aufgabenerfüllung bekannt sein müssen (§ 34a Abs. 1 BMG).",
        {"mindestens": 20, "abweichungen": 6.0, "vielfaches": 3.0, "tage": 10},
        Tagesmenge,
        technisch=True,
    ),
    Regel(
        "stunden",
        "Abrufe zu ungewöhnlichen Zeiten",
        "Technische Auffälligkeiten wie die Häufung von Abfragen zu ungewöhnlichen Zeiten (Infoblatt MiN).",
        {"mindestens": 4, "tagsueber": 8, "anteil": 0.005, "bekannt": 200},
        Tageszeiten,
        technisch=True,
    ),
    Regel(
        "viele_fragen",
        "Eine Person, nach der viele fragen",
        "Neugier ist keine Aufgabe: Abrufe nur, soweit erforderlich (§ 34a Abs. 1 BMG), und zweckgebunden (§ 41 BMG).",
        {"nutzer": 9},
        VieleFragen,
    ),
    Regel(
        "immer_wieder",
        "Immer wieder dieselbe Person",
        "Wiederholte Abrufe können der Nachstellung dienen; Abrufe nur, soweit erforderlich (§ 34a Abs. 1 BMG).",
        {"mindestens": OFT, "tage": 3},
        ImmerWieder,
    ),
    Regel(
        "anlass_sinnlos",
        "Fehlender oder sinnloser Anlass",
        "Der Anlass des Abrufs ist zu protokollieren (§ 40 Abs. 1 Nr. 5 BMG); so ist er nicht nachprüfbar.",
        {},
        SinnloserAnlass,
    ),
    Regel(
        "anlass_einerlei",
        "Ein Anlass für alles",
        "Der Anlass des Abrufs ist zu protokollieren (§ 40 Abs. 1 Nr. 5 BMG), nicht derselbe Text für alles.",
        {"mindestens": 30, "anteil": 0.95},
        AnlassEinerlei,
    ),
    Regel(
        "neutral",
        "Viele neutrale Antworten in Folge",
        "Die neutrale Antwort lässt keinen Rückschluss auf eine Auskunftssperre zu (§ 34a Abs. 5 BMG); "
        "wer sie sammelt, sucht ihn vielleicht.",
        {"mindestens": 8, "personen": 6, "zufall": 1e-7},
        NeutraleFolge,
    ),
    Regel(
        "platzhalter",
        "Platzhalter an der Grenze des Zulässigen",
        "Vor einem Platzhalter muss etwas stehen (Anlage Nr. 7 BMeldDAV); kaum mehr als das ist Ausforschung.",
        {"mindestens": 4},
        Grenznah,
    ),
    Regel(
        "eigener_name",
        "Abruf zum eigenen Namen",
        "Eigene Daten, die von Angehörigen oder Namensvettern sind selten Aufgabe (§ 34a Abs. 1, § 41 BMG).",
        {},
        EigenerName,
    ),
    Regel(
        "grenzen",
        "Immer wieder über Kontingent oder Recht hinaus",
        "Wer immer wieder an Kontingent, Abrufzeiten, Nutzerkreis oder Datenrecht scheitert, versucht mehr, als ihm "
        "freigegeben ist (§ 34a Abs. 1, § 40 Abs. 5 Satz 3 BMG).",
        {"mindestens": 10, "behoerde": 30, "tage": 3},
        Grenzen,
        technisch=True,
        faults=True,
    ),
)
