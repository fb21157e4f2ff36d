"""Error codes, and what they mean."""

from enum import Enum
from typing import NamedTuple

__all__ = ["CodeFamily", "ErrorCode"]


class CodeFamily(Enum):
    """Whose numbers a code belongs to."""

    HRESULT = "hresult"
    WIN32 = "win32"
    WINHTTP = "winhttp"
    HTTP = "http"
    CCM = "ccm"
    CALLBACK = "callback"
    """Reasons that WinHTTP gives for a certificate, by name."""
    STATUS_TEXT = "status-text"
    """Texts with which a gateway says what an HTTP status means."""
    SETUP_EXIT = "setup-exit"
    STATE = "state"
    """State ids of topic type 800, which setup and assignment report."""


_WORDS = {CodeFamily.HTTP: "HTTP", CodeFamily.SETUP_EXIT: "ccmsetup exit", CodeFamily.STATE: "state"}


class ErrorCode(NamedTuple):
    """What an error code means.

    Attributes:
        name: Its symbolic name or status text; empty when none is known.
        number: As unsigned 32 bits, or the HTTP status; None for one that is known by name only.
        family: Whose number it is.
        meaning: What it says, whoever logged it.
        causes: What is usually behind it, the likeliest first; empty when nobody knows.
        rules: Ids of rules that speak of it.
        source: Where this is known from.
        said_by: For each cause, in their order, the function or component that says the code then; empty where
            anybody may. None at all where that tells nothing.
    """

    name: str
    number: int | None
    family: CodeFamily
    meaning: str
    causes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    source: str = ""
    said_by: tuple[str, ...] = ()

    @property
    def told_causes(self) -> tuple[str, ...]:
        """The causes as a person reads them: with who says the code then."""
        if not self.said_by:
            return self.causes
        pairs = zip(self.causes, self.said_by, strict=True)
        return tuple(f"said by {speaker}: {cause}" if speaker else cause for cause, speaker in pairs)

    @property
    def label(self) -> str:
        """Number as it is usually written, and name."""
        if self.number is None:
            return self.name
        word = _WORDS.get(self.family)
        if word is not None and self.number < 1000:  # noqa: PLR2004 - statuses, exit codes and states; else an HRESULT
            return f"{word} {self.number}"
        return f"0x{self.number:08x}{f' {self.name}' if self.name else ''}"
