"""Which files client setup needs from a source: those that the manifest there names, and those that hold it."""

import logging
from contextlib import closing
from hashlib import sha256

from .content_access import ContentAccess, FileLister
from .errors import ListingError, SourceRefusedError, UnsafeNameError
from .model.client_setup import SetupManifest
from .model.download import FileEntry, FileHash, HashAlgorithm, RelativeName
from .model.http import Deadline
from .model.rule import decides
from .model.sources import SourceAddress
from .ports import ByteStream, Cancellation
from .protocol.cabinet import read_cabinet
from .protocol.manifest import parse_manifest
from .protocol.ranges import PartQuestion

__all__ = ["CABINET", "PROGRAM", "SetupFiles", "select_files"]

_log = logging.getLogger(__name__)
CABINET = RelativeName("ccmsetup.cab")
"""Holds the manifest; every source of client setup must have it."""
PROGRAM = RelativeName("ccmsetup.exe")
"""Client setup itself; taken where a source has it."""

_MANIFEST = "ccmsetup.xml"
_CABINET_CAP = 4 * 1024 * 1024  # bytes; a real one has some ten thousand
_MANIFEST_CAP = 8 * 1024 * 1024  # bytes that it may unpack to: against a cabinet that inflates without end
_PIECE = 64 * 1024
_EVERY = "ALL"


class SetupFiles:
    """Lists the files of client setup at a source, by the manifest there.

    Attributes:
        manifest: The manifest that was read last; None before the first.
    """

    manifest: SetupManifest | None = None

    def __init__(self, platform: str) -> None:
        """List files for a processor.

        Args:
            platform: The processor as manifests have it, such as ``X64``; ``ALL`` for every one.
        """
        self._platform = platform

    @property
    def lister(self) -> FileLister:
        """It, as a download takes it."""
        return self._list

    def _list(
        self, access: ContentAccess, address: SourceAddress, deadline: Deadline, cancellation: Cancellation
    ) -> tuple[FileEntry, ...]:
        data = _read(access, address, deadline, cancellation)
        self.manifest = parse_manifest(read_cabinet(data, _MANIFEST, cap=_MANIFEST_CAP))
        _require_safe(self.manifest, address)
        cabinet = FileEntry(CABINET, len(data), (FileHash(HashAlgorithm.SHA256, sha256(data).hexdigest()),))
        named = select_files(self.manifest, self._platform)
        if not self._is_served(self.manifest):
            raise ListingError(f"{address}: the manifest has no file for {self._platform.upper()}", source=str(address))
        program = _find_program(access, address, deadline, cancellation)
        taken = {CABINET.casefold(), PROGRAM.casefold()}
        rest = (one for one in named if one.name.casefold() not in taken)
        return (cabinet, *(() if program is None else (program,)), *rest)

    def _is_served(self, manifest: SetupManifest) -> bool:
        """Whether some file is for the processor, where files say which one they are for."""
        wanted = self._platform.upper()
        named = {one for item in manifest.items for one in item.platforms} - {_EVERY}
        return wanted == _EVERY or not named or wanted in named


def _require_safe(manifest: SetupManifest, address: SourceAddress) -> None:
    """Leave a source whose manifest names a file that could lie elsewhere: without it the files would not be whole."""
    for problem in manifest.problems:
        _log.warning("%s: the manifest, %s", address, problem, extra={"event": "setup.manifest"})
    if manifest.unsafe:
        raise UnsafeNameError(f"{address}: the manifest, {manifest.unsafe[0]}", source=str(address))


def select_files(manifest: SetupManifest, platform: str) -> tuple[FileEntry, ...]:
    """The files of a manifest that a processor needs, in the order of the manifest.

    Args:
        manifest: The manifest.
        platform: The processor; ``ALL`` for every one. A file that names none is for every one.
    """
    wanted = platform.upper()
    return tuple(
        item.file
        for item in manifest.items
        if wanted == _EVERY or not item.platforms or {_EVERY, wanted} & set(item.platforms)
    )


@decides("CI-003")
def _read(access: ContentAccess, address: SourceAddress, deadline: Deadline, cancellation: Cancellation) -> bytes:
    """The cabinet of a source; one that lacks it is left."""
    _, stream = access.open_file(address, CABINET, _whole(address), deadline, cancellation)
    with closing(stream):
        return _read_all(stream, address)


def _read_all(stream: ByteStream, address: SourceAddress) -> bytes:
    data, buffer = bytearray(), memoryview(bytearray(_PIECE))
    while size := stream.read_into(buffer):
        data += buffer[:size]
        if len(data) > _CABINET_CAP:
            raise ListingError(f"{address}: {CABINET} has more than {_CABINET_CAP} bytes", source=str(address))
    return bytes(data)


def _find_program(
    access: ContentAccess, address: SourceAddress, deadline: Deadline, cancellation: Cancellation
) -> FileEntry | None:
    """Setup itself, where a source has it."""
    try:
        answer, stream = access.open_file(address, PROGRAM, _whole(address), deadline, cancellation)
    except SourceRefusedError:
        return None
    stream.close()
    return FileEntry(PROGRAM, answer.origin.size)


def _whole(address: SourceAddress) -> PartQuestion:
    return PartQuestion(str(address), 0, None, None, is_proven=False)
