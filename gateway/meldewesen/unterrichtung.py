"""The notice of § 34 (5) BMG: who is told of which request about whom. No field tells of a dwelling."""

from dataclasses import dataclass

from gateway.meldewesen.anfrage import Abruf
from gateway.meldewesen.behoerde import Behoerde
from gateway.meldewesen.datensatz import Datensatz
from gateway.meldewesen.folgen import Folge


@dataclass(frozen=True)
class Unterrichtung:
    """`folge` says whom it goes to and who is to be informed: the body that had the block set, or the person.

    `empfangen` is when the request came, as xs:dateTime.
    """

    folge: Folge
    datensatz: Datensatz
    anfrage: Abruf
    behoerde: Behoerde  # whose certificate signed the request
    empfangen: str
