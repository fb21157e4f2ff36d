"""``cmclient report states``."""

import argparse

from ..codes import DONE
from ..render import Table, print_json, show

__all__ = ["HELP", "configure", "run"]

HELP = """\
List the topics and states that can be reported to a fallback status point, and who says what they mean.
"""

_SCHEMA = "cmclient.report-states/1"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--topic", type=int, metavar="N", help="only the states of this topic type")


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    from ...errors import InvalidValueError
    from ...rules.states import STATES, TOPIC_NAMES

    if arguments.topic is not None and arguments.topic not in TOPIC_NAMES:
        known = ", ".join(str(topic.value) for topic in TOPIC_NAMES)
        raise InvalidValueError("topic", arguments.topic, f"topics are {known}")
    states = [one for one in STATES.values() if arguments.topic in {None, one.topic}]
    if arguments.format == "json":
        listed = [
            {
                "topic": int(one.topic),
                "about": TOPIC_NAMES[one.topic],
                "state": one.id,
                "meaning": one.meaning,
                "priority": int(one.priority),
                "source": one.source,
            }
            for one in states
        ]
        print_json({"schema": _SCHEMA, "states": listed})
        return DONE
    rows = tuple((str(one.topic.value), TOPIC_NAMES[one.topic], str(one.id), one.meaning, one.source) for one in states)
    show([Table("States", ("topic", "about", "state", "says", "source"), rows)])
    return DONE
