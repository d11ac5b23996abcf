"""What is done for each kind of request: who may ask what, where it is answered, and how. No XML, no store's detail."""

from collections.abc import Mapping
from typing import Any

from gateway.abruf.datenbestaetigung import DATENBESTAETIGUNG
from gateway.abruf.dienst import Dienst
from gateway.abruf.freie_suche import FREIE_SUCHE
from gateway.abruf.personensuche import PERSONENSUCHE

#: Every kind of request that can be answered, by the number of its message; which are is the instance's choice.
DIENSTE: Mapping[str, Dienst[Any]] = {
    dienst.nachrichtentyp: dienst for dienst in (PERSONENSUCHE, FREIE_SUCHE, DATENBESTAETIGUNG)
}
