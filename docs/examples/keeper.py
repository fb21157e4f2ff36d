"""Bring content onto disk, however long that takes, as a part of some service.

    python keeper.py DIR CONTENT-ID ...

One agent has the management point, one downloader serves every thread, and SIGTERM or Ctrl-C ends all of it at once;
what has come by then is kept, and the next run goes on with it.
"""

import signal
import sys
import threading
from pathlib import Path

import cmclient

RETRY = 60.0  # seconds after a failure, or until there is another management point


class Keeper:
    """The threads of this service, and what they share."""

    def __init__(self, fetcher: cmclient.Fetcher, folder: Path) -> None:
        self.ended = cmclient.CancelSignal()
        self._fetcher = fetcher
        self._folder = folder
        self._wake = threading.Condition()
        self._changes = 0  # of the management point

    # The agent calls these on its thread: they return at once.

    def located(self, location: cmclient.Location) -> None:
        """Note a management point that was located."""
        say("located", location.endpoint)
        self._note_change()

    def rotated(self, left: cmclient.Endpoint, now: cmclient.Endpoint, reason: cmclient.Reason) -> None:
        """Note that another one is in use."""
        say("left", left, "for", now, reason.rule)
        self._note_change()

    def unmanaged(self, reason: cmclient.Reason) -> None:
        """Say that there is none."""
        say("no management point:", reason.text)

    def _note_change(self) -> None:
        with self._wake:
            self._changes += 1
            self._wake.notify_all()

    def end(self) -> None:
        """End every thread; a download that is under way stops within moments."""
        self.ended.cancel()
        with self._wake:
            self._wake.notify_all()

    def bring(self, content: cmclient.ContentReference) -> None:
        """Bring one content onto disk, however long that takes; a thread's whole life."""
        seen = self._changes
        while not self._fetch(content) and not self.ended.cancelled:
            seen = self._wait_for_change(seen)

    def _wait_for_change(self, seen: int) -> int:
        with self._wake:
            self._wake.wait_for(lambda: self.ended.cancelled or self._changes != seen, RETRY)
            return self._changes

    def _fetch(self, content: cmclient.ContentReference) -> bool:
        try:
            report = self._fetcher.downloader.fetch(
                cmclient.DownloadRequest(f"{content.id}.{content.version}"),
                str(self._folder / content.id),
                self._fetcher.locator.search(content),
                cancellation=self.ended,
            )
        except cmclient.CmClientError as error:  # cancelled, too: then the thread ends
            say(content.id, error.code, error.message)
            return False
        say(content.id, "whole:", len(report.files), "files,", report.fetched, "bytes fetched")
        return True


def say(*words: object) -> None:
    """Print a line at once, whole although several threads print."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run until a signal."""
    folder, *ids = sys.argv[1:] or [""]
    if not ids or folder.startswith("-"):
        sys.exit("usage: python keeper.py DIR CONTENT-ID ...")
    config = cmclient.load_settings()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with cmclient.open_fetcher(config) as fetcher:
        keeper = Keeper(fetcher, Path(folder))
        callbacks = cmclient.AgentCallbacks(keeper.located, keeper.rotated, keeper.unmanaged)
        with cmclient.open_agent(config, callbacks=callbacks) as agent:
            contents = [cmclient.ContentReference(cmclient.ContentId(one)) for one in ids]
            threads = [threading.Thread(target=keeper.bring, args=(content,)) for content in contents]
            threads.append(threading.Thread(target=agent.run))
            for thread in threads:
                thread.start()
            over.wait()
            agent.stop()
            keeper.end()
            for thread in threads:
                thread.join()
    say("ended")
    return 0


if __name__ == "__main__":
    sys.exit(main())
