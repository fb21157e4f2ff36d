"""Pure codecs: bytes and records in, values out, and back. Never imports ``rules``."""
