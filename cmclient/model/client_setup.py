"""Client setup: what its manifest names, and where it looks for its files."""

from enum import Enum
from typing import NamedTuple

from .content import ContentLocations
from .decision import Location, Reason
from .download import FileEntry
from .endpoints import Endpoint, ManagementPoint
from .http import Attempt
from .sources import SourcePlan

__all__ = [
    "ManifestItem",
    "SetupLocation",
    "SetupManifest",
    "SetupPlan",
    "SetupSearch",
]


class ManifestItem(NamedTuple):
    """A file that client setup installs; texts as the manifest has them.

    Attributes:
        file: Where it is below the folder of a source, and its hashes; its size is not known.
        platforms: Processors that it is for, such as ``X86`` or ``ALL``; empty when the manifest does not say.
        installation: How it is installed, such as ``EXE`` or ``MSI``; empty likewise.
        order: Its place in the order of installation; None likewise.
    """

    file: FileEntry
    platforms: tuple[str, ...] = ()
    installation: str = ""
    order: int | None = None


class SetupManifest(NamedTuple):
    """The manifest of client setup.

    Attributes:
        items: In the order of the manifest; each file once.
        problems: What could not be used, a sentence each.
        unknown: Paths of elements and attributes that nobody knows, each once.
        unsafe: Those of the problems that are names which are refused; their files are not among the items.
    """

    items: tuple[ManifestItem, ...]
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unsafe: tuple[str, ...] = ()


class SetupSearch(Enum):
    """Which management points client setup asks where its files are."""

    NONE = "none"
    """None: it has been given a folder and nothing else."""
    DISCOVER = "discover"
    """Those that it finds by itself."""
    GIVEN_THEN_DISCOVER = "given-then-discover"
    """Those that it was given, and if none of them is there those that it finds by itself."""


class SetupPlan(NamedTuple):
    """How client setup looks for its files.

    Attributes:
        search: Which management points it asks.
        given: Those that it was given, in the order in which they are asked; empty unless the search says so.
        paths: Folders to take the files from, local or UNC, in the order in which they are tried; may be empty.
        retry: Seconds between two attempts.
        timeout: Seconds after which it gives up.
    """

    search: SetupSearch
    given: tuple[ManagementPoint, ...] = ()
    paths: tuple[str, ...] = ()
    retry: float = 600.0
    timeout: float = 86_400.0


class SetupLocation(NamedTuple):
    """Where client setup gets its files from.

    Attributes:
        search: How it looked.
        plan: The sources, judged.
        point: The management point that said so; None when none was asked, or none has the files.
        answer: What it said; None likewise.
        attempts: What happened when management points were asked, in order.
        location: How a management point was found, where it had to be; None else.
        notes: What else is to be known, each with its rule.
    """

    search: SetupPlan
    plan: SourcePlan
    point: Endpoint | None = None
    answer: ContentLocations | None = None
    attempts: tuple[Attempt, ...] = ()
    location: Location | None = None
    notes: tuple[Reason, ...] = ()
