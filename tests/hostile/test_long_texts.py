"""Texts as long as a message may be: every field of a query is read in time that grows with its length alone."""

import time
import uuid
from collections.abc import Iterator

import pytest
from lxml import etree

from gateway.meldewesen.anfrage import KEINE_ANGABE
from tests.betrieb import POLIZEI, Betrieb, betrieb, outcome

pytestmark = pytest.mark.xdist_group("long texts")

LENGTH = 100_000  # characters
SECONDS = 1.0  # of processor time, for the whole exchange; it is 0.02 to 0.3

TEXTS = {
    "letters": "A" * LENGTH,
    "words": "A " * (LENGTH // 2),
    "hyphens": "-A" * (LENGTH // 2),
    "question marks": "A" + "?" * LENGTH,
    "stars": "A" + "*A" * (LENGTH // 2),
    "digits": "9" * LENGTH,
    "noughts": "0" * LENGTH + "1",
    "blanks": " " * LENGTH + "x",
    "combined letters": "M\u0302" * (LENGTH // 4),
    "street endings": "Str." * (LENGTH // 4),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("long") / "instance")
    yield one
    one.close()


def queries(house: Betrieb) -> list[bytes]:
    name = {"familienname": "Muster", "vornamen": "Erika"}
    freie = house.freie_frage(
        POLIZEI,
        **name,
        geburtsort="Hannover",
        geburtsstaat=KEINE_ANGABE,
        ordens_oder_kuenstlername="Kunst",
        strasse="Lange Straße",
        wohnort="Hannover",
        hausnummer_von="1",
        hausnummer_bis="99",
        postleitzahl="30159",
    )
    phonetisch = house.freie_frage(POLIZEI, **name, phonetik=True)
    return [house.frage(POLIZEI, geschlecht="w"), freie, phonetisch]


def texts_of(root: etree._Element) -> list[etree._Element]:
    return [element for element in root.iter() if not len(element) and (element.text or "").strip()]


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_of_a_query_takes_long_or_finds_a_bug(house: Betrieb, text: str) -> None:
    for query in queries(house):
        for place in range(len(texts_of(etree.fromstring(query)))):
            root = etree.fromstring(query)
            for element in root.iter("nachrichtenUUID"):
                element.text = str(uuid.uuid4())
            changed = texts_of(root)[place]
            changed.text = TEXTS[text]
            begin = time.process_time()
            answer = outcome(house.send(etree.tostring(root), POLIZEI))
            where = root.getroottree().getpath(changed)
            assert time.process_time() - begin < SECONDS, where
            assert answer not in ("R 16", "fault INTERNAL"), where
