"""The part of the composition root that reads the file with the trusted root key, and what else that file tells."""

from pathlib import Path

from .config import ClientConfig
from .errors import ConfigError, InvalidValueError
from .model.rule import decides

__all__ = ["with_issuers", "with_root_key"]

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
    from .protocol.rootkeyfile import parse_root_key_file

    place = _place(config)
    try:
        key = parse_root_key_file(_read(path, place)).text
    except InvalidValueError as error:
        raise ConfigError((f"{place}: no root key can be read from {path}: {error.reason}",)) from error
    if config.trusted_root_key not in {None, key}:
        raise ConfigError((f"{place}: {path} holds another key than {_NAME}; give one of them",))
    origin = config.origins.get(_NAME, "settings") if config.trusted_root_key else f"file {path}"
    return config._replace(trusted_root_key=key, origins={**config.origins, _NAME: origin})


@decides("TR-023")
def with_issuers(config: ClientConfig) -> ClientConfig:
    """The settings with the certificate issuers list of the site.

    The list that is given (``CCMCERTISSUERS``) counts; else that of the file with the root key, which the site writes
    for its clients and client push brings along.

    Raises:
        ConfigError: The file cannot be read, or its list is none.
    """
    path = config.trusted_root_key_file
    if path is None or config.certificate_issuers is not None:
        return config
    from .protocol.certificate_criteria import parse_issuers
    from .protocol.rootkeyfile import find_issuers_line

    place = _place(config)
    try:
        issuers = find_issuers_line(_read(path, place))
        if issuers is None:
            return config
        parse_issuers(issuers)
    except InvalidValueError as error:
        text = f"{place}: no certificate issuers list can be read from {path}: {error.reason}"
        raise ConfigError((text,)) from error
    return config._replace(
        certificate_issuers=issuers, origins={**config.origins, "certificate_issuers": f"file {path}"}
    )


def _read(path: str, place: str) -> bytes:
    from .protocol.rootkeyfile import ROOT_KEY_FILE_CAP

    try:
        with Path(path).open("rb") as file:
            return file.read(ROOT_KEY_FILE_CAP + 1)
    except OSError as error:
        raise ConfigError((f"{place}: {path} cannot be read: {error.strerror}",)) from error


def _place(config: ClientConfig) -> str:
    return f"{_NAME}_file ({config.origins.get(f'{_NAME}_file', 'settings')})"
