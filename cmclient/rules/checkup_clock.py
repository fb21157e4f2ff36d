"""What a doctor says of the clock of this machine, from what servers say of theirs."""

from collections.abc import Iterator, Sequence
from statistics import median

from ..model.checkup import Area, Check, ClockSample, Level, Sureness

__all__ = ["judge_clocks"]

_KERBEROS = 300.0  # seconds: beyond them domain controllers refuse tickets
_NOTICED = 60.0
_AGREE = 60.0


def judge_clocks(samples: Sequence[ClockSample]) -> Iterator[Check]:
    """Judge clocks.

    Where most servers agree it is this machine that is wrong; a single server that is far from the others is wrong
    itself.

    Args:
        samples: One of each server, whatever its role; those that cannot have been altered count alone where there
            are any.

    Returns:
        One check of this machine, then one of each server that is wrong.
    """
    if not samples:
        yield Check(Area.CLOCK, "", Level.SKIPPED, "not-checked", "no server said what time it is")
        return
    counted = [one for one in samples if one.proven] or list(samples)
    ahead = median(one.ahead for one in counted)
    agreeing = [one for one in counted if abs(one.ahead - ahead) <= _AGREE]
    yield _judge_own(ahead, agreeing)
    for one in samples:
        if abs(one.ahead - ahead) > _KERBEROS:
            what = f"{one.host}: its clock is {_spoken(one.ahead - ahead)} that of the other servers"
            do = "Set the clock of that server, and see from where it takes its time."
            yield Check(Area.CLOCK, one.host, Level.WARN, "server-clock", what, Sureness.LIKELY, do)


def _judge_own(ahead: float, agreeing: Sequence[ClockSample]) -> Check:
    hosts = sorted({one.host for one in agreeing})
    said = f"by {hosts[0]}" + (f" and {len(hosts) - 1} more" if len(hosts) > 1 else "") if hosts else "by no two alike"
    if abs(ahead) <= _NOTICED:
        return Check(Area.CLOCK, "", Level.OK, "fine", f"right to within {max(1, round(abs(ahead)))} s, {said}")
    what = f"the clock of this machine is {_spoken(-ahead)} the right time, {said}"
    sure = Sureness.CERTAIN if len(hosts) > 1 else Sureness.LIKELY
    if abs(ahead) <= _KERBEROS:
        return Check(Area.CLOCK, "", Level.WARN, "clock-off", what, sure, "Have it set from the time service.")
    what += "; from five minutes on Kerberos is refused, and dates of certificates are judged wrongly"
    do = "Set the clock, and see that the time service runs (Windows: w32tm /resync; Linux: timedatectl)."
    return Check(Area.CLOCK, "", Level.ERROR, "clock-skew", what, sure, do)


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(round(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    length = f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{length} {'ahead of' if seconds > 0 else 'behind'}"
