"""What the mirror holds of one person in one municipality: the record's fields as data, and its check.

The record is a plain JSON object. Field names are the words of DSMeld and the schema in ASCII; the number behind a
field is its DSMeld Blatt. `check` tells what is wrong with a record in one sentence, by place and rule, without values.
Sources: §§ 5, 8 BMeldDAV, § 23 NMeldVO.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from gateway.meldewesen.werte import UNBEKANNT, Gemeindeschluessel, Teildatum
from gateway.meldewesen.zeichen import zulaessig

type_of_record = dict[str, Any]
Datensatz = Mapping[str, Any]


class DatensatzError(ValueError):
    """A record that the mirror does not take; the message names the place and the rule, never the value."""


@dataclass(frozen=True)
class Feld:
    """One field: the check of its value, how often it may stand there, and whether it must.

    `regel` checks what the fields of a group may not be together; it is called once each of them is right by itself.
    """

    form: "Callable[[Any], None] | dict[str, Feld]"
    liste: int = 0  # 0: a single value; else the greatest number of list entries
    pflicht: bool = False
    regel: "Callable[[Mapping[str, Any]], None] | None" = None
    mindestens: int = 1  # the least number of list entries

    def __post_init__(self) -> None:
        if isinstance(self.form, dict):
            object.__setattr__(self, "form", Gruppe(self.form))


class Gruppe(dict[str, Feld]):
    """Fields that stand together, and which of them must be there."""

    def __init__(self, felder: Mapping[str, Feld]) -> None:
        super().__init__(felder)
        self.pflicht = frozenset(name for name, feld in felder.items() if feld.pflicht)


def _text(value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty")
    if not value.isprintable():
        raise ValueError("must not contain control characters")
    if not zulaessig(value):
        raise ValueError("must be NFC and hold only characters of DIN 91379 datatypeC")


def _tag(value: Any) -> None:
    if not isinstance(value, str) or not _vollstaendig(value):
        raise ValueError("must be a day, YYYY-MM-DD")


def _tag_oder_unbekannt(value: Any) -> None:
    if value != UNBEKANNT:
        _tag(value)


@lru_cache(maxsize=50_000)  # a register has as many dates as days, and many persons for each
def _vollstaendig(value: str) -> bool:
    return Teildatum(value).vollstaendig


def _teildatum(value: Any) -> None:
    if not isinstance(value, str):
        raise ValueError("must be a date, YYYY-MM-DD with 00 for unknown parts")
    _vollstaendig(value)


def _teilbekannt(value: Any) -> None:
    _teildatum(value)
    if value == UNBEKANNT:
        raise ValueError("must be a date whose year is known, or left out")


def _ags(value: Any) -> None:
    if not isinstance(value, str):
        raise ValueError("must be an AGS of eight digits")
    Gemeindeschluessel(value)


def _plz(value: Any) -> None:
    if not isinstance(value, str) or len(value) != 5 or not value.isascii() or not value.isdigit():
        raise ValueError("must be a postcode of five digits")


def _matching(pattern: str, rule: str) -> Callable[[Any], None]:
    compiled = re.compile(pattern)

    def check_text(value: Any) -> None:
        _text(value)
        if not compiled.fullmatch(value):
            raise ValueError(rule)

    return check_text


def _short(marks: str) -> Callable[[Any], None]:
    """At most four letters, digits and `marks`, as XInneres Meldeanschrift has them for house number and floor.

    Schema processors with Unicode tables of before 2008, libxml2 among them, know no letter U+1E9E.
    """

    def check_short(value: Any) -> None:
        _text(value)
        if len(value) > 4 or not all(sign.isalpha() or sign in f"0123456789 {marks}" for sign in value):
            raise ValueError(f"must be at most four letters, digits, spaces or {marks}")
        if "\u1e9e" in value:
            raise ValueError("must not have a capital sharp s")

    return check_short


def _wahr(value: Any) -> None:
    if value is not True:
        raise ValueError("must be true, or left out")


def _bool(value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")


def _one_of(*codes: str) -> Callable[[Any], None]:
    def check_code(value: Any) -> None:
        if value not in codes:
            raise ValueError("must be one of " + ", ".join(codes))

    return check_code


def _genau_eine(anschrift: Mapping[str, Any]) -> None:
    if len(anschrift) != 1:
        raise ValueError("must be exactly one kind of address")


def _nachweis(nachweis: Mapping[str, Any]) -> None:
    if not nachweis:
        raise ValueError("must not be empty")
    if "behoerde_aktenzeichen" in nachweis and nachweis.keys() & {"behoerde", "aktenzeichen"}:
        raise ValueError("must hold authority and file number either apart or as one text")
    if "aktenzeichen" in nachweis and "behoerde" not in nachweis:
        raise ValueError("must name the authority of the file number")


def _natuerlich_oder_juristisch(vertreter: Mapping[str, Any]) -> None:
    if "juristische_person" in vertreter and vertreter.keys() & {"familienname", "vornamen", "doktorgrad"}:
        raise ValueError("must be either a natural or a legal person")


TEXT, TAG, TEILDATUM, WAHR = Feld(_text), Feld(_tag), Feld(_teildatum), Feld(_wahr)
NAME = TEXT  # "+" means that the person legally has no such name
GEBIET = Feld(_matching("[0-9]{3}", "must be a key of three digits"))  # list Gebiet
TEILBEKANNT = Feld(_teilbekannt)
GESCHLECHT = Feld(_one_of("m", "w", "d", "x"))  # 0701

NACHWEIS = Feld(
    {
        "datum": TAG,
        "beschreibung": TEXT,
        "behoerde": TEXT,
        "aktenzeichen": TEXT,
        "behoerde_aktenzeichen": TEXT,
    },
    regel=_nachweis,
)

#: § 51 block. `frist`: last day in force (§ 51 (4)). `veranlasst_durch`: key of the § 34 (5) body that had it set.
AUSKUNFTSSPERREN = Feld(
    {
        "grund": Feld(_one_of("1", "2", "3", "5", "6", "7", "10", "11", "12", "13"), pflicht=True),
        "frist": TAG,
        "veranlasst_durch": TEXT,
    },
    liste=10,
)

INLAND = Feld(
    {
        "ags": Feld(_ags, pflicht=True),  # 1201
        "plz": Feld(_plz),  # 1202
        "wohnort": TEXT,  # 1203
        "frueherer_gemeindename": TEXT,  # 1204
        "strasse": TEXT,  # 1205
        "hausnummer": Feld(_matching("[0-9 ]{1,4}", "must be at most four digits")),  # 1206
        "hausnummer_zusatz": Feld(_short("./")),  # 1208
        "hausnummer_teil": TEXT,  # 1209
        "stockwerk": Feld(_short(".")),  # 1210
        "zusatz": TEXT,  # 1211
        "inhaber": TEXT,  # 1212
        "bedingter_sperrvermerk": WAHR,  # 1801a, § 52 BMG
    }
)
UNBEKANNT_1200 = Feld({"sachverhalt": Feld(_one_of("0", "1", "2"))})  # 1200
AUSLAND = Feld({"staat": replace(GEBIET, pflicht=True)})

#: Of another person, exactly one of the three: in Germany, abroad, or unknown.
ANSCHRIFT = Feld({"inland": INLAND, "ausland": AUSLAND, "unbekannt": UNBEKANNT_1200}, regel=_genau_eine)

#: Of the person: the states abroad (1223, 1232) stand apart from the dwellings.
ANSCHRIFT_OHNE_AUSLAND = Feld({"inland": INLAND, "unbekannt": UNBEKANNT_1200}, regel=_genau_eine)

WOHNUNG: dict[str, Feld] = {
    "aktuell": Feld(_bool, pflicht=True),
    "anschrift": replace(ANSCHRIFT_OHNE_AUSLAND, pflicht=True),
    "status": Feld(_one_of("0", "1", "2")),  # 1213: sole, main, secondary
    "art": Feld(_one_of("1", "2", "3", "4", "5", "6", "7")),  # 1213a
    "einzug": Feld(_tag_oder_unbekannt),  # 1301
    "statuswechsel": TAG,  # 1301a
    "auszug": TEILDATUM,  # 1306
    "anmeldung_von_amts_wegen": TAG,  # 1308
    "abmeldung_von_amts_wegen": TAG,  # 1309
    "statuswechsel_von_amts_wegen": TAG,  # 1310
    "anmeldung": TAG,  # 1311
    "abmeldung": TAG,  # 1312
    "mitteilung_statuswechsel": TAG,  # 1313
    "wohnungsgeber": Feld(
        {
            "name_anschrift": Feld(_text, liste=6),  # 3001, one entry a line
            "eigentuemer": Feld(_text, liste=10),  # 3002
        }
    ),
}

DATENSATZ = Gruppe(
    {
        "ags": Feld(_ags, pflicht=True),  # the municipality whose register this record is of
        "ordnungsmerkmal": Feld(_text, pflicht=True),  # § 4 BMG
        "familienname": Feld(_text, pflicht=True),  # 0101a
        "familienname_pass": NAME,  # 0101a, second period
        "ehename": NAME,  # 0103a
        "lebenspartnerschaftsname": NAME,  # 0105a
        "geburtsname": NAME,  # 0201a
        "familiennamen_vor_aenderung": Feld({"name": NAME, "nachweis": NACHWEIS}, liste=20),  # 0203a, 0205, 0206
        "vornamen": Feld(_text, pflicht=True),  # 0301
        "vornamen_pass": NAME,  # 0301, second period
        "gebraeuchlicher_vorname": NAME,  # 0302
        "vornamen_vor_aenderung": Feld({"vornamen": NAME, "nachweis": NACHWEIS}, liste=20),  # 0303, 0304, 0305
        "doktorgrad": TEXT,  # 0401
        "ordensname": TEXT,  # 0501
        "kuenstlername": TEXT,  # 0502
        "geburtsdatum": Feld(_teildatum, pflicht=True),  # 0601
        "fruehere_geburtsdaten": Feld(_teildatum, liste=4),  # 0601, second to fifth period
        "geburtsort": TEXT,  # 0602
        "geburtsstaat": GEBIET,  # 0603, for a birth abroad
        "geburt_nachweis": NACHWEIS,  # 0604, 0605
        "geburtseintrag_ohne_geburtsurkunde": WAHR,  # 0606
        "geschlecht": GESCHLECHT,  # 0701
        "staatsangehoerigkeiten": replace(GEBIET, liste=4),  # 1001
        "glaubhaftmachungen": Feld(
            {"art": Feld(_one_of(*"123456789"), pflicht=True), "nachweis": NACHWEIS}, liste=2
        ),  # 1002 to 1004
        "gesetzliche_vertreter": Feld(
            {
                "art": TEXT,  # 0001
                "familienname": NAME,  # 0902a
                "vornamen": NAME,  # 0904
                "doktorgrad": TEXT,  # 0905
                "juristische_person": TEXT,
                "geburtsdatum": TEILDATUM,  # 0906
                "geschlecht": GESCHLECHT,  # 0917
                "anschrift": ANSCHRIFT,  # 0907a, 1200 to 1212
                "sterbedatum": TAG,  # 0915
                "beendigung": TAG,  # 0916
                "auskunftssperren": AUSKUNFTSSPERREN,
            },
            liste=4,
            regel=_natuerlich_oder_juristisch,
        ),
        "wohnungen": Feld(WOHNUNG, liste=100, pflicht=True),
        "zuzug_ausland": AUSLAND,  # 1223
        "wegzug_ausland": Feld(
            {
                "staat": replace(GEBIET, pflicht=True),  # 1232
                "anschrift": Feld(_matching(".{1,35}", "must be at most 35 characters"), liste=5, mindestens=2),  # 1233
            }
        ),
        "zuzug_gemeinde": TAG,  # 1302
        "zuzug_kreis": TAG,  # 1303
        "zuzug_land": TAG,  # 1304
        "zuzug_bund": TAG,  # 1305
        "letzter_wegzug_ausland": TEILDATUM,  # 1314
        "verzogen": Feld(_one_of("inland", "inland_unbekannt", "ausland")),  # § 5 (1) S. 3 Nr. 2 to 4
        "familienstand": Feld(
            {
                "stand": Feld(_one_of("EA", "GS", "LA", "LD", "LE", "LP", "LV", "NB", "VH", "VW")),  # 1401
                "beginn": TEILBEKANNT,  # 1402
                "beginn_vorausgegangene_lp": TAG,  # 1402a
                "nachweis": NACHWEIS,  # 1403, 1404
                "beendigungsgrund": Feld(_one_of(*"1234578")),  # 1405
                "ende": TAG,
                "beendigung_nachweis": NACHWEIS,  # 1406, 1407
                "ort": TEXT,  # 1408
                "staat": GEBIET,  # 1409
            }
        ),
        "partner": Feld(
            {
                "typ": Feld(_one_of("EG", "LP"), pflicht=True),  # spouse 15xx up to 1516, partner from 1517
                "familienname": NAME,  # 1501a, 1517a
                "geburtsname": NAME,  # 1502b, 1518b
                "vornamen": NAME,  # 1503, 1519
                "doktorgrad": TEXT,  # 1504, 1520
                "geburtsdatum": TEILDATUM,  # 1505, 1521
                "geschlecht": GESCHLECHT,  # 1506, 1522
                "wohnungen": Feld(
                    {"anschrift": replace(ANSCHRIFT, pflicht=True), "status": WOHNUNG["status"], "art": WOHNUNG["art"]},
                    liste=20,
                ),  # 1200 to 1213a, 1508, 1524
                "sterbedatum": TAG,  # 1516, 1532
                "auskunftssperren": AUSKUNFTSSPERREN,
            }
        ),
        "kinder": Feld(
            {
                "familienname": NAME,  # 1601a
                "vornamen": NAME,  # 1603
                "geburtsdatum": TEILDATUM,  # 1604
                "geschlecht": GESCHLECHT,  # 1604a
                "anschrift": ANSCHRIFT_OHNE_AUSLAND,  # 1200 to 1212
                "sterbedatum": TAG,  # 1605
                "auskunftssperren": AUSKUNFTSSPERREN,
            },
            liste=50,
        ),
        "ausweisdokumente": Feld(
            {
                "passart": Feld(_one_of(*(f"{key:02}" for key in range(1, 16))), pflicht=True),  # 1700, 1704
                "behoerde": TEXT,  # 1701, 1705
                "ausstellungsdatum": TAG,  # 1702, 1706
                "gueltig_bis": TAG,  # 1703, 1707
                "seriennummer": TEXT,  # 1708, 1709
            },
            liste=20,
        ),
        "passversagungen": Feld({"status": Feld(_one_of(*"12345678")), "nachweis": NACHWEIS}, liste=20),  # 2301, 2302
        "waffenrechtliche_erlaubnisse": Feld({"erteilt": TAG, "nachweis": NACHWEIS}, liste=20),  # 2601, 2602
        "waffenbesitzverbote": Feld({"erlassen": TAG, "behoerde_aktenzeichen": TEXT}, liste=20),  # 2603, 2604
        "sprengstoffrechtliche_erlaubnisse": Feld({"erteilt": TAG, "nachweis": NACHWEIS}, liste=20),  # 2801, 2802
        "sterbedatum": TAG,  # 1901
        "sterbe_nachweis": NACHWEIS,  # 1902, 1903
        "sterbeort": TEXT,  # 1904
        "sterbestaat": GEBIET,  # 1905, for a death abroad
        "verringerter_datenumfang": WAHR,  # § 13 (2) BMG
        "azr_nummer": TEXT,  # 1712
        "auskunftssperren": AUSKUNFTSSPERREN,  # § 51 BMG
    }
)


def check(record: Any) -> None:
    """Raises DatensatzError with place and rule when `record` is not a record of the mirror."""
    try:
        _check_group(record, DATENSATZ)
    except _Mangel as mangel:
        raise DatensatzError(f"{mangel.place or 'record'}: {mangel.rule}") from None


class _Mangel(Exception):
    """A broken rule; its place is put together on the way out, because most records have none."""

    def __init__(self, rule: str, place: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.place = place

    def below(self, name: str) -> "_Mangel":
        between = "." if self.place and not self.place.startswith("[") else ""
        return _Mangel(self.rule, f"{name}{between}{self.place}")


def _check_group(value: Any, felder: Gruppe) -> None:
    if not isinstance(value, dict):
        raise _Mangel("must be an object")
    for name in sorted(value.keys() - felder.keys()):
        raise _Mangel("is not a field of the record", name)
    for name in sorted(felder.pflicht - value.keys()):
        raise _Mangel("is missing", name)
    for name, entry in value.items():
        try:
            _check_feld(entry, felder[name])
        except _Mangel as mangel:
            raise mangel.below(name) from None


def _check_feld(value: Any, feld: Feld) -> None:
    if not feld.liste:
        _check_value(value, feld)
    elif not isinstance(value, list) or not feld.mindestens <= len(value) <= feld.liste:
        raise _Mangel(f"must be a list of {feld.mindestens} to {feld.liste} entries")
    else:
        for index, entry in enumerate(value):
            try:
                _check_value(entry, feld)
            except _Mangel as mangel:
                raise mangel.below(f"[{index}]") from None


def _check_value(value: Any, feld: Feld) -> None:
    rule = feld.form
    if isinstance(rule, dict):
        _check_group(value, cast(Gruppe, rule))  # `Feld` has made it one
        if feld.regel is None:
            return
        rule = feld.regel
    try:
        rule(value)
    except ValueError as error:
        raise _Mangel(str(error)) from None
