"""What the deployment of a content says, as options of a command: policy would say it to a client."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..model.sources import DeploymentOptions, SourceOrder

__all__ = ["add_deployment", "read_deployment", "read_order"]

_ALLOWED = {
    "microsoft-update": "microsoft_update",
    "remote-dp": "remote_dp",
    "default-group": "default_group_dp",
    "on-demand": "distribute_on_demand",
}


def add_deployment(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--order",
        choices=("client", "task-sequence"),
        help="whose order of sources (default client, or task-sequence where that is the phase)",
    )
    parser.add_argument(
        "--allow",
        choices=tuple(_ALLOWED),
        action="append",
        default=[],
        help="what its deployment allows, which policy says; repeatable",
    )


def read_order(arguments: argparse.Namespace) -> "SourceOrder | None":
    """Whose order of sources; None for that of the phase."""
    from ..model.sources import SourceOrder

    return None if arguments.order is None else SourceOrder(arguments.order)


def read_deployment(arguments: argparse.Namespace) -> "DeploymentOptions":
    """What is allowed."""
    from ..model.sources import DeploymentOptions

    return DeploymentOptions(**{_ALLOWED[one]: True for one in arguments.allow})
