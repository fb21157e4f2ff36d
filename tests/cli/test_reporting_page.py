"""The program on the page about reporting does what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path

from cmclient.lab import Lab

PAGE = Path(__file__).parent.parent.parent / "docs" / "reporting.md"


def test_program__tells_the_fallback_status_point(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    with Lab() as lab:
        settings = tmp_path / "lab.toml"
        settings.write_text(lab.settings_text(), encoding="utf-8")
        environment = {
            **os.environ,
            "CMCLIENT_CONFIG": str(settings),
            "CMCLIENT_STORE": str(tmp_path / "store.sqlite3"),
        }
        done = subprocess.run(  # noqa: S603 - the program of our own page
            [sys.executable, "-c", f"{program}\nprint(len(report.sent), report.left)"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=environment,
        )
        states = [str(one) for one in lab.states]
    assert done.stdout == "2 0\n", done.stderr
    assert states == ["1000/2", "800/308 http://mp1.corp.example/ccmsetup.cab"]
