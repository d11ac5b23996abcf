"""The tables of the three stores from release to release: of which one a database is, and how it comes to the present.

Each store has a folder with its revisions, the first of them the tables of release 0.1.0. A change of `tabellen.py`
takes a new revision there; `tests/migration` fails until the tables that all revisions make are those of `tabellen.py`.
"""

from gateway.migration.stand import BEHOERDEN, PROTOKOLL, SPIEGEL, STORES, Stand, Store, check, stamp, stand, upgrade

__all__ = ["BEHOERDEN", "PROTOKOLL", "SPIEGEL", "STORES", "Stand", "Store", "check", "stamp", "stand", "upgrade"]
