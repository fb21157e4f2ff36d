"""The logs of a client: what each is of, where they are, and what becomes of one that is full."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..model.rule import decides

__all__ = ["ClientLog", "LogName", "find_client_log", "group_parts", "log_folders", "parse_log_name"]


class ClientLog(NamedTuple):
    """A log that a client writes.

    Attributes:
        name: Its name, without what follows the dot.
        purpose: What it is of.
        tells: Whether it tells of locating, so that it is read where a folder is named.
    """

    name: str
    purpose: str
    tells: bool = True


# Pages differ on the name of the first, versions on that of the second: both are read, and neither has to be there.
_TO_THE_SITE = "state messages to the management point"
_TOKENS = "tokens of Microsoft Entra ID"
_LOCATING = decides(
    *("LG-001", "LG-002", "LG-003", "LG-004", "LG-005", "LG-006", "LG-007", "LG-008", "LG-009", "LG-010", "LG-011"),
    *("LG-012", "LG-013", "LG-015", "LG-026"),
)(
    (
        ClientLog("LocationServices", "finding management points, software update points and distribution points"),
        ClientLog("ClientLocation", "site assignment, and rotation of internet management points"),
        ClientLog("LocationCache", "the location cache"),
        ClientLog("CcmMessaging", "traffic between the client and management points"),
        ClientLog("ClientIDManagerStartup", "client id, registration and the steps of assignment"),
        ClientLog("ClientAuth", "signing and authentication of the client's messages"),
        ClientLog("FSPStateMessage", "state messages to the fallback status point"),
        ClientLog("StateMessageProvider", _TO_THE_SITE),
        ClientLog("StateMessage", _TO_THE_SITE),
        ClientLog("CAS", "access to content, and the cache"),
        ClientLog("ContentTransferManager", "scheduling of content transfers"),
        ClientLog("DataTransferService", "transfers of policy and content"),
        ClientLog("InternetProxy", "proxy settings"),
        ClientLog("CertificateMaintenance", "certificates for the directory and management points"),
        ClientLog("CcmAad", _TOKENS),
        ClientLog("ADALOperationProvider", _TOKENS),
        ClientLog("smsts", "task sequences, and the order of their sources"),
    )
)
_SETUP = decides("LG-016")(
    (
        ClientLog("ccmsetup", "setup of the client"),
        ClientLog("client.msi", "the installer package of the client", tells=False),
        ClientLog("ccmsetup-ccmeval", "the check of the client's health, as setup made it", tells=False),
        ClientLog("CcmRepair", "repair of the client", tells=False),
        ClientLog("ClientServicing", "upgrade of the client"),
    )
)
_OTHERS = (ClientLog("SrcUpdateMgr", "source lists of the Windows installer"),)
_BY_NAME = {log.name.lower(): log for log in (*_LOCATING, *_SETUP, *_OTHERS)}
_NAME = re.compile(r"(?P<base>[\w.-]*?)(?P<stamp>-\d{8}-\d{6})?\.(?P<ending>log|lo_)(?P<more>\.txt)?", re.IGNORECASE)


class LogName(NamedTuple):
    """A file name as the client makes it.

    Attributes:
        base: The log that it is a part of, in lower case.
        age: Sorts the parts of a log, the oldest first.
    """

    base: str
    age: tuple[int, str]


def find_client_log(file_name: str) -> ClientLog | None:
    """Find what a log is of, by the name of the file or of one of its parts; None for one that nobody knows."""
    name = parse_log_name(file_name)
    return None if name is None else _BY_NAME.get(name.base)


@decides("LG-019")
def parse_log_name(file_name: str) -> LogName | None:
    """Take the name of a log apart; None for a file that is not named as a log.

    A full log is renamed to end in ``.lo_``, or gets date and time in its name; both are older than what ends in
    ``.log`` alone.
    """
    found = _NAME.fullmatch(file_name)
    if found is None or not found["base"]:
        return None
    base = found["base"].lower()
    if found["stamp"]:
        return LogName(base, (0, found["stamp"]))
    return LogName(base, (1 if found["ending"].lower() == "lo_" else 2, ""))


def group_parts(file_names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Put the parts of each log together.

    Args:
        file_names: Names in one folder.

    Returns:
        For each log its parts, the oldest first; logs in the order in which they first appear. A file that is not
        named as a log stands alone.
    """
    groups: dict[str, list[tuple[tuple[int, str], str]]] = {}
    for file_name in file_names:
        name = parse_log_name(file_name)
        key, age = (f"\0{file_name}", (0, "")) if name is None else (name.base, name.age)
        groups.setdefault(key, []).append((age, file_name))
    return tuple(tuple(file_name for _, file_name in sorted(parts)) for parts in groups.values())


@decides("LG-017", "LG-018")
def log_folders(windows: str) -> tuple[str, ...]:
    r"""Where a client keeps its logs.

    Args:
        windows: The folder of Windows, such as ``C:\Windows``.

    Returns:
        The folder of the client, then that of its setup.
    """
    root = windows.rstrip("\\/")
    return rf"{root}\CCM\Logs", rf"{root}\ccmsetup\Logs"
