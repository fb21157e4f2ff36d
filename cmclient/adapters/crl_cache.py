"""Certificate revocation lists that were fetched before, in memory and in a folder.

A list is signed, so a file that somebody tampered with is found out when it is used, like one from the network.
"""

import contextlib
import hashlib
import logging
import os
import threading
from pathlib import Path

__all__ = ["CRL_CAP", "CrlCache"]

_LOG = logging.getLogger(__name__)

CRL_CAP = 20 * 1024 * 1024
"""Bytes of a list; the largest of public authorities have about half of that."""

_MOST_KEPT = 64  # lists in memory, and files in the folder: against chains that name ever new ones


class CrlCache:
    """Revocation lists by address, as they came. Safe to use from several threads.

    Args:
        folder: Where they are kept between runs; None for nowhere.
        writes: Whether new ones are put there.
    """

    def __init__(self, folder: Path | None = None, *, writes: bool = True) -> None:
        self._folder = folder
        self._writes = writes
        self._lock = threading.Lock()
        self._kept: dict[str, bytes] = {}

    def find(self, url: str) -> bytes | None:
        """The list from an address, however old; None when none is kept, or none can be read."""
        with self._lock:
            if url in self._kept:
                return self._kept[url]
        if self._folder is None:
            return None
        try:
            with self._file(self._folder, url).open("rb") as file:
                encoded = file.read(CRL_CAP + 1)
        except OSError:
            return None
        return encoded if len(encoded) <= CRL_CAP else None

    def keep(self, url: str, encoded: bytes) -> None:
        """Keep a list in place of an older one. A folder that cannot be written is no failure: it is fetched again."""
        with self._lock:
            self._kept.pop(url, None)
            self._kept[url] = encoded
            while len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            if self._folder is None or not self._writes:
                return
            try:
                self._write(self._folder, url, encoded)
            except OSError as error:
                _LOG.warning(
                    "a revocation list cannot be kept in %s: %s",
                    self._folder,
                    error.strerror,
                    extra={"event": "crl.not-kept"},
                )

    def _write(self, folder: Path, url: str, encoded: bytes) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self._file(folder, url)
        part = target.with_suffix(f".{os.getpid()}.part")
        try:
            part.write_bytes(encoded)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        files = sorted(folder.glob("*.crl"), key=_age)
        for file in files[:-_MOST_KEPT]:
            file.unlink(missing_ok=True)

    @staticmethod
    def _file(folder: Path, url: str) -> Path:
        return folder / f"{hashlib.sha256(url.encode()).hexdigest()}.crl"


def _age(file: Path) -> float:
    with contextlib.suppress(OSError):  # another process may have removed it
        return file.stat().st_mtime
    return 0.0
