"""The command of this project, run as a person runs it: in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

__all__ = ["run_command", "start_command"]


def run_command(
    *arguments: str, code: int | None = 0, seconds: float = 60.0, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end.

    Args:
        arguments: What follows ``cmclient``.
        code: How it should end; None for any way.
        seconds: After these it is ended.
        folder: Where it runs; None for here.

    Raises:
        AssertionError: It ended in another way, or with a traceback.
    """
    command = [sys.executable, "-m", "cmclient", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, cwd=folder)  # noqa: S603 - our own
    assert "Traceback" not in done.stderr, done.stderr
    assert code is None or done.returncode == code, done.stderr + done.stdout
    return done


def start_command(*arguments: str, stdin: int | None = None, **environ: str) -> subprocess.Popen[str]:
    """Begin to run it, such that it heeds Ctrl+C; in this environment with more variables."""
    return subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "cmclient", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
        preexec_fn=_heed_sigint,  # noqa: PLW1509 - no thread of ours runs here
    )


def _heed_sigint() -> None:
    """In a job in the background SIGINT is ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
