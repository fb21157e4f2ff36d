"""A small Configuration Manager site on real loopback sockets, with faults to switch on.

    with Lab() as lab:
        config = load_config(overrides=lab.settings())

It is what ``cmclient locate --lab`` runs against, and what tests of programs that use cmclient can be built on. It is
no evidence of how a real site behaves.
"""

from .description import LabDescription
from .description_file import built_in_description, built_in_text, parse_description
from .faults import Fault, FaultKind, Role, parse_fault
from .journal import Journal, JournalEntry
from .lab import Lab
from .servers import DirectoryPorts, Running
from .site import Hierarchy

__all__ = [
    "DirectoryPorts",
    "Fault",
    "FaultKind",
    "Hierarchy",
    "Journal",
    "JournalEntry",
    "Lab",
    "LabDescription",
    "Role",
    "Running",
    "built_in_description",
    "built_in_text",
    "parse_description",
    "parse_fault",
]
