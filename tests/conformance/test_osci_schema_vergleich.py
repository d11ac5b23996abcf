"""Our OSCI schemas and the publisher's give the same verdict on every envelope of the message types that we have."""

import copy
import random
from collections import Counter
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from gateway.envelope.osci.schema import PACK, OsciSchemas
from gateway.schema.transport import read_transport
from tests.conformance import mutationen
from tests.conformance.mutationen import Mutation, mutated
from tests.conformance.osci_proben import OSCI, OsciWalker, published, samples
from tests.conformance.strukturvergleich import differences
from tests.shared import needs_shared

pytestmark = needs_shared

OWN = read_transport(Path(__file__).parents[2] / "xsd" / PACK)
TYPES = sorted(OWN.entries)
SEED = 1208
MUTANTS = 150  # of each message type
WALKED = 60

MUTATIONS: dict[Mutation, int] = {
    mutation: weight for mutation, weight in mutationen.MUTATIONS.items() if mutation is not mutationen.extension_added
}


class Verdicts:
    """Asks both schemas and insists that they agree."""

    def __init__(self, folder: Path) -> None:
        published(folder)
        self.own = OWN.compiled()
        self.published = {message: etree.XMLSchema(file=str(folder / f"soap{message}.xsd")) for message in TYPES}
        # xmlschema finds some of the publisher's restrictions illegal, but reads the structure all the same.
        self.structure = {
            message: xmlschema.XMLSchema10(folder / f"soap{message}.xsd", allow="local", validation="lax")
            for message in TYPES
        }

    def agreed(self, message: str, envelope: etree._Element, what: str) -> bool:
        """Each gets a copy, for a validation marks Ids in the tree."""
        own = self.own[message].validate(copy.deepcopy(envelope))
        theirs = self.published[message].validate(copy.deepcopy(envelope))
        assert own == theirs, (
            f"{message}, {what}: own {own}, published {theirs}\n{self.own[message].error_log}\n"
            f"{self.published[message].error_log}\n{etree.tostring(envelope, encoding='unicode')}"
        )
        return own


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    return Verdicts(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def of_type() -> dict[str, list[tuple[str, etree._Element]]]:
    found: dict[str, list[tuple[str, etree._Element]]] = {message: [] for message in TYPES}
    for name, message, root in samples():
        found[message].append((name, root))
    return found


@pytest.mark.parametrize("message", TYPES)
def test_every_envelope_of_the_library_is_valid_for_both(
    message: str, verdicts: Verdicts, of_type: dict[str, list[tuple[str, etree._Element]]]
) -> None:
    schemas = OsciSchemas(OWN)
    assert of_type[message]
    for name, root in of_type[message]:
        assert verdicts.agreed(message, root, name), (name, verdicts.own[message].error_log)
        assert schemas.violation(message, copy.deepcopy(root)) is None, name


def test_an_envelope_is_valid_for_the_schema_of_its_own_type_only(
    verdicts: Verdicts, of_type: dict[str, list[tuple[str, etree._Element]]]
) -> None:
    for message, found in of_type.items():
        for other in TYPES:
            name, root = found[0]
            assert verdicts.agreed(other, root, f"{name} as {other}") == (message == other)


@pytest.mark.parametrize("message", TYPES)
def test_both_agree_on_seeded_mutations_of_samples_and_of_random_messages(
    message: str, verdicts: Verdicts, of_type: dict[str, list[tuple[str, etree._Element]]]
) -> None:
    rng = random.Random(f"{SEED} mutants {message}")
    walker = OsciWalker(verdicts.structure[message], rng)
    walker.density = 0.7
    roots = [root for _, root in of_type[message]]
    roots += [walker.envelope() for _ in range(len(roots))]
    counted: Counter[bool] = Counter()
    for number in range(MUTANTS):
        names, mutant = mutated(rng.choice(roots), rng, walker, MUTATIONS)
        counted[verdicts.agreed(message, mutant, f"mutant {number}, {names}")] += 1
    print(f"{message}, {MUTANTS} mutants: {counted[True]} valid, {counted[False]} invalid")
    assert min(counted[True], counted[False]) > MUTANTS / 20, counted


@pytest.mark.parametrize("message", TYPES)
def test_both_agree_on_random_messages(message: str, verdicts: Verdicts) -> None:
    rng = random.Random(f"{SEED} {message}")
    walker = OsciWalker(verdicts.structure[message], rng)
    counted: Counter[bool] = Counter()
    for number in range(WALKED):
        walker.density = rng.choice((0.2, 0.4, 0.6))
        walker.slips = rng.choice((0.0, 0.01, 0.03))
        counted[verdicts.agreed(message, walker.envelope(), f"random {number}")] += 1
    print(f"{message}, {WALKED} random messages: {counted[True]} valid, {counted[False]} invalid")
    assert min(counted[True], counted[False]) > WALKED / 20, counted


@pytest.mark.parametrize("message", ["ResponseToAcceptDelivery", "ResponseToExitDialog", "ResponseToProcessDelivery"])
def test_a_challenge_that_the_publisher_forbids_is_refused_also_where_libxml2_would_let_it_pass(
    message: str,
    verdicts: Verdicts,
    of_type: dict[str, list[tuple[str, etree._Element]]],
    tmp_path: Path,
) -> None:
    """The one difference known, and it is libxml2's: xmlschema reads the same declaration as XML Schema means it."""
    root = copy.deepcopy(of_type[message][0][1])
    for signature in root.findall(f".//{OSCI}SupplierSignature"):  # xmlschema does not get through redefined types
        root[0].remove(signature)
    control = next(root.iter(f"{OSCI}ControlBlock"))
    etree.SubElement(control, f"{OSCI}Challenge").text = "4711"
    assert not verdicts.own[message].validate(root)
    published(tmp_path, unchanged=True)
    assert etree.XMLSchema(file=str(tmp_path / f"soap{message}.xsd")).validate(root)
    unchanged = xmlschema.XMLSchema10(tmp_path / f"soap{message}.xsd", allow="local", validation="lax")
    first = next(unchanged.iter_errors(root, use_location_hints=False))
    assert "Challenge" in (first.reason or "")


@pytest.mark.parametrize("message", TYPES)
def test_both_build_every_element_from_the_same_parts(message: str, verdicts: Verdicts) -> None:
    """All that may stand anywhere: of a wildcard any declared element is checked."""
    own, theirs = xmlschema.XMLSchema10(OWN.folder / OWN.entries[message]).maps, verdicts.structure[message].maps
    assert set(own.elements) == set(theirs.elements)
    assert set(own.attributes) == set(theirs.attributes)
    compared: set[tuple[int, int]] = set()
    for name in own.elements:
        assert not list(differences(own.elements[name], theirs.elements[name], name, compared))
    assert len(compared) > 50


@pytest.mark.parametrize("message", TYPES)
def test_types_of_one_schema_alone_can_be_named_in_no_message(message: str, verdicts: Verdicts) -> None:
    """They are abstract, so xsi:type with one is as invalid as with a type that does not exist."""
    own, theirs = xmlschema.XMLSchema10(OWN.folder / OWN.entries[message]).maps, verdicts.structure[message].maps
    for name in set(own.types) ^ set(theirs.types):
        declared = own.types.get(name) or theirs.types[name]
        assert declared.abstract, name
        assert name.startswith(OSCI), name
