"""Loading while something is waited for: what will be wanted next, in a thread of its own."""

from importlib import import_module
from threading import Thread

__all__ = ["load_meanwhile"]


def load_meanwhile(name: str) -> None:
    """Begin to load a module. Whoever imports it before that has ended waits for the rest, as imports do.

    A module that cannot be loaded says so to whoever imports it, not here. The thread ends by itself, and no program
    waits for it to end.

    Args:
        name: The module's whole name.
    """
    Thread(target=_load, args=(name,), name=f"load {name}", daemon=True).start()


def _load(name: str) -> None:
    try:
        import_module(name)
    except ImportError:
        return
