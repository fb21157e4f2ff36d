"""The kernel itself tells of a new address, in a network namespace of its own."""

import subprocess
import sys

import pytest
from integration.conftest import require_programs

SCRIPT = """
import subprocess, sys, threading
from cmclient.adapters.wakeups import Wakeups, open_address_events
from cmclient.model.wake import Wake

def run(*words):
    subprocess.run(words, check=True)

events = open_address_events()
assert events is not None, "no events of addresses"
run("ip", "link", "set", "lo", "up")
with Wakeups(events=events, settle_seconds=0.2) as wakeups:
    assert wakeups.wait(1) is Wake.TIME, "what was there before is no change"
    threading.Timer(0.2, run, ("ip", "addr", "add", "10.77.0.1/24", "dev", "lo")).start()
    assert wakeups.wait(30) is Wake.NETWORK, "a new address is a change"
    threading.Timer(0.2, run, ("ip", "addr", "del", "10.77.0.1/24", "dev", "lo")).start()
    assert wakeups.wait(30) is Wake.NETWORK, "a lost address is a change"
    assert wakeups.wait(0.5) is Wake.TIME
print("told")
"""


@pytest.mark.integration
def test_kernel__tells_of_addresses_that_come_and_go() -> None:
    require_programs("unshare", "ip")
    command = ["unshare", "-n", sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert done.stdout == "told\n", done.stderr
