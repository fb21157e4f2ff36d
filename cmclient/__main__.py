"""``python -m cmclient``, and the command of that name."""

import signal
import sys

from .cli.codes import INTERRUPTED
from .cli.main import main

__all__ = ["run"]


def run() -> int:
    """Run the command line of this process.

    Returns:
        The exit code.
    """
    code = main()
    if code == INTERRUPTED:  # a library that caught the signal may send it again while the process ends
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


if __name__ == "__main__":
    sys.exit(run())
