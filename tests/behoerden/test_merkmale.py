"""Identifikationsmerkmale: for one authority, 48 hours, telling nothing (§ 39 (2) BMG, § 9 BMeldDAV, Anlage Nr. 5)."""

import base64
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.behoerden.merkmale import LENGTH, VALIDITY, SealedMerkmale
from tests.shared import SHARED, needs_shared

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
A, B = "dbs:060030020000", "dbs:039990010000"
OLD, NEW = {"00000001": b"o" * 32}, {"00000002": b"n" * 32}
MERKMALE = SealedMerkmale({**OLD, **NEW})
PERSON = bytes(range(16))

persons = st.binary(min_size=16, max_size=16)
authorities = st.from_regex(r"dbs:[0-9]{12}", fullmatch=True)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(persons, authorities, moments, st.timedeltas(timedelta(0), VALIDITY - timedelta(seconds=1)))
def test_its_authority_opens_a_handle_during_48_hours(
    person: bytes, authority: str, now: datetime, later: timedelta
) -> None:
    assert MERKMALE.open(MERKMALE.seal(person, authority, now), authority, now + later) == person


@given(persons, moments, st.timedeltas(VALIDITY, timedelta(days=1000)))
def test_after_48_hours_a_handle_opens_nothing(person: bytes, now: datetime, later: timedelta) -> None:
    assert MERKMALE.open(MERKMALE.seal(person, A, now), A, now + later) is None


@given(persons, authorities, authorities.filter(lambda authority: authority != A))
def test_another_authority_opens_nothing(person: bytes, first: str, other: str) -> None:
    handle = MERKMALE.seal(person, A, NOW)
    assert MERKMALE.open(handle, other, NOW) is None
    assert (MERKMALE.open(handle, first, NOW) == person) == (first == A)


@given(st.integers(0, LENGTH - 1), st.sampled_from("ABCxyz019-_=+/ ä"))
def test_a_handle_changed_in_one_character_opens_nothing(place: int, character: str) -> None:
    handle = MERKMALE.seal(PERSON, A, NOW)
    changed = handle[:place] + character + handle[place + 1 :]
    assert (MERKMALE.open(changed, A, NOW) == PERSON) == (changed == handle)


@given(st.text(), st.text())
def test_any_text_from_anybody_opens_nothing_and_raises_nothing(handle: str, authority: str) -> None:
    assert MERKMALE.open(handle, authority, NOW) is None


@given(st.binary(min_size=57, max_size=57), st.text(st.characters(codec=None)))
def test_any_bytes_in_the_shape_of_a_handle_open_nothing(token: bytes, authority: str) -> None:
    for header in (token[:5], b"\x01" + bytes.fromhex("00000002"), b"\x02" + bytes.fromhex("00000002")):
        handle = base64.urlsafe_b64encode(header + token[5:]).decode()
        assert MERKMALE.open(handle, authority, NOW) is None


def test_a_megabyte_opens_nothing_at_once() -> None:
    began = time.perf_counter()
    for handle in ("A" * 1_000_000, "\ud800" * 1_000_000, "\0"):
        assert MERKMALE.open(handle, A, NOW) is None
    assert time.perf_counter() - began < 0.1


def test_the_newest_key_seals_and_older_ones_still_open() -> None:
    old, new = SealedMerkmale(OLD), SealedMerkmale(NEW)
    assert MERKMALE.open(old.seal(PERSON, A, NOW), A, NOW) == PERSON
    handle = MERKMALE.seal(PERSON, A, NOW)
    assert new.open(handle, A, NOW) == PERSON
    assert old.open(handle, A, NOW) is None


@given(persons)
def test_handles_of_one_person_differ_each_time_and_show_nothing_of_the_id(person: bytes) -> None:
    handles = {MERKMALE.seal(person, A, NOW) for _ in range(5)}
    assert len(handles) == 5
    assert {len(handle) for handle in handles} == {LENGTH}
    assert not any(person in base64.urlsafe_b64decode(handle) for handle in handles)


def test_a_handle_is_no_longer_than_the_ordinance_allows() -> None:
    assert LENGTH <= 500


@pytest.mark.parametrize("length", [0, 15, 17])
def test_an_id_of_another_length_is_not_sealed_because_the_handle_would_tell(length: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        MERKMALE.seal(b"x" * length, A, NOW)


@pytest.mark.parametrize("keys", [{}, {"01": b"k" * 32}, {"zz": b"k" * 32}, {"00000001": b"short"}])
def test_keys_that_are_none_are_refused(keys: dict[str, bytes]) -> None:
    with pytest.raises(ValueError):
        SealedMerkmale(keys)


@needs_shared
def test_every_character_of_a_handle_is_one_of_the_standards_own_type() -> None:
    schema = (SHARED / "xmeld/xsd-25.11a/xoev/din-91379-datatypes.xsd").read_bytes()
    tree = etree.fromstring(schema)
    element = etree.SubElement(tree, "{http://www.w3.org/2001/XMLSchema}element", name="handle", type="t:datatypeC")
    namespace = tree.get("targetNamespace")
    wrapped = etree.tostring(tree).replace(b"<xs:schema ", f'<xs:schema xmlns:t="{namespace}" '.encode(), 1)
    assert element is not None
    validator = etree.XMLSchema(etree.fromstring(wrapped))
    document = etree.Element(f"{{{namespace}}}handle")
    document.text = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert validator.validate(document)
    document.text = "\u0400"
    assert not validator.validate(document)
