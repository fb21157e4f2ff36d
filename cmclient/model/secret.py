"""A secret that does not print itself."""

__all__ = ["Secret"]


class Secret:
    """Text that shows as ``***`` wherever it is printed, logged or written as JSON."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one call that needs it."""
        return self._text

    def __repr__(self) -> str:
        """A mask."""
        return "***"

    def __eq__(self, other: object) -> bool:
        """Equal to a secret with the same text."""
        return isinstance(other, Secret) and self._text == other._text

    __hash__ = None  # type: ignore[assignment] # a hash would let the text be guessed
