"""Which catalogue of rules this is; every decision says by which it was made."""

__all__ = ["CATALOGUE_VERSION"]

CATALOGUE_VERSION = "2026-11-1"
