"""An agent for an hour in which nothing happens: how often it wakes, and how much memory it takes.

The hour is simulated: the agent is the real one, with a store on disk and a clock that jumps to the end of each wait.
What it wakes for is counted, and compared with the cycles that it has planned.
"""

import sys
from pathlib import Path

from harness import Goal, Measured, Race, finish, options_of, run_child

HOURS, MOST_MIB = 1.0, 45.0


def child() -> None:
    """Run the agent and print what was seen; in a process of its own, for its memory."""
    import json  # noqa: PLC0415 - only what an agent has counts

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from agentworld import MP1, MP2, AgentWorld  # noqa: PLC0415 - the tests' own

    import cmclient.adapters.dns  # noqa: PLC0415 - what a real one has loaded after its first cycle
    import cmclient.adapters.http  # noqa: PLC0415
    import cmclient.adapters.ldap  # noqa: PLC0415
    import cmclient.adapters.store  # noqa: F401, PLC0415

    world = AgentWorld(MP1, MP2)
    agent = world.run(hours=0.01)
    first = world.since()
    asked = len(world.asked) if hasattr(world, "asked") else 0
    agent = world.run(hours=HOURS)
    with open("/proc/self/statm") as file:  # noqa: PTH123 - Linux alone
        resident = int(file.read().split()[1]) * 4096 / 2**20
    print(json.dumps({"resident": resident, "asked": asked, "first": first, "phase": agent.lease.phase.value}))


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__, ("--child", {"action": "store_true"}))
    if options.child:
        child()
        return
    told = run_child(__file__, "--child")
    print(told)
    runs = {"agent": [Measured(0.0, None, told["resident"])]}
    finish([Race("Agent, idle for an hour", "agent", runs, {}, (Goal("agent", "", MOST_MIB, "peak"),))], options.json)


if __name__ == "__main__":
    main()
