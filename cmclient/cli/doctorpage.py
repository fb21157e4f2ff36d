"""What a doctor found, as a web page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..model.checkup import Level
from .doctor import count_in_words, name_of
from .webpage import build_document, row_of, safe

if TYPE_CHECKING:
    from ..model.checkup import Check, Checkup

__all__ = ["build_page"]

_MOODS = {Level.OK: "good", Level.WARN: "bad", Level.ERROR: "bad", Level.SKIPPED: "plain"}


def build_page(checkup: "Checkup") -> str:
    """Write what was found as one page; whatever a server said is text there and nothing else."""
    body = [
        f"<p>{safe(f'{checkup.time:%Y-%m-%d %H:%M:%S} UTC by the clock of this machine')}</p>",
        f'<p class="note">{safe(count_in_words(checkup))}</p>',
        "<h2>Findings</h2>",
        *([_finding(one) for one in checkup.findings] or ["<p>None.</p>"]),
        "<h2>Everything that was looked at</h2>",
        *_table(checkup),
    ]
    return build_document("What cmclient doctor found", body)


def _finding(check: "Check") -> str:
    title = f"<strong>{safe(check.level.value)}: {safe(name_of(check))}</strong>"
    sure = f'<span class="where">how sure: {safe(check.sure.value)}</span>'
    return f'<div class="card bad"><p>{title}</p><p>{safe(check.what)}</p><p>{sure}</p><p>{safe(check.do)}</p></div>'


def _table(checkup: "Checkup") -> Iterator[str]:
    yield f"<table><tr>{row_of(('result', 'area', 'which', 'what was seen'), 'th')}</tr>"
    for one in checkup.checks:
        cells = (one.level.value, one.area.value, one.about, one.what)
        yield f'<tr class="{_MOODS[one.level]}">{row_of(cells)}</tr>'
    yield "</table>"
