"""Self-contained German pages that print well: no script, nothing is fetched. What goes in is escaped."""

from collections.abc import Iterable, Sequence
from html import escape
from string import Template

_SEITE = Template("""\
<!DOCTYPE html>
<html lang="de"><head><meta charset="utf-8"><title>$titel</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font: 11pt/1.45 sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; color: #111 }
table { border-collapse: collapse; width: 100%; margin: .6em 0 1.4em }
th, td { border: 1px solid #999; padding: .25em .5em; text-align: left; vertical-align: top }
th { background: #eee } h2 { margin-top: 1.6em }
.vermerk { border: 2px solid #111; padding: .5em .8em; font-weight: 600 }
@media print { body { margin: 0; max-width: none } tr { break-inside: avoid } thead { display: table-header-group } }
</style></head><body>
<h1>$titel</h1>
$inhalt</body></html>
""")


def seite(titel: str, teile: Iterable[str]) -> str:
    """A page of `teile`, which are HTML already."""
    return _SEITE.substitute(titel=escape(titel), inhalt="".join(teile))


def absatz(text: str, klasse: str = "") -> str:
    """A paragraph."""
    return f'<p class="{escape(klasse)}">{escape(text)}</p>\n' if klasse else f"<p>{escape(text)}</p>\n"


def ueberschrift(text: str) -> str:
    """A heading below the page's own."""
    return f"<h2>{escape(text)}</h2>\n"


def tabelle(kopf: Sequence[str], zeilen: Iterable[Sequence[object]]) -> str:
    """A table, its head repeated on each printed page."""
    head = "".join(f"<th>{escape(text)}</th>" for text in kopf)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(wert))}</td>" for wert in zeile) + "</tr>\n" for zeile in zeilen)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>\n"
