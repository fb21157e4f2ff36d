"""A web page that needs nothing besides itself: no script, nothing loaded; whatever it shows is text."""

from collections.abc import Iterable
from html import escape
from pathlib import Path

from ..errors import ConfigError
from .render import printable

__all__ = ["build_document", "row_of", "safe", "write_page"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; color: #1f2933; margin: 2em auto; max-width: 72em; padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.2em; margin-top: 2em; border-bottom: 1px solid #cbd2d9 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .2em .6em }
tr:nth-child(even) { background: #f5f7fa } .good { color: #1b6e3c } .bad { color: #b42318 }
.card { border-left: 4px solid #cbd2d9; padding: .3em 1em; margin: 1em 0 }
.card.good { border-color: #1b6e3c; color: inherit } .card.bad { border-color: #b42318; color: inherit }
.note { background: #fdf3e1; padding: .3em 1em } .rules { color: #3b6ea5 }
code { font: 12px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap }
.where { color: #52606d } svg text { font: 12px system-ui, sans-serif; fill: #1f2933 }
svg rect { fill: #eef4fb; stroke: #3b6ea5 } svg .used rect { fill: #e3f5e9; stroke: #1b6e3c; stroke-width: 2 }
svg path { stroke: #616e7c; fill: none }
"""


def build_document(title: str, body: Iterable[str]) -> str:
    """Write a page.

    Args:
        title: Its title.
        body: Its parts, as HTML; texts in them have gone through ``safe``.
    """
    head = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{safe(title)}</title><style>{_STYLE}</style></head><body>",
    ]
    return "\n".join([*head, f"<h1>{safe(title)}</h1>", *body, "</body></html>\n"])


def row_of(cells: Iterable[str], kind: str = "td") -> str:
    """The cells of a row."""
    return "".join(f"<{kind}>{safe(cell)}</{kind}>" for cell in cells)


def safe(text: str) -> str:
    """A text that a page shows as it is."""
    return escape(printable(text))


def write_page(name: str, page: str, *, replace: bool) -> None:
    """Write a page into a file.

    Args:
        name: The file, as the option ``--html`` gave it.
        page: The page.
        replace: Whether a file that is there may be replaced.

    Raises:
        ConfigError: It is there already, or cannot be written.
    """
    try:
        with Path(name).open("w" if replace else "x", encoding="utf-8", newline="\n") as file:
            file.write(page)
    except FileExistsError as error:
        hint = "choose another name, or let --force replace it"
        raise ConfigError((f"--html {name} is there already",), hint=hint) from error
    except OSError as error:
        fault = f"--html {name} cannot be written: {error.strerror or error}"
        raise ConfigError((fault,), hint="check the folder, its owner and its permissions") from error
