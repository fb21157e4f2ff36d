"""Whether somebody is logged on whose Kerberos ticket could be used."""

import sys
from importlib.util import find_spec

__all__ = ["has_ticket"]


def has_ticket() -> bool:
    """Look into the ticket cache; on Windows whoever runs this is logged on. False where Kerberos is not installed."""
    return find_spec("spnego") is not None and (sys.platform == "win32" or _is_in_cache())


def _is_in_cache() -> bool:
    try:
        import gssapi  # noqa: PLC0415 - an extra, and slow to load
    except (ImportError, OSError):  # OSError: the libraries of the system are not there
        return False
    try:
        kerberos = gssapi.MechType.kerberos
        return bool(gssapi.Credentials(usage="initiate", mechs=[kerberos]).lifetime)
    except gssapi.exceptions.GSSError:  # no ticket, or one that has expired
        return False
