"""What a command is doing, on one line of the terminal, while it takes long."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .render import printable

__all__ = ["show_progress"]

_WIDTH = 78  # a line that wraps cannot be taken back


class _Line(logging.Handler):
    """Shows the latest step and nothing else."""

    def emit(self, record: logging.LogRecord) -> None:
        text = printable(record.getMessage())
        sys.stderr.write(f"\r{text[:_WIDTH]:<{_WIDTH}}")
        sys.stderr.flush()

    def clear(self) -> None:
        sys.stderr.write("\r" + " " * _WIDTH + "\r")
        sys.stderr.flush()


@contextmanager
def show_progress() -> Iterator[None]:
    """Show steps as they come, if standard error is a terminal and log lines are not shown there anyway."""
    logger = logging.getLogger("cmclient")
    if not sys.stderr.isatty() or logger.isEnabledFor(logging.INFO):
        yield
        return
    line, level, handlers = _Line(logging.INFO), logger.level, list(logger.handlers)
    for handler in handlers:
        handler.setLevel(level)
    logger.addHandler(line)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(line)
        logger.setLevel(level)
        line.clear()
