"""Log lines on standard error; the only place that configures logging, and only for our own loggers."""

import logging
import sys
import time

from ..model.names import printable

__all__ = ["configure_logging"]


_CMTRACE_TYPES = {"WARNING": 2, "ERROR": 3, "CRITICAL": 3}


def configure_logging(level: str, form: str) -> None:
    """Send our log records to standard error.

    Args:
        level: debug, info, warning or error.
        form: text, json (one object a line) or cmtrace (what administrators' log viewers read).
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter({"text": _Text, "json": _Json, "cmtrace": _CmTrace}[form]())
    logger = logging.getLogger("cmclient")
    logger.handlers = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname.lower()}: {printable(record.getMessage())}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        import json

        return json.dumps(
            {
                "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z",
                "level": record.levelname.lower(),
                "logger": record.name,
                "event": getattr(record, "event", None),
                "message": printable(record.getMessage()),
            }
        )


class _CmTrace(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.gmtime(record.created)
        return (
            f"<![LOG[{printable(record.getMessage())}]LOG]!>"
            f'<time="{time.strftime("%H:%M:%S", moment)}.{record.msecs:03.0f}+000" '
            f'date="{time.strftime("%m-%d-%Y", moment)}" component="{record.name}" context="" '
            f'type="{_CMTRACE_TYPES.get(record.levelname, 1)}" thread="{record.thread}" file="{record.filename}">'
        )
