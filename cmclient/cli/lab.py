"""``cmclient lab serve`` and ``cmclient lab describe``."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from ..errors import ConfigError
from .codes import DONE
from .render import show
from .site import describe_lab

__all__ = ["HELP", "configure", "run"]

HELP = """\
A small Configuration Manager site on the loopback addresses of this machine: directory, DNS, management points,
distribution points and a fallback status point. 'describe' prints the site; 'serve' runs it until Ctrl-C and prints
the settings that a client needs, ready for --config.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("action", choices=("serve", "describe"), help="run the lab, or print what it consists of")
    parser.add_argument("--lab-file", metavar="FILE", help="describe the site in a TOML file of yours")
    parser.add_argument(
        "--lab-fault",
        metavar="ROLE[:NAME]=FAULT",
        action="append",
        default=[],
        help="break something in it; repeatable",
    )
    parser.add_argument("--write-config", metavar="FILE", help="with serve: write the client's settings there")


def run(arguments: argparse.Namespace) -> int:
    """Describe or serve."""
    lab = describe_lab(arguments)
    if arguments.action == "describe":
        show(lab.describe().splitlines())
        return DONE
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with lab:
        settings = lab.settings_text()
        if arguments.write_config:
            _write(arguments.write_config, settings)
        show([*lab.describe().splitlines(), "", *settings.splitlines()])
        sys.stdout.flush()
        try:
            stop.wait()
        except KeyboardInterrupt:
            show(["stopping"])
    return DONE


def _write(name: str, settings: str) -> None:
    try:
        Path(name).write_text(settings, encoding="utf-8")
    except OSError as error:
        fault = f"--write-config {name} cannot be written: {error.strerror or error}"
        raise ConfigError((fault,), hint="check the folder, its owner and its permissions") from error
