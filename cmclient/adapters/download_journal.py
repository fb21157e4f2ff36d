"""What a download remembers beside its parts: lines of JSON, each appended whole, read again by the next run.

The length of a part says how much of it is there. What the journal adds: where the first bytes came from, which bytes
had reached the disk, which files are finished, and which source gave a wrong one. A line that a crash cut off is no
line, and what it would have said is found out anew.
"""

import errno
import json
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from ..errors import InvalidValueError
from ..model.download import PartOrigin, RelativeName
from .settling import WholeFile

__all__ = ["DownloadJournal", "PartNote"]

_VERSION = 1
_MAX_BYTES = 256 * 1024 * 1024  # a hundred thousand files, several times; a larger journal is none
_MAX_LINE = 16 * 1024
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # against a link in place of the journal that leads elsewhere
_CLOSED = -1  # no file at all: the number of a closed one may be that of another file by now


class PartNote(NamedTuple):
    """What is remembered of a part.

    Attributes:
        origin: Where it came from.
        durable: Bytes that had reached the disk.
        boot: Which start of the machine wrote it; bytes that were written since are there as long as that one runs.
    """

    origin: PartOrigin
    durable: int = 0
    boot: str = ""


def find_boot() -> str:
    """What is the same until the machine starts anew; empty where the system does not tell."""
    if sys.platform == "linux":
        with suppress(OSError):
            return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return ""


class DownloadJournal:
    """The journal of one job in one folder. Safe to use from several threads.

    Args:
        path: The file.
        job: The job; a journal of another one is begun anew.

    Attributes:
        is_new: Whether it was begun anew, so that parts that lie there belong to nobody.

    Raises:
        OSError: It cannot be read or written.
    """

    def __init__(self, path: Path, job: str) -> None:
        self.parts: dict[RelativeName, PartNote] = {}
        self.finished: dict[RelativeName, tuple[int, str]] = {}
        self.banned: set[tuple[str, str]] = set()
        self._boot = find_boot()
        self._lock = Lock()
        self.is_new = not self._read(path, job)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags | (os.O_TRUNC if self.is_new else 0), 0o600)
        if self.is_new:
            self.parts, self.finished, self.banned = {}, {}, set()
            self._append({"journal": _VERSION, "job": job})

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing that a later run could use."""
        return not (self.parts or self.finished or self.banned)

    def close(self) -> None:
        """Let go of the file. Whoever still notes something, left behind by a second Ctrl-C, is refused."""
        with self._lock:
            file, self._file = self._file, _CLOSED
        os.close(file)

    def find_safe(self, name: RelativeName, length: int) -> int:
        """How many of the bytes of a part that has so many can be trusted."""
        note = self.parts.get(name)
        if note is None:
            return 0
        is_same_start = bool(self._boot) and note.boot == self._boot
        return length if is_same_start else min(length, note.durable)

    def note_part(self, name: RelativeName, origin: PartOrigin, durable: int) -> None:
        """Remember where a part comes from, and how much of it has reached the disk.

        Raises:
            OSError: It cannot be written.
        """
        self.parts[name] = PartNote(origin, durable, self._boot)
        self._append({"part": name, "origin": list(origin), "durable": durable, "boot": self._boot})

    def note_whole(self, files: Sequence[WholeFile]) -> None:
        """Remember that files are whole and on the disk, and about to get their names.

        Raises:
            OSError: It cannot be written.
        """
        self._append(*({"finished": one.name, "size": one.size, "sha256": one.sha256} for one in files))

    def note_placed(self, whole: WholeFile) -> None:
        """Remember, in this run, that a file has its name."""
        self.parts.pop(whole.name, None)
        self.finished[whole.name] = (whole.size, whole.sha256)

    def note_banned(self, address: str, proof: str) -> None:
        """Remember that an address gave a file with another hash than this.

        Raises:
            OSError: It cannot be written.
        """
        self.banned.add((address, proof))
        self._append({"banned": address, "proof": proof})

    def _append(self, *lines: dict[str, object]) -> None:
        # the first line break ends a line that was cut off
        data = b"".join(b"\n%b\n" % json.dumps(line).encode() for line in lines)
        with self._lock:
            written = os.write(self._file, data)
        if written < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _read(self, path: Path, job: str) -> bool:
        """Whether there is a journal of this job, and what it says is known now."""
        try:
            status = path.lstat()
        except FileNotFoundError:
            return False
        if not stat.S_ISREG(status.st_mode):  # a link would be written through, and a pipe waited for
            raise OSError(errno.EINVAL, f"{path.name} in it is no file")
        if status.st_size > _MAX_BYTES:
            return False
        lines = _read_lines(path)
        head = next(lines, {})  # blank lines are none
        if head.get("journal") != _VERSION or head.get("job") != job:
            return False
        for line in lines:
            with suppress(KeyError, TypeError, ValueError, InvalidValueError):  # a damaged line says nothing
                self._take(line)
        return True

    def _take(self, line: dict[str, Any]) -> None:
        if "part" in line:
            address, size, etag, modified = line["origin"]
            origin = PartOrigin(str(address), int(size), str(etag), str(modified))
            self.parts[RelativeName(line["part"])] = PartNote(origin, int(line["durable"]), str(line["boot"]))
        elif "finished" in line:
            name, size = RelativeName(line["finished"]), int(line["size"])
            self.finished[name] = (size, str(line["sha256"]))
            if name in self.parts:  # which is still there if the process ended before the file had its name
                self.parts[name] = self.parts[name]._replace(durable=size)
        elif "banned" in line:
            self.banned.add((str(line["banned"]), str(line["proof"])))


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        while line := file.readline(_MAX_LINE):
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value
