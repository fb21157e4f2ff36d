"""The data files that the package carries: the catalogue of rules and what shows them, codes, and explanations."""

from ..errors import CmClientError

__all__ = ["read_catalogue", "read_codes", "read_explanations", "read_shown"]


def read_catalogue() -> str:
    """The catalogue of rules, as CSV.

    Raises:
        CmClientError: The installation lacks it.
    """
    return _read("catalogue.csv")


def read_shown() -> str:
    """Where rules are decided and which tests show them, as JSON lines.

    Raises:
        CmClientError: The installation lacks it.
    """
    return _read("shown.jsonl")


def read_codes() -> str:
    """What error codes mean, as CSV.

    Raises:
        CmClientError: The installation lacks it.
    """
    return _read("codes.csv")


def read_explanations() -> str:
    """Which rules explain the decisions that logs show, as CSV.

    Raises:
        CmClientError: The installation lacks it.
    """
    return _read("story.csv")


def _read(name: str) -> str:
    from importlib.resources import files  # noqa: PLC0415 - start-up: only some commands read data

    try:
        # not by importing cmclient.rules: an adapter knows the folder, not what is decided in it
        return files(__package__.partition(".")[0]).joinpath("rules", name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = "the installation is incomplete; install cmclient again"
        raise CmClientError(f"cmclient/rules/{name} cannot be read: {error}", hint=hint) from error
