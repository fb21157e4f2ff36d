"""Entry point: finds the command, builds its parser alone, runs it, and turns errors into exit codes."""

import errno
import io
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

from ..errors import CmClientError
from .codes import FAILED, INTERRUPTED, OUR_BUG, USAGE, code_of
from .commands import COMMANDS, HELP, INSTEAD, OPTION_INSTEAD

__all__ = ["main"]

_COLUMNS = 80  # where no terminal says how many
_OUTPUT_FAULTS = {errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None for those of the process.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no reason to stop
    try:
        return _run(arguments)
    except CmClientError as error:
        _complain(error)
        return code_of(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is said to be one
        if isinstance(error, OSError) and error.errno in _OUTPUT_FAULTS and sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            print(f"cmclient: the output, or a temporary file, cannot be written: {error.strerror}", file=sys.stderr)
            return FAILED
        import traceback

        traceback.print_exc()
        print("this is a bug in cmclient; the lines above say where", file=sys.stderr)
        return OUR_BUG


def _run(arguments: list[str]) -> int:
    """Dispatch, and write out what was printed while a failure can still be told."""
    code = _dispatch(arguments)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(HELP, end="")
        return 0 if arguments else USAGE
    if arguments[0] in {"--version", "-V"}:
        from .._version import __version__

        print(f"cmclient {__version__}")
        return 0
    if arguments[0] == "help":  # as people type it who know other programs
        return _dispatch([*arguments[1:], "--help"])
    place = _find_word(arguments)
    if place is None and {"-h", "--help"} & set(arguments):
        print(HELP, end="")
        return 0
    if place is None:
        return _refuse("no command was given")
    name = arguments[place]
    if name not in COMMANDS:
        near = f"; use 'cmclient {INSTEAD[name]}'" if name in INSTEAD else _suggest(name, COMMANDS)
        return _refuse(f"there is no command {name!r}{near}")
    return _run_command(name, arguments[:place] + arguments[place + 1 :])


def _run_command(name: str, arguments: list[str]) -> int:
    """Run a command, or the action of it that the arguments name."""
    module = import_module(f".{COMMANDS[name][0]}", __package__)
    actions = getattr(module, "ACTIONS", None)
    if actions is None:
        return _execute(name, arguments, module)
    if arguments and arguments[0] in {"-h", "--help"}:
        print(_action_help(name, module.HELP, actions), end="")
        return 0
    place = _find_action(actions, arguments)
    if place is not None:
        action = arguments.pop(place)
    elif len(actions) == 1 and not _is_misspelt(actions, arguments):
        (action,) = actions  # there is nothing else that could be meant
    else:
        return _refuse_action(name, actions, arguments)
    return _execute(f"{name} {action}", arguments, import_module(f".{actions[action][0]}", module.__name__))


def _execute(name: str, arguments: Sequence[str], module: Any) -> int:  # noqa: ANN401 - a command module
    parsed = _parse(name, arguments, module)
    from .logs import configure_logging

    configure_logging(parsed.log_level, parsed.log_format)
    _end_tidily_on_sigterm()
    try:
        code: int = module.run(parsed)
    except CmClientError as error:
        _complain(error)
        if parsed.format == "json":
            _print_error(error)
        return code_of(error)
    return code


def _end_tidily_on_sigterm() -> None:
    """Let SIGTERM unwind what is open (a lab with its keys, a store) instead of ending the process at once."""
    import signal
    import threading

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def _find_word(arguments: Sequence[str]) -> int | None:
    """Where the first argument stands that is neither an option nor the value of one."""
    if not arguments or not arguments[0].startswith("-"):
        return 0 if arguments else None
    import argparse

    from .options import add_facts, add_output, add_settings

    known = argparse.ArgumentParser(add_help=False)
    for add in (add_output, add_settings, add_facts):
        add(known)
    valued = {option for action in known._actions if action.nargs != 0 for option in action.option_strings}  # noqa: SLF001 - argparse has no public way
    skip = False
    for place, argument in enumerate(arguments):
        if skip:
            skip = False
        elif argument.startswith("-"):
            skip = argument in valued
        else:
            return place
    return None


def _find_action(actions: Mapping[str, tuple[str, str]], arguments: list[str]) -> int | None:
    """Where the action of a command stands."""
    place = _find_word(arguments)
    return place if place is not None and arguments[place] in actions else None


def _is_misspelt(actions: Mapping[str, tuple[str, str]], arguments: list[str]) -> bool:
    """Whether the first word looks as if an action were meant."""
    place = _find_word(arguments)
    return place is not None and bool(_suggest(arguments[place], actions))


def _refuse_action(name: str, actions: Mapping[str, tuple[str, str]], arguments: list[str]) -> int:
    place = _find_word(arguments)
    what = f"{name!r} needs an action" if place is None else f"{name!r} has no action {arguments[place]!r}"
    near = "" if place is None else _suggest(arguments[place], actions)
    print(f"cmclient: {what}{near}\n'cmclient {name} --help' lists them", file=sys.stderr)
    return USAGE


def _action_help(name: str, text: str, actions: Mapping[str, tuple[str, str]]) -> str:
    width = max(len(action) for action in actions)
    lines = "\n".join(f"  {action:<{width}}  {line}" for action, (_, line) in actions.items())
    more = f"'cmclient {name} ACTION --help' tells more"
    return f"usage: cmclient {name} ACTION ...\n\n{text}\nactions:\n{lines}\n\n{more}\n"


def _parse(name: str, arguments: Sequence[str], module: Any) -> Any:  # noqa: ANN401 - a command module; a namespace
    import argparse
    from functools import partial

    from .options import add_output

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            """Say what is wrong, without thirty lines of usage before it."""
            what, unknown, words = message.partition("unrecognized arguments: ")
            if unknown and not what:
                message = f"not understood: {words}; a value stands behind its option, words with blanks in quotes"
            self.exit(USAGE, f"usage: see '{self.prog} --help'\n{self.prog}: {message}\n")

    layout = partial(argparse.RawDescriptionHelpFormatter, width=_columns() - 2)
    parser = Parser(prog=f"cmclient {name}", description=module.HELP, formatter_class=layout)
    module.configure(parser)
    add_output(parser)
    options = [option for action in parser._actions for option in action.option_strings]  # noqa: SLF001 - likewise
    if (unknown := _find_unknown(arguments, options)) is not None:
        parser.error(f"there is no option {unknown!r}{_suggest_option(unknown, options)}")
    parsed, left = parser.parse_known_args(arguments)
    if not left:
        return parsed
    # Once argparse has met an option it takes no word for an optional place any more, as in 'fetch ID --version 3 DIR'.
    return parser.parse_intermixed_args(arguments)


def _find_unknown(arguments: Iterable[str], options: Sequence[str]) -> str | None:
    """The first long option that there is not, before its value is taken for something else; None when there is none.

    As with argparse, a beginning of an option stands for it, what has a blank is no option, and none follows ``--``.
    """
    for argument in arguments:
        name = argument.partition("=")[0]
        if argument == "--":
            return None
        looks_like_one = name.startswith("--") or name in OPTION_INSTEAD
        if looks_like_one and " " not in argument and not any(one.startswith(name) for one in options):
            return name
    return None


def _suggest_option(name: str, options: Sequence[str]) -> str:
    """The option that does it here, else the one that is spelt nearly so; two dashes are no likeness."""
    instead = OPTION_INSTEAD.get(name, "")
    if instead.partition(" ")[0] in options:
        return f"; use '{instead}'"
    return _suggest(name.lstrip("-"), (one.lstrip("-") for one in options), "--")


def _columns() -> int:
    """How wide the terminal is. Left to argparse, it loads what copies trees of files, at every start."""
    try:
        return int(os.environ["COLUMNS"]) or _COLUMNS
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(1).columns or _COLUMNS
    except OSError:
        return _COLUMNS


def _refuse(what: str) -> int:
    print(f"cmclient: {what}\n'cmclient --help' lists the commands", file=sys.stderr)
    return USAGE


def _suggest(name: str, known: Iterable[str], before: str = "") -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, tuple(known), n=1)
    return f"; did you mean '{before}{near[0]}'?" if near else ""


def _complain(error: CmClientError) -> None:
    from ..errors import ConfigError
    from .render import printable

    lines = error.faults if isinstance(error, ConfigError) else (error.message,)
    for line in lines:
        print(f"cmclient: {printable(line)}", file=sys.stderr)
    if error.hint:
        print(f"  what next: {printable(error.hint)}", file=sys.stderr)


def _print_error(error: CmClientError) -> None:
    """Say it to a program too: on one line, for it may come after lines of events."""
    import json

    told = {"code": error.code, "message": error.message, "hint": error.hint}
    print(json.dumps({"schema": "cmclient.error/1", "error": told}))
