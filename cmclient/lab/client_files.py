"""The lab's client package: the files of client setup, with a manifest in a cabinet that names each with its hash."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from ..protocol.cabinet import build_cabinet
from ..protocol.markup import element

__all__ = ["CABINET", "CLIENT_FILES", "build_client_cabinet"]

CABINET = "ccmsetup.cab"
_MANIFEST = "ccmsetup.xml"


class _ClientFile(NamedTuple):
    """A file of client setup: its size, and the processor that it is for; empty for one that no manifest names."""

    size: int
    platform: str = ""


_FILES = {
    "ccmsetup.exe": _ClientFile(120_000),
    "x64/client.msi": _ClientFile(700_000, "X64"),
    "x64/vcredist_x64.exe": _ClientFile(250_000, "X64"),
    "x64/MicrosoftPolicyPlatformSetup.msi": _ClientFile(90_000, "X64"),
    "i386/client.msi": _ClientFile(500_000, "X86"),
    "i386/vcredist_x86.exe": _ClientFile(200_000, "ALL"),
}

CLIENT_FILES = {name: file.size for name, file in _FILES.items()}
"""Sizes of the files besides the cabinet."""


@lru_cache(maxsize=8)  # of as many versions: hashing takes a moment
def build_client_cabinet(seed: str, read: Callable[[str, int], Iterable[bytes]]) -> bytes:
    """Build the cabinet of a client package.

    Args:
        seed: What tells this package from others.
        read: Gives the bytes of a file of the package, by its name and size.
    """
    del seed
    items = ""
    for order, (name, file) in enumerate(((one, it) for one, it in _FILES.items() if it.platform), start=1):
        digest = sha256(b"".join(read(name, file.size))).hexdigest()
        inside = element("Applicability", {"Platform": file.platform, "OS": "ALL"})
        kind = "MSI" if name.endswith(".msi") else "EXE"
        inside += element("Installation", {"Order": order, "InstallationType": kind, "OptionalParams": ""})
        items += element("Item", {"FileName": name, "FileHash": digest.upper()}, inside)
    return build_cabinet(_MANIFEST, f'<?xml version="1.0"?>\n{element("CcmSetup", {}, items)}'.encode())
