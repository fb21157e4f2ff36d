"""What comes into being when it is used, and what is loaded meanwhile."""

import sys
from threading import Barrier, Thread
from threading import enumerate as enumerate_threads

from cmclient.deferred import Deferred
from cmclient.loading import load_meanwhile


class Port:
    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_it_is_made_once_by_whoever_is_first() -> None:
    Port.made = 0
    port = Deferred(Port)
    assert Port.made == 0
    meet, seen = Barrier(4), []

    def use() -> None:
        meet.wait()
        seen.append(port.closed)

    threads = [Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Port.made, seen) == (1, [False] * 4)


def test_closing_makes_nothing_and_closes_what_was_made() -> None:
    Port.made = 0
    port = Deferred(Port)
    port.close()
    assert Port.made == 0
    assert port.closed is False
    port.close()
    assert port.closed is True


def test_what_cannot_be_loaded_is_told_to_whoever_imports_it_and_not_before() -> None:
    load_meanwhile("cmclient.no_such_module")
    load_meanwhile("cmclient.protocol.cabinet")
    threads = [thread for thread in enumerate_threads() if thread.name.startswith("load ")]
    for thread in threads:
        thread.join()  # a thread that fails is a warning, which is an error here
    assert "cmclient.protocol.cabinet" in sys.modules
