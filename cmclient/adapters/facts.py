"""The facts source of the operating system that this runs on."""

import sys

from ..ports import FactsSource

__all__ = ["system_facts"]


def system_facts() -> FactsSource:
    """Make the source that knows this operating system: Windows, or one like Unix."""
    if sys.platform == "win32":
        from .facts_windows import Win32Source, WindowsFacts  # noqa: PLC0415 - only of this system

        return WindowsFacts(Win32Source())
    else:  # noqa: RET505 - a type checker looks at one branch only
        from .facts_posix import PosixFacts  # noqa: PLC0415 - only of this system

        return PosixFacts()
