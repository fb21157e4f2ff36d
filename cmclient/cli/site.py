"""The site that a command works on: the real one of this machine, or a lab that lives as long as the command."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError, LabError
from ..locator import Locator
from .options import read_run, read_settings

if TYPE_CHECKING:
    from ..assemble import Run
    from ..config import ClientConfig
    from ..lab import Lab

_LAB_FILE_CAP = 1024 * 1024  # bytes; a larger file is something else

__all__ = ["describe_lab", "open_settings", "open_site"]


@contextmanager
def open_site(arguments: argparse.Namespace, *, offline: bool = False, writes: bool = True) -> Iterator[Locator]:
    """A locator as the options ask for it; with ``--lab`` a lab is started before and stopped after.

    Args:
        arguments: The options.
        offline: Ask nobody.
        writes: Whether the command stores what it learns, unless the options make it a what-if.

    Raises:
        ConfigError: A setting is wrong.
        LabError: The lab cannot be described or started.
    """
    from ..assemble import open_locator

    with (
        open_settings(arguments, offline=offline) as (config, run),
        open_locator(config, run._replace(writes=run.writes and writes)) as locator,
    ):
        yield locator


@contextmanager
def open_settings(arguments: argparse.Namespace, *, offline: bool = False) -> "Iterator[tuple[ClientConfig, Run]]":
    """The settings as the options ask for them, and how this run differs from them; likewise with a lab.

    Args:
        arguments: The options.
        offline: Ask nobody.

    Raises:
        ConfigError: A setting is wrong.
        LabError: The lab cannot be described or started.
    """
    if arguments.config is not None and (arguments.lab or arguments.lab_file):
        raise ConfigError(("--config has no say in a lab, which brings its own settings",), hint="use --set")
    if not (arguments.lab or arguments.lab_file):
        if arguments.lab_fault:
            raise ConfigError(("--lab-fault breaks something in a lab",), hint="add --lab")
        config = read_settings(arguments)
        yield config, read_run(arguments, config, offline=offline)
        return
    with _open_lab(arguments, offline=offline) as settings:
        yield settings


@contextmanager
def _open_lab(arguments: argparse.Namespace, *, offline: bool) -> "Iterator[tuple[ClientConfig, Run]]":
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="cmclient-lab-") as folder, describe_lab(arguments) as lab:
        settings = Path(folder) / "lab.toml"
        settings.write_text(lab.settings_text(), encoding="utf-8")
        config = read_settings(arguments, lab_file=settings)
        lasts = config.store is not None
        if not lasts:
            config = config._replace(store=str(Path(folder) / "store.sqlite3"))
        run = read_run(arguments, config, facts=lab.client_facts(), offline=offline)
        yield config, run._replace(data=lab.description.data, lasts=lasts)


def describe_lab(arguments: argparse.Namespace) -> "Lab":
    """A lab as the options describe it, not started.

    Raises:
        ConfigError: The file cannot be read or describes no lab, or a fault names no role, server or fault.
    """
    from ..lab import Lab, parse_description, parse_fault

    try:
        description = None
        if arguments.lab_file is not None:
            description = parse_description(_read_lab_file(arguments.lab_file))
        return Lab(description, faults=[parse_fault(text) for text in arguments.lab_fault])
    except LabError as error:
        raise ConfigError((error.message,), hint=error.hint) from error
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        fault = f"--lab-file {arguments.lab_file} cannot be read: {why}"
        raise ConfigError((fault,), hint="'cmclient lab describe' shows the lab without such a file") from error


def _read_lab_file(name: str) -> str:
    with Path(name).open("rb") as file:
        data = file.read(_LAB_FILE_CAP + 1)
    if len(data) > _LAB_FILE_CAP:
        raise LabError(f"--lab-file {name} is larger than {_LAB_FILE_CAP} bytes")
    return data.decode()
