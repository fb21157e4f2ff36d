"""What a doctor says of the store, from a look at its file."""

from collections.abc import Iterator

from ..model.checkup import Area, Check, Level, StoreState

__all__ = ["judge_store"]

_LITTLE = 50 * 1024 * 1024  # bytes: the store is small, and what runs beside it on that disk is not
_NONE = 1024 * 1024
_MIB = 1024 * 1024


def judge_store(state: StoreState) -> Iterator[Check]:
    """Judge the store: whether it can be read, whether it could be written, whether there is room."""
    faults = [*_judge_file(state), *_judge_room(state)]
    yield from faults
    if not faults:
        there = f"version {state.version}" if state.exists else "nothing is stored yet"
        room = "" if state.free is None else f", {state.free // _MIB:,} MiB free"
        yield Check(Area.STORE, state.path, Level.OK, "fine", f"{there}; it can be written{room}")


def _judge_file(state: StoreState) -> Iterator[Check]:
    if state.damaged:
        what = f"the store is damaged: {state.problem}"
        do = "Nothing has to be done: the next 'cmclient locate' sets it aside and begins anew. Look at the disk."
        yield Check(Area.STORE, state.path, Level.WARN, "store-damaged", what, do=do)
    elif state.version is not None and state.version > state.newest:
        what = f"a newer cmclient wrote it: version {state.version}, and this one knows {state.newest}"
        do = "Update cmclient, or name another file (setting store)."
        yield Check(Area.STORE, state.path, Level.ERROR, "store-newer", what, do=do)
    elif state.problem:
        do = "Look at the owner and the permissions of the file, or name another one (setting store)."
        yield Check(Area.STORE, state.path, Level.ERROR, "store-unreadable", state.problem, do=do)
    if not state.writable:
        what = "this user may not write it: what is learned is forgotten after each run"
        do = "Run as the user that it belongs to, or name another file (setting store)."
        yield Check(Area.STORE, state.path, Level.WARN, "store-read-only", what, do=do)


def _judge_room(state: StoreState) -> Iterator[Check]:
    if state.free is None or state.free >= _LITTLE:
        return
    level = Level.ERROR if state.free < _NONE else Level.WARN
    what = f"{state.free // 1024:,} KiB are free on its disk"
    yield Check(Area.STORE, state.path, level, "disk-full", what, do="Free some space on that disk.")
