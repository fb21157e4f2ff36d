"""Writing XML: elements, values and texts, without the characters that XML 1.0 cannot hold."""

from collections.abc import Mapping

__all__ = ["element", "escape", "flag", "quoted", "text_element"]


def quoted(value: str) -> str:
    """A value between double quotes; what cannot be printed is left out of it."""
    return '"' + escape(_printable(value)).replace('"', "&quot;") + '"'


def escape(text: str) -> str:
    """A text between tags. The one of ``xml.sax.saxutils`` would load all that Python has for the web."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def element(name: str, attributes: Mapping[str, str | int | None] = {}, inside: str = "") -> str:
    """Write an element.

    Args:
        name: Its name.
        attributes: Its attributes in order; one that is None is left out.
        inside: What is in it, as XML.
    """
    written = "".join(f" {key}={quoted(str(value))}" for key, value in attributes.items() if value is not None)
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


def text_element(name: str, text: str | int) -> str:
    """Write an element that holds a text; what cannot be printed is left out of it."""
    return f"<{name}>{escape(_printable(str(text)))}</{name}>"


def flag(value: bool) -> str:  # noqa: FBT001 - it is what it is about
    """Yes or no, as messages write it."""
    return "1" if value else "0"


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
