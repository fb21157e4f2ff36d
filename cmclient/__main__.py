"""``python -m cmclient``, and the command of that name."""

import gc
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
    # What is left lives as long as the process. Python would look for garbage among all of it as it ends, module after
    # module, which took a seventh of a short run.
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(run())
