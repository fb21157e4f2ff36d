"""An agent while nothing happens: how often it wakes in a simulated day, and what a real one takes when it waits.

The day is simulated with the clock of the tests, which jumps to the end of each wait: every wait must end in a cycle
that was planned. The real one runs against the lab, and is looked at once it has located: memory, and how often it was
given the processor while it waited.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from harness import Goal, Measured, Race, environment, finish, folder, options_of, python, run_child
from locate import lab

HOURS, MOST_MIB = 24, 45.0
LOOKS, BETWEEN = 5, 1.0  # at the real one, and seconds between two
SETTLED = 60.0  # seconds until it has located at the latest


def child() -> None:
    """A day of waits, and what was asked for at the end of each."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from agentworld import MP1, MP2, AgentWorld  # noqa: PLC0415 - the tests' own

    world = AgentWorld(MP1, MP2)
    world.run(hours=HOURS)
    asked = {at for at, _, _ in world.requests}
    print(json.dumps({"waits": len(world.waiter.waits), "cycles": len(asked)}))


def look(pid: int) -> tuple[float, int]:
    """Resident MiB of a process, and how often all its threads were given the processor after waiting."""
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20
    woken = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        woken += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
    return resident, woken


def measure() -> Race:
    """A real agent, looked at while it waits."""
    told = run_child(__file__, "--child")
    with folder() as place, lab(place) as settings:
        options = ("--config", str(settings), "--store", str(place / "store.sqlite3"))
        command = [*python("-m", "cmclient", "agent"), *options, "--set", "use_pki_cert=false", "--log-level", "info"]
        said = place / "agent.txt"
        with said.open("w") as out:
            agent = subprocess.Popen(command, env=environment(), cwd=place, stdout=out, stderr=out)  # noqa: S603
        try:
            until = time.monotonic() + SETTLED
            while "located" not in said.read_text():
                if agent.poll() is not None or time.monotonic() > until:
                    sys.exit(f"the agent does not locate: {said.read_text()[-500:]}")
                time.sleep(0.2)
            time.sleep(2 * BETWEEN)
            _, before = look(agent.pid)
            runs = []
            for _ in range(LOOKS):
                time.sleep(BETWEEN)
                resident, after = look(agent.pid)
                runs.append(Measured(BETWEEN, None, resident))
        finally:
            agent.terminate()
            agent.wait()
    notes = (
        f"{told['waits']} waits and {told['cycles']} cycles with requests in a simulated day of {HOURS} hours",
        f"woken {after - before} times in {LOOKS * BETWEEN:g} s of waiting",
    )
    return Race("Agent, idle", "agent", {"agent": runs}, {}, (Goal("agent", "", MOST_MIB, "peak"),), notes)


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__, ("--child", {"action": "store_true"}))
    if options.child:
        child()
    else:
        finish([measure()], options.json)


if __name__ == "__main__":
    main()
