"""Kills receiver and daemon while dcmtk sends, and shows that whatever was acknowledged is in the account.

`python tests/faults/receiver.py` is the long version: 1,000 films over 8 associations, five kills each; tests run a
short one. A seed fixes when the kills are meant to hit; what the machine makes of it differs from run to run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

if __package__ in {None, ""}:
    sys.path[:0] = [os.fspath(Path(__file__).resolve().parents[up]) for up in (1, 2)]

from builders.dicom import dicom
from builders.films import grey_film
from builders.program import command_line
from builders.receiver import free_port, storescu
from faults.scene import Scene, wait_for
from pydicom import dcmread

RECEIVER: Final = """
[receiver]
folder = "films"
port = {port}
reserve_mib = 1
senders = [{{ ae_title = "STORESCU", addresses = ["127.0.0.1"] }}]
"""
ENDED: Final = ("scored", "refused", "failed", "duplicate", "superseded")
PATIENCE: Final = 300.0  # seconds without an acknowledgement, or without an arrival that moves
PAUSE: Final = 0.2  # seconds before a sender that was cut off tries again


@dataclass(slots=True)
class Figures:
    """What a run came to; `lost` and `broken` must be empty.

    Attributes:
        runs: of storescu: the associations that were begun, those that were cut off too.
        sent_again: once all was acknowledged.
        cut_off: of them, those that ended before all was acknowledged.
        lost: instances that were acknowledged, and are not in the account.
    """

    seed: int
    films: int
    associations: int
    receiver_kills: int = 0
    daemon_kills: int = 0
    runs: int = 0
    cut_off: int = 0
    acknowledged: int = 0
    sent_again: int = 0
    on_disk: int = 0
    states: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Sender(threading.Thread):
    """A PACS with one association: what was not acknowledged is sent again, until all is."""

    def __init__(self, port: int, files: list[Path], stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.waiting, self.acknowledged = list(files), list[Path]()
        self.runs = self.cut_off = 0
        self._port, self._stop_event = port, stop
        self.said = ""

    def run(self) -> None:
        """Send until nothing waits."""
        while self.waiting and not self._stop_event.is_set():
            done = storescu(self._port, *self.waiting)
            self.runs += 1
            self.said = done.said
            self.acknowledged += done.acknowledged
            gone = set(done.acknowledged)
            self.waiting = [file for file in self.waiting if file not in gone]
            if done.code != 0 or self.waiting:
                self.cut_off += 1
                time.sleep(PAUSE)


class Siege:
    """One run: senders, a receiver and a daemon that are killed and started again, and the question for every film."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        films: int,
        associations: int,
        kills: int,
        progress: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.figures: Final = Figures(seed, films, associations)
        self.scene: Final = Scene.in_(folder, rescan=2.0)
        self._port = free_port()
        with (folder / "config.toml").open("a", encoding="utf-8") as stream:
            stream.write(RECEIVER.format(port=self._port))
        self._chance = random.Random(seed)
        self._kills, self._progress = kills, progress
        self._sent: dict[str, tuple[Path, str]] = {}  # instance -> the file that is sent, and its picture's hash
        self._stop = threading.Event()

    def run(self) -> Figures:
        """Send, kill, let the work end, and ask for every film that was acknowledged."""
        began = time.monotonic()
        senders = self._senders()
        receiver, daemon = self._receiver(), self.scene.start()
        try:
            for sender in senders:
                sender.start()
            for moment, which in self._moments():
                if not self._wait_for_share(senders, moment):
                    break
                time.sleep(self._chance.uniform(0.0, 0.15))
                if which == "receiver":
                    receiver.kill()
                    receiver.wait()
                    self.figures.receiver_kills += 1
                    receiver = self._receiver()
                else:
                    daemon.kill()
                    self.figures.daemon_kills += 1
                    daemon = self.scene.start()
                share = sum(len(sender.acknowledged) for sender in senders)
                self._progress(f"{which} killed; {share} of {self.figures.films} acknowledged before")
            self._wait_for_share(senders, 1.0)
            self._send_again()
            receiver.terminate()
            if (code := receiver.wait(60.0)) != 0:
                self.figures.broken.append(f"the last receiver ended with {code}")
            self._rest()
            if (code := daemon.terminate()) != 0:
                self.figures.broken.append(f"the last daemon ended with {code}")
        finally:
            self._stop.set()
            for process in (receiver, daemon.process):
                process.kill()
                process.wait()
        for sender in senders:
            self.figures.runs += sender.runs
            self.figures.cut_off += sender.cut_off
        self._prove({file for sender in senders for file in sender.acknowledged})
        self.figures.seconds = round(time.monotonic() - began, 1)
        return self.figures

    def _senders(self) -> list[Sender]:
        """Films of distinct content, dealt out to the senders."""
        folder = self.scene.folder / "pacs"
        folder.mkdir()
        files = []
        for number in range(self.figures.films):
            # small, so that most of the time goes into what is tested; a few are large, to be cut in the middle
            picture = grey_film(64, 56, seed=number) if number % 20 else grey_film(1024, 1024, seed=number)
            path = folder / f"{number:05}.dcm"
            path.write_bytes(dicom(picture, accession=f"A{number:05}"))
            dataset = dcmread(path)
            self._sent[str(dataset.SOPInstanceUID)] = path, hashlib.sha256(dataset.PixelData).hexdigest()
            files.append(path)
        count = self.figures.associations
        return [Sender(self._port, files[start::count], self._stop) for start in range(count)]

    def _moments(self) -> list[tuple[float, str]]:
        """After which share of the films who is killed."""
        both = ("receiver", "daemon")
        return sorted((self._chance.uniform(0.02, 0.9), which) for which in both for _ in range(self._kills))

    def _receiver(self) -> subprocess.Popen[bytes]:
        """Start `cxr-triage receive`, and wait until it listens."""
        log = self.scene.folder / "logs" / f"receive-{time.monotonic_ns()}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*command_line(), "--config", "config.toml", "receive"],
                cwd=self.scene.folder,
                env=self.scene.program.environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        said = lambda: log.read_text(errors="replace")  # noqa: E731
        if not wait_for(lambda: "event=receiving" in said() or process.poll() is not None, 60.0):
            self.figures.broken.append("a receiver did not start to listen")
        if process.poll() is not None:
            self.figures.broken.append(f"a receiver ended at its start: {said()}")
        return process

    def _wait_for_share(self, senders: list[Sender], share: float) -> bool:
        """Wait until this share of the films is acknowledged (1: and every sender is at its end)."""
        films, last, since = self.figures.films, -1, time.monotonic()
        while True:
            # what a running storescu has been told is not known yet: the receiver's files are counted instead
            count = max(sum(len(sender.acknowledged) for sender in senders), len(list(self.scene.films.glob("*.dcm"))))
            if count >= films * share and (share < 1.0 or not any(sender.is_alive() for sender in senders)):
                return True
            if count != last:
                last, since = count, time.monotonic()
            if time.monotonic() - since > PATIENCE:
                said = [sender.said[-300:] for sender in senders if sender.is_alive()]
                self.figures.broken.append(f"sending does not come to an end: {count} of {films}; {said}")
                return False
            time.sleep(0.02)

    def _send_again(self) -> None:
        """A tenth once more, as a PACS does that lost its own books: nothing is doubled by it."""
        files = [file for file, _ in self._sent.values()][: max(1, self.figures.films // 10)]
        before = self.scene.states()
        done = storescu(self._port, *files)
        if done.code != 0 or done.acknowledged != tuple(files):
            self.figures.broken.append(f"films that were sent again are not taken: {done.said[-300:]}")
        self._rest()
        self.figures.sent_again = len(done.acknowledged)
        if sum(self.scene.states().values()) > self.figures.films:
            self.figures.broken.append(
                f"films that were sent again are other arrivals: {before}, {self.scene.states()}"
            )

    def _rest(self) -> None:
        """Wait until a look that begins now is over, and nothing is pending."""
        since, moved, states = datetime.now(UTC).isoformat(" ", "microseconds"), time.monotonic(), Counter[str]()
        while not self.scene.at_rest(since):
            if (now := self.scene.states()) != states:
                states, moved = now, time.monotonic()
            if time.monotonic() - moved > PATIENCE:
                self.figures.broken.append(f"the work does not come to an end: {dict(states)}")
                return
            time.sleep(0.2)

    def _prove(self, acknowledged: set[Path]) -> None:
        """Ask disk and database for every film that a sender was told success for, and whether it is the one sent."""
        figures = self.figures
        figures.acknowledged = len(acknowledged)
        ended = {
            os.fsdecode(path): (state, sha256)
            for path, state, sha256 in self.scene.rows("SELECT path, state, sha256 FROM arrival ORDER BY generation")
        }
        found: dict[str, list[str]] = {}
        for file in self.scene.films.iterdir():
            if file.suffix == ".part":
                figures.broken.append("half a file is left")
            if file.suffix != ".dcm":
                continue
            figures.on_disk += 1
            dataset = dcmread(file)
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            state, sha256 = ended.get(file.name, ("not there", None))
            whole = hashlib.sha256(dataset.PixelData).hexdigest() == self._sent[str(dataset.SOPInstanceUID)][1]
            if content != file.stem or not whole:
                figures.broken.append(f"{file.name} is not what was sent")
            elif state in ENDED and sha256 == content:
                found.setdefault(str(dataset.SOPInstanceUID), []).append(file.name)
        for instance, (file, _) in self._sent.items():
            names = found.get(instance, [])
            if file in acknowledged and not names:
                figures.lost.append(file.name)
            if len(names) > 1:
                figures.broken.append(f"{file.name} lies there {len(names)} times")
        figures.states = dict(self.scene.states())
        done = self.scene.account()
        if done.code != 0 or done.document["discrepancies"] or done.document["unseen"] or done.document["pending"]:
            figures.broken.append(f"account --verify ended with {done.code}: {done.out}{done.err}")


def main() -> int:
    """Run it from a command line; 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--films", type=int, default=1000, help="of distinct content (default: 1000)")
    parser.add_argument("--associations", type=int, default=8, help="at once (default: 8)")
    parser.add_argument("--kills", type=int, default=5, help="of the receiver, and as many of the daemon (default: 5)")
    parser.add_argument("--seed", type=int, default=None, help="of everything that is left to chance (default: any)")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 31) if options.seed is None else options.seed
    folder = Path(tempfile.mkdtemp(prefix="cxr-triage-receiver-"))
    print(f"seed {seed}, folder {folder}", file=sys.stderr, flush=True)

    def tell(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    figures = Siege(folder, seed, options.films, options.associations, options.kills, tell).run()
    print(json.dumps(asdict(figures), indent=2))
    if figures.lost or figures.broken:
        print(f"kept: {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
