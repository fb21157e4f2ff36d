"""Pages that people would see in a browser: error pages, a folder, a captive portal."""

from collections.abc import Iterable
from html import escape
from http import HTTPStatus

__all__ = ["captive_portal", "error_page", "folder_page"]

_MEANINGS = {
    400: "The request is not one that this server understands.",
    401: "This address asks for Windows authentication.",
    403: "A client certificate is wanted here, and none was shown, or not a good one.",
    404: "There is nothing under this address on this server.",
    405: "This address does not take requests of that kind.",
    500: "The server could not do what was asked of it.",
    503: "The application behind this address is not running.",
}


def error_page(status: int) -> bytes:
    """The page that comes with an error status."""
    title = f"{status} - {HTTPStatus(status).phrase}."
    meaning = _MEANINGS.get(status, "The request could not be answered.")
    return _page(title, f"<h1>Server Error</h1>\n<h2>{escape(title)}</h2>\n<p>{escape(meaning)}</p>")


def folder_page(path: str, names: Iterable[str]) -> bytes:
    """The listing of a folder on a distribution point."""
    rows = "".join(f'<a href="{escape(path.rstrip("/"))}/{escape(name)}">{escape(name)}</a><br>\n' for name in names)
    return _page(f"{path} - content", f"<h1>{escape(path)}</h1>\n<pre>\n{rows}</pre>")


def captive_portal() -> bytes:
    """What a hotel's network answers to everything."""
    return _page(
        "Welcome to the guest network",
        "<h1>Welcome</h1>\n<p>Please accept our terms to go on.</p>\n"
        '<form method="post" action="/accept"><button>I accept</button></form>',
    )


def _page(title: str, body: str) -> bytes:
    return (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    ).encode()
