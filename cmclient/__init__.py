"""Find the Configuration Manager site systems that a client would use, and say why.

    import cmclient
    location = cmclient.locate()
    print(location.endpoint, location.chosen.reasons)

Names are loaded when they are first used: importing the package alone loads nothing else.
"""

TYPE_CHECKING = False  # what type checkers take for true; importing typing would cost a third of starting Python
if TYPE_CHECKING:
    from .agent import Agent
    from .agent_lease import AgentCallbacks
    from .assemble import load_settings, locate, open_content_locator, open_locator, open_update_scans
    from .assemble_agent import open_agent
    from .assemble_fetch import Fetcher, open_fetcher, open_setup_fetcher
    from .assemble_report import open_reporter
    from .config import ClientConfig, load_config
    from .content import ContentLocator
    from .download import ContentDownloader, DownloadOptions
    from .errors import CmClientError, LocateError
    from .locator import DiscoveryReport, Locator
    from .model.content import ContentId, ContentReference
    from .model.decision import (
        Candidate,
        Category,
        Decision,
        Evaluation,
        Location,
        Phase,
        Policy,
        Purpose,
        Reason,
        Verdict,
    )
    from .model.download import DownloadEvent, DownloadReport, DownloadRequest
    from .model.endpoints import Audience, Endpoint, Locality, ManagementPoint, Protocols, Scheme, SiteKind
    from .model.facts import ClientKind, NetworkFacts, NetworkLocation
    from .model.http import Deadline
    from .model.names import AdSiteName, DnsDomain, HostName, SiteCode
    from .model.reports import FallbackStatusPoint, FlushReport
    from .model.scans import ScanPlan
    from .model.sources import ContentLocation, SourcePlan
    from .model.state import StateMessage
    from .mpclient import ManagementPointClient
    from .racing import CancelSignal
    from .report import StatusReporter
    from .rules.choose import SeededChooser
    from .rules.explain import explain
    from .rules.select import select_management_point
    from .rules.setup_states import SetupTrouble
    from .scans import UpdateScans
    from .setup_files import SetupFiles

_HOMES = {
    "AdSiteName": "model.names",
    "Agent": "agent",
    "AgentCallbacks": "agent_lease",
    "Audience": "model.endpoints",
    "CancelSignal": "racing",
    "Candidate": "model.decision",
    "Category": "model.decision",
    "ClientConfig": "config",
    "ClientKind": "model.facts",
    "CmClientError": "errors",
    "ContentDownloader": "download",
    "ContentId": "model.content",
    "ContentLocation": "model.sources",
    "ContentLocator": "content",
    "ContentReference": "model.content",
    "Deadline": "model.http",
    "Decision": "model.decision",
    "DiscoveryReport": "locator",
    "DnsDomain": "model.names",
    "DownloadEvent": "model.download",
    "DownloadOptions": "download",
    "DownloadReport": "model.download",
    "DownloadRequest": "model.download",
    "Endpoint": "model.endpoints",
    "Evaluation": "model.decision",
    "FallbackStatusPoint": "model.reports",
    "Fetcher": "assemble_fetch",
    "FlushReport": "model.reports",
    "HostName": "model.names",
    "Locality": "model.endpoints",
    "LocateError": "errors",
    "Location": "model.decision",
    "Locator": "locator",
    "ManagementPoint": "model.endpoints",
    "ManagementPointClient": "mpclient",
    "NetworkFacts": "model.facts",
    "NetworkLocation": "model.facts",
    "Phase": "model.decision",
    "Policy": "model.decision",
    "Protocols": "model.endpoints",
    "Purpose": "model.decision",
    "Reason": "model.decision",
    "ScanPlan": "model.scans",
    "Scheme": "model.endpoints",
    "SeededChooser": "rules.choose",
    "SetupFiles": "setup_files",
    "SetupTrouble": "rules.setup_states",
    "SiteCode": "model.names",
    "SiteKind": "model.endpoints",
    "SourcePlan": "model.sources",
    "StateMessage": "model.state",
    "StatusReporter": "report",
    "UpdateScans": "scans",
    "Verdict": "model.decision",
    "explain": "rules.explain",
    "load_config": "config",
    "load_settings": "assemble",
    "locate": "assemble",
    "open_agent": "assemble_agent",
    "open_fetcher": "assemble_fetch",
    "open_content_locator": "assemble",
    "open_locator": "assemble",
    "open_reporter": "assemble_report",
    "open_setup_fetcher": "assemble_fetch",
    "open_update_scans": "assemble",
    "select_management_point": "rules.select",
}

__all__ = [
    "AdSiteName",
    "Agent",
    "AgentCallbacks",
    "Audience",
    "CancelSignal",
    "Candidate",
    "Category",
    "ClientConfig",
    "ClientKind",
    "CmClientError",
    "ContentDownloader",
    "ContentId",
    "ContentLocation",
    "ContentLocator",
    "ContentReference",
    "Deadline",
    "Decision",
    "DiscoveryReport",
    "DnsDomain",
    "DownloadEvent",
    "DownloadOptions",
    "DownloadReport",
    "DownloadRequest",
    "Endpoint",
    "Evaluation",
    "FallbackStatusPoint",
    "Fetcher",
    "FlushReport",
    "HostName",
    "Locality",
    "LocateError",
    "Location",
    "Locator",
    "ManagementPoint",
    "ManagementPointClient",
    "NetworkFacts",
    "NetworkLocation",
    "Phase",
    "Policy",
    "Protocols",
    "Purpose",
    "Reason",
    "ScanPlan",
    "Scheme",
    "SeededChooser",
    "SetupFiles",
    "SetupTrouble",
    "SiteCode",
    "SiteKind",
    "SourcePlan",
    "StateMessage",
    "StatusReporter",
    "UpdateScans",
    "Verdict",
    "__version__",
    "explain",
    "load_config",
    "load_settings",
    "locate",
    "open_agent",
    "open_content_locator",
    "open_fetcher",
    "open_locator",
    "open_reporter",
    "open_setup_fetcher",
    "open_update_scans",
    "select_management_point",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from ._version import __version__

        return __version__
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f".{home}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
