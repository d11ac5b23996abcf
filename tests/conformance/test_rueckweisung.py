"""Each ground of the standard's list, 01 to 24, is provoked by a test through the whole exchange."""

from pathlib import Path

from gateway.xmeld.packs import Packs
from gateway.xmeld.struktur import erlaubte_codes
from tests import test_exchange
from tests.abruf import test_freie_suche

#: Grounds that no row of the tables gives, and the tests that do.
EIGENE = {
    "12": test_exchange.test_a_thousand_persons_are_a_list_and_one_more_is_refused_with_12,
    "16": test_exchange.test_a_failing_mirror_is_answered_with_16_and_recorded,
    "23": test_exchange.test_landesspezifische_erweiterungen_across_the_border_are_refused_with_23_and_at_home_with_17,
}


def test_no_code_of_the_list_is_without_a_test() -> None:
    endings = [row[0] for table in (test_exchange.GRUENDE, test_freie_suche.GRUENDE) for row in table]
    provoked = {code for ending in endings if ending.startswith("R ") for code in ending.split()[1:]}
    pack = Packs.load(Path(__file__).parents[2] / "xsd").newest
    antwort = pack.messages["1331"].element
    codes = erlaubte_codes(pack.schema, pack.namespace, antwort, "antwortSuchanfrage/rueckweisung/grundDerRueckweisung")
    assert codes == {f"{number:02}" for number in range(1, 25)}
    assert provoked | EIGENE.keys() == codes
