"""What an authority's own account keeps it from: users, hours and quotas before anything else, then its rights."""

from dataclasses import replace
from typing import Any

from gateway.abruf.dienst import Frage
from gateway.meldewesen.anfrage import Rueckweisungsgrund
from gateway.meldewesen.rechte import ALLE_RECHTE, Verbrauch
from gateway.meldewesen.regeln import Pruefling, pruefe
from gateway.meldewesen.regeln_zugang import RECHTE, Zugangspruefling, kein_zugang, nicht_freigegeben
from gateway.vorgang import BERLIN


def zugang(frage: Frage[Any]) -> list[Rueckweisungsgrund]:
    """Why the authority's user may not ask now, whatever he asks; if nothing is against it, the request is counted.

    Raises StoreError.
    """
    anfrage, behoerde, jetzt = frage.anfrage, frage.behoerde, frage.jetzt.astimezone(BERLIN)
    pruefling = Zugangspruefling(anfrage.abrufende_stelle.kennung, behoerde, jetzt, Verbrauch())
    if dagegen := kein_zugang(pruefling):
        return dagegen
    verbrauch = frage.gateway.kontingente.nimm(behoerde, frage.heute)
    return kein_zugang(replace(pruefling, verbrauch=verbrauch)) if verbrauch else []


def beschraenkt(frage: Frage[Any]) -> list[Rueckweisungsgrund]:
    """Every ground that lies in the rights of this one authority."""
    rechte, art = frage.behoerde.zugang.rechte, frage.art
    if rechte == ALLE_RECHTE:
        return []
    found = pruefe(RECHTE, Pruefling(frage.anfrage, frage.behoerde, frage.gateway.land))
    return found + nicht_freigegeben(frage.anfrage, rechte, art.elementcodes, art.auswahlcodes)
