"""What few persons have, with its share: one table for names and births, one for entries, blocks and marks."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Generic, TypeVar

from gateway.meldewesen.sperren import SPERREN_NACH_51
from gateway.meldewesen.werte import NICHT_VORHANDEN, UNBEKANNT
from gateway.spiegel.musterwerk import Mensch, Record, Werkstatt

T = TypeVar("T")
Haushalt = Sequence[Mensch]


class Seltenes(Generic[T]):
    """Things with their shares of all draws, of which one draw gives one or, mostly, none."""

    def __init__(self, *shares: tuple[float, T]) -> None:
        self.shares = shares
        self._bounds = list(accumulate(share for share, _ in shares))
        if self._bounds[-1] > 1:
            raise ValueError("the shares sum up to more than one")

    def draw(self, werk: Werkstatt) -> T | None:
        """One of the things or None."""
        value = werk.rnd()
        return None if value >= self._bounds[-1] else self.shares[bisect_right(self._bounds, value)][1]


# -- names, birth and sex: before others refer to the person ---------------------------------------------------------


def _setze(feld: str, *werte: Any) -> Callable[[Werkstatt, Mensch], None]:
    def apply(werk: Werkstatt, mensch: Mensch) -> None:
        mensch.record[feld] = werk.pick(werte)

    return apply


def _ohne_vornamen(werk: Werkstatt, mensch: Mensch) -> None:
    mensch.record["vornamen"] = NICHT_VORHANDEN
    mensch.record.pop("gebraeuchlicher_vorname", None)


def _nur_jahr(werk: Werkstatt, mensch: Mensch) -> None:
    mensch.record["geburtsdatum"] = mensch.record["geburtsdatum"][:4] + "-00-00"


def _nur_monat(werk: Werkstatt, mensch: Mensch) -> None:
    mensch.record["geburtsdatum"] = mensch.record["geburtsdatum"][:7] + "-00"


def _fruehere_geburtsdaten(werk: Werkstatt, mensch: Mensch) -> None:
    jahr = mensch.record["geburtsdatum"][:4]
    mensch.record["fruehere_geburtsdaten"] = [f"{jahr}-01-01", f"{jahr}-00-00"][: 1 + int(werk.rnd() * 2)]


def _ordensname(werk: Werkstatt, mensch: Mensch) -> None:
    mensch.record["ordensname"] = werk.pick(werk.tafeln.teile[f"ordensnamen_{mensch.geschlecht}"])


def _kuenstlername(werk: Werkstatt, mensch: Mensch) -> None:
    mensch.record["kuenstlername"] = werk.pick(werk.tafeln.teile["kuenstlernamen"])


def _langer_name(werk: Werkstatt, mensch: Mensch) -> None:
    mensch.record["familienname"] = werk.pick(werk.tafeln.teile["lange_nachnamen"])


def _frueherer_familienname(werk: Werkstatt, mensch: Mensch) -> None:
    name = werk.nachname(mensch.herkunft)[mensch.geschlecht == "w"]
    mensch.record["familiennamen_vor_aenderung"] = [{"name": name, "nachweis": nachweis(werk, "Namensänderung")}]


def _fruehere_vornamen(werk: Werkstatt, mensch: Mensch) -> None:
    names = werk.vornamen(mensch.geschlecht, werk.tag(mensch.geboren), mensch.herkunft)
    entry = {"vornamen": " ".join(names), "nachweis": nachweis(werk, "Erklärung nach dem SBGG")}
    mensch.record["vornamen_vor_aenderung"] = [entry]


def _namen_im_pass(werk: Werkstatt, mensch: Mensch) -> None:
    """A foreign passport that counts the father's name to the surname and joins the first names."""
    if mensch.herkunft:
        vatersname = werk.pick(mensch.herkunft.vornamen["m"])
        mensch.record["familienname_pass"] = f"{mensch.record['familienname']} {vatersname}"
        mensch.record["vornamen_pass"] = mensch.record["vornamen"].replace(" ", "-")


NAMEN: Seltenes[Callable[[Werkstatt, Mensch], None]] = Seltenes(
    (0.0140, _setze("doktorgrad", *["Dr."] * 30, "Dr. Dr.")),
    (0.0080, _frueherer_familienname),
    (0.0040, _fruehere_vornamen),
    (0.0035, _kuenstlername),
    (0.0010, _ordensname),
    (0.0150, _namen_im_pass),
    (0.0005, _ohne_vornamen),
    (0.0005, _langer_name),
    (0.0030, _nur_jahr),
    (0.0010, _nur_monat),
    (0.0005, _setze("geburtsdatum", str(UNBEKANNT))),
    (0.0010, _fruehere_geburtsdaten),
    (0.0010, _setze("geburtseintrag_ohne_geburtsurkunde", True)),
    (0.0005, _setze("geschlecht", "d")),
    (0.0005, _setze("geschlecht", "x")),
)


# -- entries of adults -----------------------------------------------------------------------------------------------


def nachweis(werk: Werkstatt, beschreibung: str, datum: str = "") -> Record:
    """A Nachweis of that day, or of one of the last twenty years."""
    return {
        "datum": datum or werk.tag(werk.vor(20, werk.heute)),
        "beschreibung": beschreibung,
        "behoerde": f"Standesamt {werk.pick(werk.tafeln.geburtsorte)}",
        "aktenzeichen": f"{int(werk.rnd() * 9999) + 1}/{int(werk.rnd() * 90) + 10}",
    }


def _amtlich(feld: str, datum: str, stelle: str) -> Callable[[Werkstatt, Mensch], None]:
    def apply(werk: Werkstatt, mensch: Mensch) -> None:
        aktenzeichen = f"{stelle} {mensch.gemeinde.name}, 32.{int(werk.rnd() * 99999)}"
        entry: Record = {datum: werk.tag(werk.vor(25, werk.heute))}
        if feld == "waffenbesitzverbote":  # DSMeld has no Nachweis here but one text, 2604
            entry["behoerde_aktenzeichen"] = aktenzeichen
        else:
            entry["nachweis"] = {"behoerde_aktenzeichen": aktenzeichen}
        mensch.record[feld] = [entry]

    return apply


def _passversagung(werk: Werkstatt, mensch: Mensch) -> None:
    behoerde = f"Stadt {mensch.gemeinde.name}, Passbehörde"
    nachweis_ = {"datum": werk.tag(werk.vor(8, werk.heute)), "behoerde": behoerde, "aktenzeichen": "PassV 17"}
    mensch.record["passversagungen"] = [{"status": werk.pick("123456"), "nachweis": nachweis_}]


def _glaubhaftmachung(werk: Werkstatt, mensch: Mensch) -> None:
    entry = {"art": werk.pick("1346"), "nachweis": nachweis(werk, "Einbürgerungsurkunde")}
    mensch.record["glaubhaftmachungen"] = [entry]


def _betreuung(werk: Werkstatt, mensch: Mensch) -> None:
    inland = werk.inland(werk.strassen[mensch.gemeinde.ags])
    verein = f"Betreuungsverein {mensch.gemeinde.name} e. V."
    mensch.record["gesetzliche_vertreter"] = [
        {"art": BETREUER, "juristische_person": verein, "anschrift": {"inland": inland}}
    ]


def _sperrvermerk(werk: Werkstatt, mensch: Mensch) -> None:
    """§ 52 (1) BMG: lives in a home or a shelter."""
    anschrift = mensch.record["wohnungen"][0]["anschrift"].get("inland")
    if anschrift and mensch.record["wohnungen"][0]["aktuell"]:
        anschrift["zusatz"] = werk.pick(("Pflegeheim St. Anna", "Haus Abendfrieden", "Fachklinik Waldblick"))
        anschrift["bedingter_sperrvermerk"] = True


def _nebenwohnung(werk: Werkstatt, mensch: Mensch) -> None:
    """A second dwelling elsewhere; for three of ten the one here is the secondary one."""
    here = mensch.record["wohnungen"][0]
    if not here["aktuell"] or "inland" not in here["anschrift"]:
        return
    there: Record = {"aktuell": True, "anschrift": {"inland": werk.inland(werk.anderswo)}, "einzug": here["einzug"]}
    here["status"], there["status"] = ("1", "2") if werk.rnd() < 0.7 else ("2", "1")
    mensch.record["wohnungen"].insert(1, there)


#: DSMeld 0001. The publisher's list is not part of the standard's schema; these keys are this sample's own.
MUTTER, VATER, BETREUER = "1", "2", "5"

EINTRAEGE: Seltenes[Callable[[Werkstatt, Mensch], None]] = Seltenes(
    (0.0300, _nebenwohnung),
    (0.0120, _amtlich("waffenrechtliche_erlaubnisse", "erteilt", "Waffenbehörde")),
    (0.0005, _amtlich("waffenbesitzverbote", "erlassen", "Waffenbehörde")),
    (0.0010, _amtlich("sprengstoffrechtliche_erlaubnisse", "erteilt", "Gewerbeaufsichtsamt")),
    (0.0005, _passversagung),
    (0.0050, _glaubhaftmachung),
    (0.0050, _betreuung),
    (0.0040, _sperrvermerk),
)


# -- blocks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sperre:
    """A block to set. `frist`: years from today, § 51 (4) BMG; `veranlasst`: by a security body, § 51 (3)."""

    grund: str
    frist: float | None = None
    veranlasst: bool = False


SPERREN: Seltenes[Sperre] = Seltenes(
    (0.00050, Sperre("3", 1.5)),
    (0.00015, Sperre("11", 1.5, veranlasst=True)),
    (0.00012, Sperre("1")),
    (0.00015, Sperre("6")),
    (0.00018, Sperre("12")),
    (0.00020, Sperre("3", -1.0)),  # expired
    (0.00600, Sperre("2")),
    (0.01200, Sperre("5")),
    (0.01000, Sperre("7")),
    (0.00300, Sperre("10")),
    (0.00800, Sperre("13")),
)


def sperre(werk: Werkstatt, mensch: Mensch, haushalt: Haushalt) -> None:
    """Blocks the person, if it is its turn, also where relatives of the household have its data."""
    found = SPERREN.draw(werk)
    if found is None:
        return
    entry = {"grund": found.grund}
    if found.frist is not None:
        entry["frist"] = werk.tag(werk.heute + int(found.frist * 365))
    if found.veranlasst:
        entry["veranlasst_durch"] = f"dbs:{mensch.gemeinde.ags.land}0030020000"
    mensch.record["auskunftssperren"] = [entry]
    if found.grund in SPERREN_NACH_51:  # these stand with relatives' data too, § 3 (1) Nr. 9, 15 and 16 BMG
        for verweis in _verweise(mensch.record, haushalt):
            verweis["auskunftssperren"] = [dict(entry)]


def _verweise(record: Record, haushalt: Haushalt) -> list[Record]:
    """The places in the household's records that hold this person's data."""
    return [
        verweis
        for other in haushalt
        for verweis in (
            *([other.record["partner"]] if "partner" in other.record else []),
            *other.record.get("kinder", ()),
            *other.record.get("gesetzliche_vertreter", ()),
        )
        if all(verweis.get(feld) == record[feld] for feld in ("familienname", "vornamen", "geburtsdatum"))
    ]
