"""Chance that can be repeated."""

from hashlib import blake2b

__all__ = ["SeededChooser"]

_BYTES = 8


class SeededChooser:
    """Draws from a seed and a label alone, so that one candidate more or less leaves the others' draws as they are."""

    __slots__ = ("_seed",)

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @property
    def seed(self) -> int:
        """The seed."""
        return self._seed

    def draw(self, label: str) -> float:
        """A number in [0, 1); the same for the same seed and label."""
        digest = blake2b(f"{self._seed}:{label}".encode(), digest_size=_BYTES).digest()
        return int.from_bytes(digest, "big") / 2.0 ** (8 * _BYTES)
