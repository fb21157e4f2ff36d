"""Writes the figures of ``run.py --json FILE`` into docs/performance.md, between its two marks."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness import shown_goal, shown_time

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def lines(results: Mapping[str, Any]) -> Iterator[str]:
    """The tables of all jobs."""
    for job, result in results.items():
        for one in result["races"]:
            yield f"### {one['job']}"
            yield ""
            yield f"`python tests/bench/run.py {job}`; ratios are to {one['base']}."
            yield ""
            yield "| | median | 10th to 90th percentile | ratio | processor | ratio | peak |"
            yield "|---|---|---|---|---|---|---|"
            for row in one["rows"]:
                yield _row(row)
            for name, why in one["missing"].items():
                yield f"| {name} | missing: {why} | | | | | |"
            yield ""
            for goal in one["goals"]:
                yield f"- {shown_goal(goal)}"
            for note in one["notes"]:
                yield f"- {note}"
            yield ""


def _row(row: Mapping[str, Any]) -> str:
    spread = f"{shown_time(row['wall_p10'])} to {shown_time(row['wall_p90'])}"
    cpu = "" if row["cpu"] is None else shown_time(row["cpu"])
    cpu_ratio = "" if row["cpu_ratio"] is None else f"{row['cpu_ratio']:.3g}"
    peak = "" if row["peak_mib"] is None else f"{row['peak_mib']:.0f} MiB"
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.3g}"
    return f"| {row['name']} | {shown_time(row['wall'])} | {spread} | {ratio} | {cpu} | {cpu_ratio} | {peak} |"


def main() -> None:
    """Rewrite the page."""
    results = json.loads(Path(sys.argv[1]).read_text())
    about = next(iter(results.values()))["machine"]
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    told = (
        f"{about['system']} on {about['architecture']}, {about['cores']} cores, {about['memory_gib']} GiB,"
        f" Python {about['python']}."
    )
    figures = "\n".join([BEGIN, "", told, "", *lines(results), END])
    PAGE.write_text(before + figures + after, encoding="utf-8")


if __name__ == "__main__":
    main()
