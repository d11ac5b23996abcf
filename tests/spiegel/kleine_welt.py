"""A small world of random persons, in which much agrees by chance."""

from random import Random
from typing import Any

from gateway.meldewesen.anfrage import Ort
from tests.spiegel.personen import HEUTE, datensatz, wohnung

FAMILIENNAMEN = ["Meier", "Mayr", "Müller", "Mueller", "von Meier", "Meier-Müller", "Meier Müller", "+", "123", "H"]
VORNAMEN = ["Anna", "Änna", "Hanna", "Eva Anna", "Eva-Anna", "Evaanna", "Anna Eva Hanna", "+", "1", "Eva"]
KUENSTLERNAMEN = ["Meier", "Anna", "Anna Meier", "DJ 1"]
DATEN = ["1998-03-17", "1998-03-00", "1998-00-00", "0000-00-00"]
STRASSEN = ["Lange Str.", "Lange Straße", "Platz 1", "Pl. 2", "7"]
ORTE = [Ort("Köln"), Ort("KOELN"), Ort("Köln", "129"), Ort("Paris", "129"), Ort("7", "129"), Ort("7")]
AGS = ["03241001", "03241002"]


def _record(r: Random, nummer: int) -> dict[str, Any]:
    def maybe(werte: list[Any], share: float = 0.3) -> Any:
        return r.choice(werte) if r.random() < share else None

    ags = r.choice(AGS)
    ort, sterbeort = r.choice(ORTE), maybe(ORTE)
    return datensatz(
        str(nummer),
        ags,
        familienname=r.choice(FAMILIENNAMEN),
        familienname_pass=maybe(FAMILIENNAMEN, 0.1),
        geburtsname=maybe(FAMILIENNAMEN),
        ehename=maybe(FAMILIENNAMEN),
        familiennamen_vor_aenderung=maybe([[{"name": name}] for name in FAMILIENNAMEN], 0.1),
        vornamen=r.choice(VORNAMEN),
        vornamen_pass=maybe(VORNAMEN, 0.1),
        gebraeuchlicher_vorname=maybe(VORNAMEN),
        vornamen_vor_aenderung=maybe([[{"vornamen": namen}] for namen in VORNAMEN], 0.1),
        ordensname=maybe(KUENSTLERNAMEN, 0.1),
        kuenstlername=maybe(KUENSTLERNAMEN),
        geburtsdatum=r.choice(DATEN),
        fruehere_geburtsdaten=maybe([[datum] for datum in DATEN]),
        geburtsort=ort.ort,
        geburtsstaat=ort.staat,
        sterbeort=sterbeort.ort if sterbeort else None,
        sterbestaat=sterbeort.staat if sterbeort else None,
        sterbedatum=maybe(["2020-01-01", "2021-01-01"]),
        geschlecht=maybe(["m", "w", "d", "x"], 0.9),
        wohnungen=[
            wohnung(
                r.choice(AGS),
                strasse=r.choice(STRASSEN),
                hausnummer=r.choice(["1", "2"]),
                hausnummer_zusatz=r.choice(["a", "B", "c", "C"]),
            )
            for _ in range(r.randint(1, 3))
        ],
        auskunftssperren=maybe(
            [[{"grund": grund, "frist": frist}] for grund in ("3", "5") for frist in ("2025-11-21", HEUTE)], 0.2
        ),
    )


PERSONEN = [_record(Random(17 + nummer), nummer) for nummer in range(400)]
