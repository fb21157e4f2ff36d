"""Runs the measurements one after another, each in a process of its own, and gathers what came of them.

``python tests/bench/run.py [JOB ...]``; ``--json FILE`` keeps the results, from which ``report.py`` writes the page.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from harness import environment

HERE = Path(__file__).parent
# One script a job, the quick ones first.
JOBS = (
    *("startup", "locate", "dead_points", "replies", "report_queue", "agent_idle", "hostile_table"),
    *("lookups", "fleet", "plan", "log", "download", "small_files"),
)


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"of {', '.join(JOBS)}; all unless some are named")
    parser.add_argument("--full", action="store_true", help="the sizes that the goals are about; may take an hour")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the results; those of other jobs in it stay")
    options = parser.parse_args()
    known = json.loads(options.json.read_text()) if options.json and options.json.exists() else {}
    for job in options.jobs or JOBS:
        script, part = HERE / f"{job}.py", HERE / f".{job}.json"
        if not script.exists():
            print(f"\n{job}: there is no script for it yet")
            continue
        command = [sys.executable, str(script), "--json", str(part), *(["--full"] if options.full else [])]
        try:
            done = subprocess.run(command, env=environment(), check=False)  # noqa: S603 - ours
            if done.returncode == 0:
                known[job] = json.loads(part.read_text())
        finally:
            part.unlink(missing_ok=True)
        if options.json:
            options.json.write_text(json.dumps(known, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
