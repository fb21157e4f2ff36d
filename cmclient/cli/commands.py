"""The commands and the text of ``cmclient --help``; a test holds the text against the command modules."""

__all__ = ["COMMANDS", "HELP", "INSTEAD", "OPTION_INSTEAD"]

# Name: module in this package, and one line of help. Each module has ``configure`` and ``run``.
COMMANDS: dict[str, tuple[str, str]] = {
    "locate": ("locate", "the management point that a client here would use, and why"),
    "discover": ("discover", "every management point that any source names"),
    "assign": ("assign", "the site that a client here is assigned to, and why"),
    "agent": ("agent", "keep the management point by the rules, for as long as the machine runs"),
    "fetch": ("fetch", "put content on disk, complete and verified, from the source that a client would use"),
    "content": ("content", "where content comes from: sources in order, when each opens, and why"),
    "facts": ("facts", "what this machine knows about itself"),
    "boundaries": ("boundaries", "which boundaries and groups hold a machine, and which servers serve it there"),
    "log": ("log", "what a client's logs tell: its decisions, why, and what went wrong"),
    "cert": ("cert", "the client certificates, which one is used, and why not the others"),
    "doctor": ("doctor", "check from here all that a client depends on: what is wrong, how sure, what to do"),
    "replay": ("replay", "make a saved decision again and compare"),
    "report": ("report", "state messages for a fallback status point: send, list, flush, drop"),
    "setup-line": ("setup_line", "what a ccmsetup line means here, and what is wrong with it"),
    "config": ("config", "the settings and where each comes from"),
    "rules": ("rules", "the catalogue of rules, where each is decided and which tests show it"),
    "lab": ("lab", "a small site on this machine, to try things on"),
}

# What people type for it, and the command that answers.
INSTEAD = {
    "version": "--version",
    "mp": "locate",
    "management-point": "locate",
    "site": "assign",
    "sitecode": "assign",
    "dp": "content ID",
    "distribution-point": "content ID",
    "sources": "content ID",
    "fsp": "locate --role fsp",
    "sup": "locate --role sup",
    "download": "fetch ID DIR",
    "client": "fetch --client-package DIR",
    "ccmsetup": "setup-line check LINE",
    "certs": "cert list",
    "certificate": "cert list",
    "code": "log --code CODE",
    "error": "log --code CODE",
    "explain": "locate --explain",
    "why": "locate --explain",
    "check": "doctor",
    "status": "agent status",
    "settings": "config show",
}

# Options that other programs have, and the one that does it here, where a command has that one.
OPTION_INSTEAD = {
    "-v": "--log-level debug",
    "--verbose": "--log-level debug",
    "--debug": "--log-level debug",
    "-q": "--log-level error",
    "--quiet": "--log-level error",
    "--json": "--format json",
    "--server": "--mp",
    "--timeout": "--deadline",
}

_WIDTH = max(len(name) for name in COMMANDS)
_LIST = "\n".join(f"  {name:<{_WIDTH}}  {text}" for name, (_, text) in COMMANDS.items())

HELP = f"""\
usage: cmclient [OPTIONS] COMMAND ...

Find the Configuration Manager site systems that a client would use, and say why.

commands:
{_LIST}

options, before or after the command:
  --format text|json   how results are printed (default: text)
  --config FILE        settings file, besides those of the machine and the user
  --log-level LEVEL    debug, info, warning or error, on standard error
  --version            print the version
  -h, --help           this text; 'cmclient COMMAND --help' tells more

Try it without a site: cmclient locate --lab
"""
