"""The manifest of client setup, ``ccmsetup.xml``, as it stands in ``ccmsetup.cab``.

Its layout is known from one real file of 2007, without hashes. Later ones have a hash in an attribute whose name nobody
here has seen: any attribute of an item whose name holds ``Hash`` is taken as one, by its length.
"""

import re
from xml.etree.ElementTree import Element

from ..errors import InvalidValueError
from ..model.client_setup import ManifestItem, SetupManifest
from .contentnames import parse_content_path
from .elements import (
    Problems,
    children,
    find_attribute,
    find_child,
    find_unknown,
    known_parts,
    parse_number,
    parse_root,
    plain_attribute,
    plain_text,
)
from .xmlsafe import local_name

__all__ = ["parse_manifest"]

_ROOT = "CcmSetup"
_MOST_ITEMS = 1000  # real ones have some thirty: against a manifest that has a client ask for files without end
_MOST_PLATFORMS = 16
_SHA_256, _SHA_1 = 64, 40  # characters of a hash
_HEX = re.compile(r"[0-9a-fA-F]+")
_KNOWN = known_parts(
    ". Version",
    "Item FileName",
    "Item/Applicability Platform OS",
    "Item/Discovery/*",
    "Item/Installation/*",
)


def parse_manifest(body: bytes) -> SetupManifest:
    """Read the manifest.

    Raises:
        MalformedReplyError: It is no manifest (empty, cut off, another document), or has an absurd number of items.
        UnsafeXmlError: It is refused for what it could do.
    """
    root = parse_root(body, _ROOT)
    problems = Problems()
    items: dict[str, ManifestItem] = {}
    for number, element in enumerate(problems.first(children(root, "Item"), _MOST_ITEMS, where=_ROOT), start=1):
        item = _item(element, f"item {number}", problems)
        if item is not None:
            items.setdefault(item.path.casefold(), item)
    unknown = tuple(path for path in find_unknown(root, _KNOWN) if not _is_hash(path.rpartition("@")[2]))
    return SetupManifest(tuple(items.values()), problems.found, unknown)


def _item(element: Element, where: str, problems: Problems) -> ManifestItem | None:
    path = problems.read(parse_content_path, find_attribute(element, "FileName"), where=f"{where}, FileName")
    if path is None:
        return None
    platforms = (find_attribute(one, "Platform") or "" for one in children(element, "Applicability"))
    installation = find_child(element, "Installation")
    hashes = {len(text): text for text in _hashes(element, where, problems)}
    return ManifestItem(
        path=path,
        platforms=tuple(dict.fromkeys(plain_text(one.upper()) for one in platforms if one))[:_MOST_PLATFORMS],
        installation=plain_attribute(installation, "InstallationType"),
        order=problems.read(parse_number, find_attribute(installation, "Order"), where=f"{where}, Order"),
        sha256=hashes.get(_SHA_256, ""),
        sha1=hashes.get(_SHA_1, ""),
    )


def _hashes(element: Element, where: str, problems: Problems) -> list[str]:
    named = [(local_name(key), value.strip()) for key, value in element.items() if _is_hash(local_name(key))]
    read = (problems.read(_parse_hash, value, where=f"{where}, {name[:40]}") for name, value in named)
    return [value for value in read if value is not None]


def _is_hash(name: str) -> bool:
    return "hash" in name.lower()


def _parse_hash(text: str) -> str:
    if len(text) not in {_SHA_256, _SHA_1} or not _HEX.fullmatch(text):
        raise InvalidValueError("hash", text, "it is SHA-256 or SHA-1, as 64 or 40 hexadecimal digits")
    return text.lower()
