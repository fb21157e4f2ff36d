"""The manifest of client setup, ``ccmsetup.xml``, as it stands in ``ccmsetup.cab``.

Its layout is known from one real file of 2007, without hashes. Later ones have a hash in an attribute whose name nobody
here has seen: any attribute of an item whose name holds ``Hash`` is taken as one, by its length.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ..errors import InvalidValueError, MalformedReplyError
from ..model.client_setup import ManifestItem, SetupManifest
from ..model.download import FileEntry, FileHash, HashAlgorithm, RelativeName
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
_BY_LENGTH = {64: HashAlgorithm.SHA256, 40: HashAlgorithm.SHA1}  # characters of a hash
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
    problems, unsafe = Problems(), Problems()
    items: dict[str, ManifestItem] = {}
    elements = list(children(root, "Item"))
    if len(elements) > _MOST_ITEMS:
        raise MalformedReplyError(f"the manifest names {len(elements)} files; {_MOST_ITEMS} are the most", where=_ROOT)
    for number, element in enumerate(elements, start=1):
        item = _item(element, f"item {number}", problems, unsafe)
        if item is not None:
            items.setdefault(item.file.name.casefold(), item)
    unknown = tuple(path for path in find_unknown(root, _KNOWN) if not _is_hash(path.rpartition("@")[2]))
    return SetupManifest(tuple(items.values()), unsafe.found + problems.found, unknown, unsafe.found)


def _item(element: Element, where: str, problems: Problems, unsafe: Problems) -> ManifestItem | None:
    name = unsafe.read(_parse_name, find_attribute(element, "FileName"), where=f"{where}, FileName")
    if name is None:
        return None
    platforms = (find_attribute(one, "Platform") or "" for one in children(element, "Applicability"))
    installation = find_child(element, "Installation")
    return ManifestItem(
        file=FileEntry(name, hashes=tuple(_hashes(element, where, problems))),
        platforms=tuple(dict.fromkeys(plain_text(one.upper()) for one in platforms if one))[:_MOST_PLATFORMS],
        installation=plain_attribute(installation, "InstallationType"),
        order=problems.read(parse_number, find_attribute(installation, "Order"), where=f"{where}, Order"),
    )


def _parse_name(text: str) -> RelativeName:
    return RelativeName(text.replace("\\", "/"))


def _hashes(element: Element, where: str, problems: Problems) -> Iterator[FileHash]:
    for key, value in element.items():
        name = local_name(key)
        if _is_hash(name):
            found = problems.read(_parse_hash, value, where=f"{where}, {name[:40]}")
            if found is not None:
                yield found


def _is_hash(name: str) -> bool:
    return "hash" in name.lower()


def _parse_hash(text: str) -> FileHash:
    algorithm = _BY_LENGTH.get(len(text.strip()))
    if algorithm is None:
        raise InvalidValueError("hash", text, "it is SHA-256 or SHA-1, as 64 or 40 hexadecimal digits")
    return FileHash.of(algorithm, text)
