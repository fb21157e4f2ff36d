"""What a doctor found, as JSON."""

from typing import Any

from ..model.checkup import Check, Checkup, Level

__all__ = ["CHECKUP_SCHEMA", "build_checkup"]

CHECKUP_SCHEMA = "cmclient.doctor/1"


def build_checkup(checkup: Checkup) -> dict[str, Any]:
    """Turn a checkup into a document; how many checks there are of each level stands in ``counts``."""
    return {
        "schema": CHECKUP_SCHEMA,
        "time": checkup.time.isoformat(timespec="seconds"),
        "seconds": round(checkup.seconds, 3),
        "healthy": not checkup.findings,
        "counts": {level.value: sum(one.level is level for one in checkup.checks) for level in Level},
        "checks": [_check(one) for one in checkup.checks],
    }


def _check(check: Check) -> dict[str, str]:
    return {
        "area": check.area.value,
        "about": check.about,
        "level": check.level.value,
        "code": check.code,
        "what": check.what,
        "sure": check.sure.value,
        "do": check.do,
    }
