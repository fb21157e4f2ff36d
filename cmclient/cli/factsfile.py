"""A file with the facts of a machine, as ``facts --format json`` prints them."""

from pathlib import Path

from ..errors import ConfigError, MalformedReplyError, ReplayError
from ..model.facts import NetworkFacts

__all__ = ["read_facts"]

_HINT = "'cmclient facts --format json' on the machine itself prints such a file"
_CAP = 8 * 1024 * 1024  # bytes of a facts file; a larger one is something else


def read_facts(name: str) -> NetworkFacts:
    """Read the file that ``--facts`` names.

    Returns:
        The facts; the origin of each that is known says that it was given.

    Raises:
        ConfigError: The file cannot be read, or holds no facts.
    """
    from ..protocol.saved import parse_facts

    try:
        with Path(name).open("rb") as file:
            data = file.read(_CAP + 1)
    except OSError as error:
        raise ConfigError((f"--facts {name} cannot be read: {error.strerror or error}",), hint=_HINT) from error
    try:
        facts = parse_facts(data)
    except (ReplayError, MalformedReplyError) as error:
        raise ConfigError((f"--facts {name}: {error.message}",), hint=error.hint or _HINT) from error
    given = {key: f"given in {name}" for key in facts.origins if getattr(facts, key, None) not in (None, ())}
    return facts._replace(origins={**facts.origins, **given})
