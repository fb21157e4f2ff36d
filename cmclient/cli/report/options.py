"""What the actions on the queue have in common: their options, and the reporter that they work with."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ...errors import ConfigError
from ..options import add_facts, add_lab, add_settings

if TYPE_CHECKING:
    from ...assemble import Run
    from ...config import ClientConfig
    from ...report import StatusReporter

__all__ = ["OpenQueue", "add_queue_options", "open_queue"]


class OpenQueue(NamedTuple):
    """A queue that an action works on.

    Attributes:
        config: The settings.
        run: How this run differs from them.
        reporter: Puts messages in, and sends them.
    """

    config: "ClientConfig"
    run: "Run"
    reporter: "StatusReporter"


def add_queue_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which queue, and whose."""
    add_lab(parser)
    add_settings(parser)
    add_facts(parser)


@contextmanager
def open_queue(arguments: argparse.Namespace, *, changes: bool = False) -> Iterator[OpenQueue]:
    """The settings and the reporter that the options ask for; with ``--lab`` a lab is started before and stopped after.

    Args:
        arguments: The options.
        changes: Whether the action makes no sense for facts given by hand, with which nothing is changed.

    Raises:
        ConfigError: A setting is wrong, or there are such facts.
        LabError: The lab cannot be described or started.
        FactsError: The machine could not be asked at all.
        StoreError: The queue cannot be read.
    """
    from ...assemble_report import open_reporter
    from ..site import open_settings

    with open_settings(arguments) as (config, run):
        if changes and not run.writes:
            fault = "with facts given by hand nothing is changed here, and the queue is this machine's"
            raise ConfigError((fault,), hint="leave out the options that give a fact")
        with open_reporter(config, run) as reporter:
            yield OpenQueue(config, run, reporter)
