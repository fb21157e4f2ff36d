"""Settings as a file that ``--config`` and ``CMCLIENT_CONFIG`` take."""

import json
from collections.abc import Mapping

from .model.secret import Secret

__all__ = ["write_settings"]


def write_settings(settings: Mapping[str, object]) -> str:
    """Settings, by name, as a settings file. Secrets are in it as they are."""
    return "".join(f"{name} = {_toml(value)}\n" for name, value in settings.items())


def _toml(value: object) -> str:
    if isinstance(value, Secret):
        value = value.reveal()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int | float):
        return str(value)
    # As in JSON, but that TOML knows no pairs of surrogates, and wants this one control character escaped as well.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
