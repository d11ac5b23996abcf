"""The Protokoll store (§ 40 BMG): durable before it returns, chained and sealed, personal data encrypted at rest.

Beside it, and in its transactions, what has to follow an answer: `nachlauf`.
"""

from gateway.protokoll.aufbewahrung import Aufbewahrung, Loeschbericht, UhrUngewiss
from gateway.protokoll.befund import Finding, Kind, Verification
from gateway.protokoll.einsicht import Einsicht, Postzeile, Protokollzeile
from gateway.protokoll.einsichtnahme import Einsichtnahme, KeinEinsichtsrecht, erlaube
from gateway.protokoll.monatsschluessel import FremderMandant
from gateway.protokoll.nachlauf import SqlNachlauf
from gateway.protokoll.pruefung import verify
from gateway.protokoll.recherche import Suchfrage
from gateway.protokoll.speicher import SqlProtokoll
from gateway.protokoll.stand import create_schema
from gateway.protokoll.stelle import Stelle
from gateway.protokoll.verzeichnis import Fundstelle, Verzeichnis

__all__ = [
    "Aufbewahrung",
    "Einsicht",
    "Einsichtnahme",
    "Finding",
    "FremderMandant",
    "Fundstelle",
    "KeinEinsichtsrecht",
    "Kind",
    "Loeschbericht",
    "Postzeile",
    "Protokollzeile",
    "SqlNachlauf",
    "SqlProtokoll",
    "Stelle",
    "Suchfrage",
    "UhrUngewiss",
    "Verification",
    "Verzeichnis",
    "create_schema",
    "erlaube",
    "verify",
]
