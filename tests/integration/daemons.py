"""Servers that run for the length of a test session and leave nothing behind."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["SYSTEM_PATH", "AddressBlock", "Daemon", "ServerError", "claim_addresses", "find_missing", "run_tool"]

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # the servers' own tools want the system's Python
_BLOCKS = range(78, 100)
_CLAIM_PORT = 40_001
_TAIL = 3000  # characters of a log that are worth showing
_ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")
_NAMESPACE = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=KILL")
# The first process of the namespace. A server that changes its user or its capabilities cannot be that one: with them
# it loses the wish to be killed. No test session takes an hour.
_FIRST = ("timeout", "--signal=KILL", "1h")


class ServerError(Exception):
    """A server could not be set up or did not start; the message holds the end of what it said."""


class AddressBlock(NamedTuple):
    """The loopback addresses ``127.<number>.*.*``, which belong to one test session."""

    number: int

    def address(self, third: int, fourth: int) -> str:
        """One address of the block."""
        return f"127.{self.number}.{third}.{fourth}"


@contextmanager
def claim_addresses() -> Iterator[AddressBlock]:
    """Claim a block that no other session on this machine uses.

    Raises:
        ServerError: None is free.
    """
    for number in _BLOCKS:
        block = AddressBlock(number)
        with socket.socket() as claim:
            try:
                claim.bind((block.address(0, 1), _CLAIM_PORT))
                claim.listen(1)
            except OSError:
                continue
            yield block
            return
    raise ServerError("every block of loopback addresses is taken by another run")


def find_missing(programs: Sequence[str]) -> list[str]:
    """Those of the programs that are not installed."""
    return [program for program in programs if shutil.which(program, path=SYSTEM_PATH) is None]


def run_tool(*command: str, log: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run a program to its end.

    Raises:
        ServerError: It failed.
    """
    with log.open("ab") as output:
        done = subprocess.run(  # noqa: S603 - our own command
            (*_ENDS_WITH_US, *command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(environment),
            timeout=120,
            check=False,
        )
    if done.returncode:
        raise ServerError(f"{' '.join(command[:3])} failed with {done.returncode}:\n{_tail(log)}")


class Daemon:
    """A server in the foreground that does not outlive this process, however this process ends.

    It runs in a PID namespace: when that is ended, all that it started ends with it, detached or not. It sees its own
    mounts, which come and go with it. And it has a session of its own: Ctrl-C reaches pytest alone, which then stops
    the servers in order.

    Args:
        command: What to run.
        log: Takes its output.
        environment: Variables besides ``PATH``.
    """

    def __init__(self, *command: str, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._log = log
        with log.open("ab") as output:
            self._outer = subprocess.Popen(  # noqa: S603 - our own command
                (*_ENDS_WITH_US, *_NAMESPACE, *_FIRST, *command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(environment),
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def await_port(self, address: str, port: int, seconds: float = 30.0) -> None:
        """Wait until a TCP port accepts.

        Raises:
            ServerError: The server ended, or the port did not open in time.
        """
        last = time.monotonic() + seconds
        while not self._has_ended(within=0.02):
            try:
                socket.create_connection((address, port), timeout=1.0).close()
            except OSError:
                if time.monotonic() > last:
                    raise ServerError(f"{address}:{port} did not open\n{_tail(self._log)}") from None
            else:
                return
        raise ServerError(f"the server of {address}:{port} ended\n{_tail(self._log)}")

    def freeze(self) -> None:
        """Make it fall silent, with its connections open; ``stop`` ends it all the same."""
        waiting = list(_children(self._outer.pid))
        for pid in waiting:
            waiting += _children(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def stop(self) -> None:
        """End it and everything that it started; harmless when it has ended."""
        for pid in _children(self._outer.pid) or (self._outer.pid,):
            if self._outer.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._outer.wait(timeout=30)  # the namespace is empty by then

    def _has_ended(self, *, within: float) -> bool:
        try:
            self._outer.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True


def _children(pid: int) -> tuple[int, ...]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return ()
    return tuple(int(child) for child in text.split())


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {"PATH": SYSTEM_PATH, "LC_ALL": "C", **(more or {})}


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-_TAIL:]
