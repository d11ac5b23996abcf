"""Arguments that several commands have."""

from typing import Annotated

import typer

KennungArgument = Annotated[str, typer.Argument(help="The authority's key, e.g. dbs:060030020000.")]
BenutzerArgument = Annotated[str, typer.Argument(help="The user, as messages name it in `kennung`.")]
