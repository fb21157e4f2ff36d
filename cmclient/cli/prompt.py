"""Asking a person for a password, where there is one to ask."""

import sys
from typing import TYPE_CHECKING

from ..model.secret import Secret

if TYPE_CHECKING:
    from ..config import ClientConfig

__all__ = ["ask_http_password"]


def ask_http_password(config: "ClientConfig") -> Secret | None:
    """Ask for the password of ``http_user``, if no setting says it and there is a terminal.

    It is asked before anything begins: no deadline runs while somebody types.

    Returns:
        The password; None when there is nobody to ask, no need, or no answer.
    """
    from ..assemble_login import lacks_http_password

    if not (lacks_http_password(config) and sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    from getpass import getpass

    try:
        answer = getpass(f"Password of {config.http_user}: ")
    except EOFError:
        return None
    return Secret(answer) if answer else None
