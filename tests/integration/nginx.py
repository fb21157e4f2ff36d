"""What every nginx here has in common: in the foreground, with all that it writes in a folder of its own."""

from pathlib import Path

__all__ = ["main_page", "temporary_folders"]


def main_page(folder: Path) -> str:
    """The part of a configuration that stands outside of any server."""
    return f"""\
daemon off;
user root;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/log info;
events {{ worker_connections 64; }}"""


def temporary_folders(folder: Path) -> str:
    """Where an nginx puts what it has no room for, in place of folders that all of them share."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return "".join(f"{kind}_temp_path {folder}/temporary; " for kind in kinds)
