"""What the mirror takes as a record: nothing that could not be told in a message."""

from typing import Any

import pytest

from gateway.meldewesen.datensatz import DatensatzError, check

INLAND = {"ags": "03241001", "strasse": "Am Wall"}
RECORD: dict[str, Any] = {
    "ags": "03241001",
    "ordnungsmerkmal": "4711",
    "familienname": "Muster",
    "vornamen": "Erika",
    "geburtsdatum": "1980-05-30",
    "wohnungen": [{"aktuell": True, "anschrift": {"inland": INLAND}}],
}


def dwelling(**anschrift: Any) -> dict[str, Any]:
    return {"wohnungen": [{"aktuell": True, "anschrift": anschrift}]}


def test_a_small_record_is_taken() -> None:
    check(RECORD)


@pytest.mark.parametrize(
    ("change", "place", "rule"),
    [
        ({"familienname": "Му́стер"}, "familienname", "DIN 91379"),
        ({"familienname": "Mu\u0308ller"}, "familienname", "NFC"),
        ({"familienname": "Muster\x07"}, "familienname", "control"),
        ({"familienname": " "}, "familienname", "empty"),
        ({"geburtsdatum": "1980-02-30"}, "geburtsdatum", "day is out of range"),
        ({"haustier": "Hund"}, "haustier", "not a field"),
        ({"wohnungen": []}, "wohnungen", "1 to 100"),
        (dwelling(), "wohnungen\\[0\\].anschrift", "exactly one"),
        (dwelling(inland=INLAND, unbekannt={}), "wohnungen\\[0\\].anschrift", "exactly one"),
        (dwelling(ausland={"staat": "129"}), "wohnungen\\[0\\].anschrift.ausland", "not a field"),
        (dwelling(inland={**INLAND, "hausnummer": "12345"}), "inland.hausnummer", "four digits"),
        (dwelling(inland={**INLAND, "hausnummer": "17a"}), "inland.hausnummer", "four digits"),
        (dwelling(inland={**INLAND, "hausnummer_zusatz": "a-c"}), "inland.hausnummer_zusatz", "at most four"),
        (dwelling(inland={**INLAND, "stockwerk": "3/OG"}), "inland.stockwerk", "at most four"),
        (dwelling(unbekannt={"sachverhalt": "3"}), "unbekannt.sachverhalt", "one of 0, 1, 2"),
        ({"wegzug_ausland": {"anschrift": ["a", "b"]}}, "wegzug_ausland.staat", "missing"),
        ({"wegzug_ausland": {"staat": "152", "anschrift": ["a"]}}, "wegzug_ausland.anschrift", "2 to 5"),
        ({"wegzug_ausland": {"staat": "152", "anschrift": ["a", "b" * 36]}}, "anschrift\\[1\\]", "35 characters"),
        ({"staatsangehoerigkeiten": ["DE"]}, "staatsangehoerigkeiten\\[0\\]", "three digits"),
        ({"geburt_nachweis": {}}, "geburt_nachweis", "empty"),
        ({"geburt_nachweis": {"aktenzeichen": "1"}}, "geburt_nachweis", "authority of the file number"),
        ({"geburt_nachweis": {"behoerde": "A", "behoerde_aktenzeichen": "A 1"}}, "geburt_nachweis", "either apart"),
        ({"familienstand": {"stand": "XX"}}, "familienstand.stand", "one of EA"),
        ({"familienstand": {"beginn": "0000-00-00"}}, "familienstand.beginn", "year is known"),
        ({"glaubhaftmachungen": [{"nachweis": {"datum": "2001-01-01"}}]}, "glaubhaftmachungen\\[0\\].art", "missing"),
        ({"ausweisdokumente": [{"passart": "16"}]}, "ausweisdokumente\\[0\\].passart", "one of 01"),
        ({"passversagungen": [{"status": "9"}]}, "passversagungen\\[0\\].status", "one of 1"),
        (
            {"gesetzliche_vertreter": [{"familienname": "A", "juristische_person": "B"}]},
            "gesetzliche_vertreter\\[0\\]",
            "natural or a legal",
        ),
        ({"kinder": [{"anschrift": {"ausland": {"staat": "129"}}}]}, "kinder\\[0\\].anschrift.ausland", "not a field"),
    ],
)
def test_what_could_not_be_told_is_not_taken(change: dict[str, Any], place: str, rule: str) -> None:
    with pytest.raises(DatensatzError, match=f"{place}.*: .*{rule}"):
        check({**RECORD, **change})


def test_a_refusal_names_no_value() -> None:
    with pytest.raises(DatensatzError) as refused:
        check({**RECORD, "familienname": "Geheim\x07"})
    assert "Geheim" not in str(refused.value)
