"""The part of the composition root that reads the file with the trusted root key."""

from pathlib import Path

from .config import ClientConfig
from .errors import ConfigError, InvalidValueError
from .model.rule import decides

__all__ = ["with_root_key"]

_NAME = "trusted_root_key"


@decides("TR-056")
def with_root_key(config: ClientConfig) -> ClientConfig:
    """The settings with the trusted root key that their file holds.

    Raises:
        ConfigError: The file cannot be read, holds no key, or another one than ``trusted_root_key``.
    """
    path = config.trusted_root_key_file
    if path is None:
        return config
    from .protocol.rootkeyfile import ROOT_KEY_FILE_CAP, parse_root_key_file

    place = f"{_NAME}_file ({config.origins.get(f'{_NAME}_file', 'settings')})"
    try:
        with Path(path).open("rb") as file:
            key = parse_root_key_file(file.read(ROOT_KEY_FILE_CAP + 1)).text
    except OSError as error:
        raise ConfigError((f"{place}: {path} cannot be read: {error.strerror}",)) from error
    except InvalidValueError as error:
        raise ConfigError((f"{place}: no root key can be read from {path}: {error.reason}",)) from error
    if config.trusted_root_key not in {None, key}:
        raise ConfigError((f"{place}: {path} holds another key than {_NAME}; give one of them",))
    origin = config.origins.get(_NAME, "settings") if config.trusted_root_key else f"file {path}"
    return config._replace(trusted_root_key=key, origins={**config.origins, _NAME: origin})
