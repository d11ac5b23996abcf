"""Of whom another Land's answer tells, and which kinds of data: for the Protokoll, § 40 (1) BMG.

One walk over each person; names and birth are read, of all else only that it is there.
"""

from collections.abc import Iterator, Mapping

from lxml import etree

from gateway.meldewesen.pfade import names
from gateway.xmeld.lesen import wert
from gateway.xmeld.weiterreichen import Orte, personen_von

#: Fields of a person by which he is found again.
_BENENNT = frozenset({"familienname", "vornamen", "geburtsdatum"})


def personen_der_antwort(
    root: etree._Element, felder: Mapping[str, str], orte: Orte
) -> list[dict[str, dict[str, str] | list[str]]]:
    """Each person's `daten` (names and birth, as far as told) and `kategorien` (kinds of data, in the record's terms).

    `felder`: field by place in the answer's `person`, as `Abrufart.felder` has them. The answer is valid against its
    schema.
    """
    return [_person(person, felder) for person in personen_von(root, orte)]


def _person(person: etree._Element, felder: Mapping[str, str]) -> dict[str, dict[str, str] | list[str]]:
    gesagt = list(_gesagt(person, felder, ""))
    daten = {feld: wert(element) for feld, element in gesagt if feld in _BENENNT}
    return {"daten": daten, "kategorien": sorted({names(feld)[0] for feld, _ in gesagt})}


def _gesagt(parent: etree._Element, felder: Mapping[str, str], weg: str) -> Iterator[tuple[str, etree._Element]]:
    for child in parent:
        ort = weg + etree.QName(child).localname
        if feld := felder.get(ort):
            yield feld, child
        else:
            yield from _gesagt(child, felder, f"{ort}/")
