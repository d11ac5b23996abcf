"""What comes in from outside to be registered, as files and the admin API have it: strict, and judged by name."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.behoerden.antraege import Ansprechpartner, Antrag
from gateway.meldewesen.behoerde import Behoerde, Rolle

Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
Kennung = Annotated[str, Field(pattern=r"^dbs:[0-9]{12}$", examples=["dbs:060030020000"])]


class Form(BaseModel):
    """No unknown keys, no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BehoerdeForm(Form):
    """An authority in its one role."""

    kennung: Kennung
    name: Text
    rolle: Literal["einfach", "sicherheit", "fiu"] = "einfach"
    azr_berechtigt: bool = False
    protokoll_beauftragt: bool = False
    zentrale_stelle: bool = False
    nummer: int | None = None
    trotz_sperre: bool = False

    def behoerde(self) -> Behoerde:
        """In the law's terms."""
        werte = {name: getattr(self, name) for name in BehoerdeForm.model_fields}
        return Behoerde(**{**werte, "rolle": Rolle(self.rolle)})


class AnsprechpartnerForm(Form):
    """The first administrator."""

    vorname: Text
    name: Text
    email: Text
    telefon: Text
    anschrift: Text


class AntragForm(BehoerdeForm):
    """An application for access."""

    administrator: AnsprechpartnerForm
    massnahmen: Text
    unterschrieben: bool

    def antrag(self) -> Antrag:
        """As it is taken in."""
        return Antrag(
            self.behoerde(), Ansprechpartner(**dict(self.administrator)), self.massnahmen, self.unterschrieben
        )


class Rechte(Form):
    """See `behoerde rechte`; what is not named, or null, is not limited."""

    elemente: list[str] | None = None
    auswahldaten: list[str] | None = None
    phonetik: bool | None = None
    freie_suche: bool | None = None
    suchbereich: str | None = None
    stunden: str | None = None
    je_sekunde: int | None = None
    je_tag: int | None = None
    treffer_je_tag: int | None = None
