"""Which municipalities a Suchbereich has."""

from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.vermittlung.gebiet import URI, Gemeindeverzeichnis, load_gemeindeverzeichnis
from tests.shared import SHARED, needs_shared

PUBLISHED = SHARED / "xmeld/codelists/urn-de-bund-destatis-bevoelkerungsstatistik-schluessel-ags_2026-06-30.xml"
PART = "Stadt-/Ortsteil bzw. Stadtbezirk"


def load(folder: Path, *rows: tuple[str, str], uri: str = URI) -> Gemeindeverzeichnis:
    """From a list of keys and hints."""
    body = "".join(
        f'<Row><Value ColumnRef="SCHLUESSEL"><SimpleValue>{key}</SimpleValue></Value>'
        + (f'<Value ColumnRef="Hinweis"><SimpleValue>{hint}</SimpleValue></Value>' if hint else "")
        + "</Row>"
        for key, hint in rows
    )
    path = folder / "ags.xml"
    path.write_text(
        '<g:CodeList xmlns:g="http://docs.oasis-open.org/codelist/ns/genericode/1.0/">'
        f"<Identification><Version>1</Version><CanonicalUri>{uri}</CanonicalUri></Identification>"
        f"<SimpleCodeList>{body}</SimpleCodeList></g:CodeList>",
        encoding="utf-8",
    )
    return load_gemeindeverzeichnis(path)


@pytest.mark.parametrize(
    ("schluessel", "gemeinden"),
    [
        ("09", ("09161000", "09162000", "09261000")),
        ("091", ("09161000", "09162000")),
        ("09162", ("09162000",)),
        ("09162000", ("09162000",)),
        ("09163", ()),
        ("02", ("02000000",)),
        ("02101101", ()),
        ("13", ()),
        ("", ()),
        ("0", ()),
        ("0916", ()),
        ("0916200", ()),
        ("zz", ()),
    ],
)
def test_a_suchbereich_has_the_municipalities_whose_keys_begin_with_its_own(
    tmp_path: Path, schluessel: str, gemeinden: tuple[str, ...]
) -> None:
    keys = ("09261000", "09162000", "09161000", "02000000", "13000998", "13000999")
    verzeichnis = load(tmp_path, *((key, "") for key in keys), ("02101101", PART))
    assert verzeichnis.gemeinden(schluessel) == gemeinden


@pytest.mark.parametrize(
    ("rows", "uri", "reason"),
    [
        ([("0916200", "")], URI, "row 1 has no key of 8 digits"),
        ([("09162000", ""), ("0916200x", "")], URI, "row 2 has no key of 8 digits"),
        ([("02101101", PART)], URI, "holds no municipalities"),
        ([], URI, "holds no municipalities"),
        ([("09162000", "")], "urn:other", "is not the code list"),
    ],
)
def test_a_file_that_is_not_that_list_is_refused_by_name(
    tmp_path: Path, rows: list[tuple[str, str]], uri: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=rf"ags\.xml.*{reason}"):
        load(tmp_path, *rows, uri=uri)


@needs_shared
def test_the_published_list_has_every_municipality_once_and_no_part_of_one() -> None:
    verzeichnis = load_gemeindeverzeichnis(PUBLISHED)
    laender = {f"{land:02}": verzeichnis.gemeinden(f"{land:02}") for land in range(1, 17)}
    assert sum(map(len, laender.values())) == 10_939
    assert (laender["02"], laender["04"], laender["11"]) == (("02000000",), ("04011000", "04012000"), ("11000000",))
    assert verzeichnis.gemeinden("09162") == ("09162000",)
    assert verzeichnis.gemeinden("031")[0] == "03101000"
    assert "03351501" in laender["03"], "Lohheide: gemeindefrei, but people live there"
