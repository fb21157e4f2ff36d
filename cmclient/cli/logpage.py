"""The story of logs as a web page that needs nothing besides itself: no script, nothing loaded."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .log import check_in_short, said_in_short
from .webpage import build_document, row_of, safe

if TYPE_CHECKING:
    from ..model.errorcode import ErrorCode
    from ..model.logchecks import LogCheck
    from ..model.story import LogDecision, LogError, LogEvent, LoggedSource, LogStory, Quote

__all__ = ["build_page"]

_MOST_EVENTS = 5_000  # lines that a browser still shows at once
_MOST_SOURCES = 30  # boxes of one picture
_LETTERS = 78  # of an address that fit into a box
_BOX, _GAP, _LEFT, _WIDTH = 40, 22, 40, 620


def build_page(story: "LogStory") -> str:
    """Write the story as one page; whatever a log holds is text there and nothing else."""
    body = [
        *(f'<p class="note">{safe(note)}</p>' for note in story.notes),
        "<h2>Decisions</h2>",
        *(_decisions(story) or ["<p>None in these logs.</p>"]),
        "<h2>Errors and warnings</h2>",
        *([_error(error) for error in story.errors] or ["<p>None.</p>"]),
        "<h2>Timeline</h2>",
        *_timeline(story.events),
        "<h2>Files</h2>",
        *_files(story),
    ]
    return build_document("What the logs of this client tell", body)


def _decisions(story: "LogStory") -> list[str]:
    started = {
        event.details["url"].rstrip("/").lower() for event in story.events if event.kind.value == "source-started"
    }
    checks = {check.decision: check for check in story.checks}
    return [_decision(decision, started, checks.get(place)) for place, decision in enumerate(story.decisions)]


def _decision(decision: "LogDecision", started: set[str], check: "LogCheck | None") -> str:
    rules = f'<span class="rules">{safe(", ".join(decision.rules))}</span>: {safe(decision.why)}'
    picture = _picture(decision.sources, started) if decision.sources else ""
    quotes = "".join(map(_quote, decision.quotes))
    judged = "" if check is None else _check(check)
    title = f"<strong>{safe(decision.what)}</strong>"
    return f'<div class="card {decision.mood.value}"><p>{title}</p>{picture}<p>{rules}</p>{judged}{quotes}</div>'


def _check(check: "LogCheck") -> str:
    """Whether our rules agree; where they differ, both orders side by side."""
    finding = check.finding
    mood = {"agrees": "good", "differs": "bad"}.get(finding.outcome.value, "plain")
    text = f'<p>checked: <span class="{mood}">{safe(check_in_short(check))}</span></p>'
    if finding.outcome.value != "differs":
        return text
    cells = (
        "".join(f"<li>{safe(one)}</li>" for one in order[:_MOST_SOURCES]) for order in (finding.client, finding.ours)
    )
    columns = "".join(f"<td><ol>{listed or '<li>none</li>'}</ol></td>" for listed in cells)
    return f"{text}<table><tr><th>the client</th><th>our rules</th></tr><tr>{columns}</tr></table>"


def _picture(sources: "Sequence[LoggedSource]", started: set[str]) -> str:
    """The order of sources, from the first to be tried down; the one that was used stands out."""
    shown = sources[:_MOST_SOURCES]
    height = len(shown) * (_BOX + _GAP)
    boxes = [_source(place, source, started, last=place == len(shown) - 1) for place, source in enumerate(shown)]
    size = f'width="{_LEFT + _WIDTH + 4}" height="{height}" viewBox="0 0 {_LEFT + _WIDTH + 4} {height}"'
    more = f"<p>and {len(sources) - len(shown)} more</p>" if len(sources) > len(shown) else ""
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img"><title>Order of sources</title>' + (
        "".join(boxes) + f"</svg>{more}"
    )


def _source(place: int, source: "LoggedSource", started: set[str], *, last: bool) -> str:
    top = place * (_BOX + _GAP) + 2
    used = source.url.rstrip("/").lower() in started
    address = source.url if len(source.url) <= _LETTERS else f"{source.url[: _LETTERS - 1]}…"
    told = f"{source.locality or 'locality not said'}{', used' if used else ''}"
    middle = _LEFT + _WIDTH // 2
    arrow = "" if last else f'<path d="M{middle} {top + _BOX}v{_GAP - 6}m-4 -5l4 5l4 -5"/>'
    return (
        f"<g{' class=' + chr(34) + 'used' + chr(34) if used else ''}><title>{safe(source.url)}</title>"
        f'<text x="4" y="{top + 25}">{place + 1}</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{_WIDTH}" height="{_BOX}" rx="4"/>'
        f'<text x="{_LEFT + 10}" y="{top + 16}">{safe(told)}</text>'
        f'<text x="{_LEFT + 10}" y="{top + 33}">{safe(address)}</text></g>{arrow}'
    )


def _timeline(events: "Sequence[LogEvent]") -> Iterator[str]:
    yield "<table><tr><th>time</th><th>line</th><th>what</th><th>says</th></tr>"
    for event in events[:_MOST_EVENTS]:
        cells = (
            "" if event.when is None else str(event.when),
            f"{event.quote.file}:{event.quote.line}",
            event.kind.value + (f" ×{event.times}" if event.times > 1 else ""),  # noqa: RUF001 - a sign of multiplication
            said_in_short(event),
        )
        yield f'<tr class="{event.mood.value}" title="{safe(event.quote.text)}">{row_of(cells)}</tr>'
    yield "</table>"
    if len(events) > _MOST_EVENTS:
        yield f"<p>and {len(events) - _MOST_EVENTS} more</p>"


def _error(error: "LogError") -> str:
    times = f"{error.times} times" if error.times > 1 else "once"
    known = "".join(map(_code, error.known))
    last = _quote(error.last) if error.times > 1 else ""
    return f'<div class="card bad"><p><strong>{times}</strong></p>{_quote(error.first)}{last}{known}</div>'


def _code(code: "ErrorCode") -> str:
    causes = "".join(f"<li>{safe(cause)}</li>" for cause in code.told_causes)
    listed = f"<ol>{causes}</ol>" if causes else ""
    return f"<p><strong>{safe(code.label)}</strong>: {safe(code.meaning)}</p>{listed}"


def _files(story: "LogStory") -> Iterator[str]:
    yield "<table><tr><th>file</th><th>lines</th><th>bytes</th><th>damaged</th><th>what</th></tr>"
    for file in story.files:
        counts = file.counts
        cells = (file.name, f"{counts.lines:,}", f"{counts.size:,}", str(counts.damaged), file.problem or "read")
        yield f"<tr>{row_of(cells)}</tr>"
    yield "</table>"


def _quote(quote: "Quote") -> str:
    where = f'<span class="where">{safe(f"{quote.file}:{quote.line}")}</span>'
    return f"<p>{where} <code>{safe(quote.text)}</code></p>"
