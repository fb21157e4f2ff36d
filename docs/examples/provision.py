"""Fetch the files of client setup onto a machine that is being built; the exit code says what came of it.

    python provision.py DIR [--minutes N]

0: DIR has them, complete and verified. 1: no other try would help, somebody has to look. 2: a setting is wrong.
75: nobody had them this time; try again later. A failure is told to the fallback status point, where there is one.
"""

import argparse
import sys
from time import monotonic

import cmclient
from cmclient.errors import ConfigError, ContentNotObtainedError, HashMismatchError

DONE, LOOK, SETTINGS, LATER = 0, 1, 2, 75


def main() -> int:
    """Run, and turn what came of it into an exit code."""
    parser = argparse.ArgumentParser(description="Fetch the files of client setup.")
    parser.add_argument("folder", metavar="DIR", help="where to put them")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long to try (default 30)")
    arguments = parser.parse_args()
    try:
        config = cmclient.load_settings()
    except ConfigError as error:
        print(*error.faults, sep="\n", file=sys.stderr)
        return SETTINGS
    try:
        location = cmclient.locate(config)
        print("management point", location.endpoint, "of site", location.decision.policy.assigned_site)
        report = fetch(config, arguments.folder, cmclient.Deadline.after(arguments.minutes * 60, monotonic))
    except cmclient.LocateError as error:
        tell(config, cmclient.SetupTrouble(error.code), error.location)
        return complain(error, LATER)
    except ContentNotObtainedError as error:
        tell(config, cmclient.SetupTrouble(error.code))
        return complain(error, LATER)
    except HashMismatchError as error:
        tell(config, cmclient.SetupTrouble(error.code, error.source, error.file))
        return complain(error, LOOK)
    except cmclient.CmClientError as error:  # the folder cannot be written, a certificate cannot be read, ...
        return complain(error, LOOK)
    print("files", len(report.files), "bytes", report.total)
    return DONE


def fetch(config: cmclient.ClientConfig, folder: str, deadline: cmclient.Deadline) -> cmclient.DownloadReport:
    """Take the files from wherever setup would take them; a file that is there with the right hash stays."""
    with cmclient.open_setup_fetcher(config) as fetcher:
        return fetcher.downloader.fetch(
            cmclient.DownloadRequest("client setup", is_strict=True),
            folder,
            fetcher.locator,
            lister=cmclient.SetupFiles("X64").lister,
            deadline=deadline,
        )


def tell(
    config: cmclient.ClientConfig, trouble: cmclient.SetupTrouble, location: cmclient.Location | None = None
) -> None:
    """Tell the fallback status point; what it does not take now waits for the next run."""
    try:
        with cmclient.open_reporter(config, location=location) as reporter:
            if location is not None:
                reporter.report_location(location)
            reporter.report_setup([trouble])
            sent = reporter.flush(deadline=cmclient.Deadline.after(30.0, monotonic))
            print("told the fallback status point:", len(sent.sent), "sent,", sent.left, "left")
    except cmclient.CmClientError as error:
        print("not told to the fallback status point:", error.message, file=sys.stderr)


def complain(error: cmclient.CmClientError, code: int) -> int:
    """Say what happened and what to do next."""
    print(*filter(None, (f"{error.code}: {error.message}", error.hint)), sep="\n", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
