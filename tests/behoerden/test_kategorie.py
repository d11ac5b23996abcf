"""What the publisher's key list lets a `dbs` key claim."""

from pathlib import Path

import pytest

from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.kategorie import URI, Schluesselliste, load_schluesselliste
from gateway.errors import ConfigError
from gateway.meldewesen.behoerde import Behoerde, Rolle
from tests.shared import SHARED, needs_shared

PUBLISHED = SHARED / "xmeld/codelists/urn-xoev-de-bund-bmi-bit-codeliste-dvdv.behoerdenschluessel_157.xml"
FIU = "Zentralstelle für Finanztransaktionsuntersuchungen"


def document(*rows: tuple[str, str, str], uri: str = URI) -> str:
    """A key list in genericode."""
    columns = ("dbs", "Behoerdenname", "Kategorie")
    body = "".join(
        "<Row>"
        + "".join(
            f'<Value ColumnRef="{column}"><SimpleValue>{value}</SimpleValue></Value>'
            for column, value in zip(columns, row, strict=True)
        )
        + "</Row>"
        for row in rows
    )
    return (
        '<g:CodeList xmlns:g="http://docs.oasis-open.org/codelist/ns/genericode/1.0/">'
        f"<Identification><Version>9</Version><CanonicalUri>{uri}</CanonicalUri></Identification>"
        f"<SimpleCodeList>{body}</SimpleCodeList></g:CodeList>"
    )


@pytest.fixture
def liste(tmp_path: Path) -> Schluesselliste:
    path = tmp_path / "liste.xml"
    path.write_text(
        document(
            ("010000000001", "Ordnungsamt", "§ 38 1 einfache Behörde"),
            ("010000000002", "Polizei", "§ 38 3 und 5 Sicherheitsbehörde"),
            ("010000000003", FIU, "§ 38 3 und 5 Sicherheitsbehörde"),
            ("010000000004", FIU, "§ 38 1 einfache Behörde"),
            ("010000000005", "Daten abrufende zentrale Stelle: Land", "§ 38 1 einfache Behörde"),
        ),
        encoding="utf-8",
    )
    return load_schluesselliste(path)


@pytest.mark.parametrize(
    ("digit", "granted"),
    [
        (1, {Rolle.EINFACH}),
        (2, {Rolle.EINFACH, Rolle.SICHERHEIT}),
        (3, {Rolle.EINFACH, Rolle.FIU}),
        (4, {Rolle.EINFACH}),
        (5, {Rolle.EINFACH}),
        (9, {Rolle.EINFACH}),  # not in the list
    ],
)
def test_a_key_has_simple_access_and_beyond_it_what_its_kategorie_says(
    liste: Schluesselliste, digit: int, granted: set[Rolle]
) -> None:
    kennung = f"dbs:01000000000{digit}"
    for rolle in Rolle:
        if rolle in granted:
            liste.check_rolle(kennung, rolle)
        else:
            with pytest.raises(BehoerdenError, match=kennung):
                liste.check_rolle(kennung, rolle)


def test_only_a_zentrale_stelle_of_the_list_passes_on_queries(liste: Schluesselliste) -> None:
    liste.check(Behoerde("dbs:010000000005", "Land", Rolle.EINFACH, zentrale_stelle=True))
    for digit in (1, 2, 9):
        with pytest.raises(BehoerdenError, match="no zentrale Stelle in version 9"):
            liste.check(Behoerde(f"dbs:01000000000{digit}", "Amt", Rolle.EINFACH, zentrale_stelle=True))


@needs_shared
def test_the_published_list_is_read_whole_and_gives_the_sample_authorities_their_roles() -> None:
    liste = load_schluesselliste(PUBLISHED)
    assert (liste.version, len(liste.schluessel)) == ("157", 679)
    liste.check(Behoerde("dbs:060030020000", "Polizei S Stadt", Rolle.SICHERHEIT))
    liste.check(Behoerde("dbs:060030010000", "Hessen", Rolle.SICHERHEIT, zentrale_stelle=True))
    liste.check(Behoerde("dbs:490090060000", "FIU", Rolle.FIU))
    for kennung in ("dbs:030010010000", "dbs:030020010000", "dbs:490090060000", "dbs:039990010000"):
        with pytest.raises(BehoerdenError):
            liste.check_rolle(kennung, Rolle.SICHERHEIT)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is not a code list: NOT_WELLFORMED"),
        ("<a", "is not a code list: NOT_WELLFORMED"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "is not a code list: FORBIDDEN_XML"),
        ("<a/>", f"is not the code list {URI}"),
        (document(uri="urn:other"), "is not the code list"),
        (document(), "holds no keys"),
        (document(("", "Name", "Kategorie")), "row 1"),
        (document(("1", "Name", "K"), ("2", "Name", "")), "row 2"),
        (document(("1", "Name", "K"), ("1", "Name", "Sicherheitsbehörde")), "row 2"),
    ],
)
def test_a_file_that_is_not_that_list_is_refused_by_name(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "liste.xml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=reason) as refusal:
        load_schluesselliste(path)
    assert str(path) in str(refusal.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"liste\.xml cannot be read: No such file"):
        load_schluesselliste(tmp_path / "liste.xml")
