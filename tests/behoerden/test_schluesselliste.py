"""The publisher's key list: differences are shown before they are applied."""

from dataclasses import replace

from gateway.behoerden import schluesselliste, stamm
from gateway.behoerden.aenderungen import Verwaltung, verlauf
from gateway.behoerden.kategorie import Schluessel, Schluesselliste
from gateway.meldewesen.behoerde import Behoerde, Rolle

EINFACH, SICHERHEIT = "§ 38 1 einfache Behörde", "§ 38 3 und 5 Sicherheitsbehörde"
ALT = Schluesselliste("1", {"01" * 6: Schluessel("Amt", EINFACH), "02" * 6: Schluessel("Polizei", SICHERHEIT)})
NEU = Schluesselliste("2", {"02" * 6: Schluessel("Polizei", EINFACH), "03" * 6: Schluessel("Neues Amt", EINFACH)})


def test_differences_are_shown_and_nothing_is_changed(v: Verwaltung) -> None:
    schluesselliste.uebernimm(v, ALT)
    vergleich = schluesselliste.vergleiche(v, NEU)
    assert (vergleich.version_vorher, vergleich.version_nachher) == ("1", "2")
    assert [(u.dbs[:2], bool(u.vorher), bool(u.nachher)) for u in vergleich.unterschiede] == [
        ("01", True, False), ("02", True, True), ("03", False, True),
    ]  # fmt: skip
    assert schluesselliste.load(v.engine) == ALT


def test_a_list_that_was_taken_over_is_the_one_that_counts_and_the_change_is_recorded(v: Verwaltung) -> None:
    assert schluesselliste.load(v.engine) is None
    schluesselliste.uebernimm(v, ALT)
    schluesselliste.uebernimm(v, NEU)
    assert schluesselliste.load(v.engine) == NEU
    assert schluesselliste.vergleiche(v, NEU).unterschiede == ()
    second, first = verlauf(v.engine, tabelle="behoerde_liste")
    assert ('"version":"1"' in second["vorher"], '"version":"2"' in second["nachher"]) == (True, True)
    assert ('"neu":1' in second["nachher"], '"entfallen":1' in second["nachher"], first["vorher"]) == (True, True, None)


def test_registered_authorities_that_a_new_list_speaks_against_are_named(v: Verwaltung) -> None:
    schluesselliste.uebernimm(v, ALT)
    v = replace(v, liste=lambda: schluesselliste.load(v.engine))
    stamm.registriere(v, Behoerde(f"dbs:{'02' * 6}", "Polizei", Rolle.SICHERHEIT))
    assert schluesselliste.vergleiche(v, ALT).betroffen == ()
    (text,) = schluesselliste.vergleiche(v, NEU).betroffen
    assert text == f"dbs:{'02' * 6} is no Sicherheitsbehörde in version 2 of the key list"
