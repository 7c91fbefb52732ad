"""Kills the real daemon again and again while films arrive, and shows that nothing is lost, repeated or blamed.

`python tests/faults/kills.py --kills 1000 --files 20000` is the long version; tests run a short one. A seed fixes what
arrives and when the kills are meant to hit; what the machine makes of it differs from run to run, so every broken
promise keeps its folder.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

if __package__ in {None, ""}:
    sys.path[:0] = [os.fspath(Path(__file__).resolve().parents[up]) for up in (1, 2)]

from faults.figures import SHOWN, Figures, table
from faults.films import Films
from faults.proof import prove
from faults.scene import Daemon, Scene, session, wait_for
from faults.writer import Writer

from db.errors import StoreError


class Moment(StrEnum):
    """When a kill is meant to hit."""

    START = "soon after the start"
    DELAY = "after a delay"
    RUNNING = "while something is running"
    COMMIT = "while something is being committed"
    LOW = "after work was done, with little left"


MOMENTS: Final = {Moment.START: 10, Moment.DELAY: 10, Moment.RUNNING: 35, Moment.COMMIT: 15, Moment.LOW: 30}
UP: Final = 20.0  # seconds that a daemon gets for what is waited for; then it is killed where it is
LEAD: Final = 3  # kills whose share of the films is written ahead, so that there is work at every moment
WORKER_KILLS: Final = 0.15  # chance of a SIGKILL of one worker, beside that of the daemon
ORPHANS: Final = 10.0  # seconds after which nothing of a killed daemon's session may be left
BY_COMMAND: Final = 50  # every so many kills `cxr-triage account --verify` itself is asked
END: Final = 900.0  # seconds for what is left to write when the kills are over
STALLED: Final = 60.0  # seconds without a line of history, in which what is pending would have moved


class Killer:
    """One run: a writer, one daemon after another, and a verification of what each kill left."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        kills: int,
        files: int,
        progress: Callable[[Figures], None] = lambda figures: None,
        rescan: float = 5.0,
    ) -> None:
        self.scene: Final = Scene.in_(folder, rescan=rescan)
        self.figures: Final = Figures(seed)
        self.films: Final = Films(seed)
        self._kills, self._births, self._progress = kills, max(1, kills // 50), progress
        self._chance = random.Random(f"{seed} killer")
        self._files = files
        self._writer = Writer(self.films, files, self.scene.films, seed, self._pace)
        self._observed: set[str] = set()
        self._asked = 0  # films beyond their share, since there was nothing to do
        self._told = 0  # lines of history that could be read; committed ones stay
        self._sessions: list[tuple[int, float]] = []
        self._began = time.monotonic()

    def run(self) -> Figures:
        """Kill, let the work end, and ask for every file."""
        self._writer.start()
        try:
            with ThreadPoolExecutor(1, "verification") as pool:
                for number in range(self._kills):
                    self._cycle(number, pool)
                    self._progress(self.figures)
            self._end()
        finally:
            self._writer.stop()
            self.figures.written = self._writer.written
            self.figures.ways = {way.value: count for way, count in self._writer.ways.items()}
            self.figures.seconds = time.monotonic() - self._began
        return self.figures

    def _pace(self) -> int:
        """How many films may have been written by now: each kill brings its share."""
        done, kills = self.figures.kills - self._births, self._kills - self._births
        if done < 0:
            return 0
        return self._asked + self._files * (done + 1 + LEAD) // (max(1, kills) + LEAD)

    # --- one life -------------------------------------------------------------------------------------------------

    def _cycle(self, number: int, pool: ThreadPoolExecutor) -> None:
        figures, birth = self.figures, number < self._births
        if birth and number % 2 == 0:
            for file in self.scene.folder.glob("t.db*"):
                file.unlink()
        born_after, told = time.time(), self._told
        daemon = self.scene.start()
        try:
            delay, after_look = self._chance.uniform(0.0, 1.5), self._chance.random() < 0.5
            verification = pool.submit(self._verify, daemon, number, None if after_look else delay)
            moment = self._wait(daemon, birth=birth)
            there = self._writer.there_since(born_after)
            if watching := daemon.watching():
                self._observed |= there
            self._told = max(self._told, self._lines_of_history())
            if not daemon.alive():
                self._broke(f"kill {number}: the daemon ended by itself ({daemon.process.returncode}): {_last(daemon)}")
        finally:
            daemon.kill()
        self._sessions.append((daemon.pid, time.monotonic()))
        states = self.scene.states()
        figures.kills += 1
        figures.births += birth
        figures.reached_watching += watching
        figures.moments[moment] += 1
        figures.arrivals_by_state.update(states)
        figures.kills_by_state.update({state for state, count in states.items() if count})
        if self.scene.running_since(daemon.began) > 0:
            figures.running_own += 1
            figures.running_by_moment[moment] += 1
        if self._lines_of_history() < self._told:
            self._broke(f"kill {number}: history that could be read before the kill is gone after it")
        self._note_log(daemon)
        self._note_verification(number, verification, had_database=told > 0)
        self._look_for_orphans()
        if number % BY_COMMAND == BY_COMMAND - 1:
            self._ask_command(f"kill {number}")
        if self._writer.error is not None:
            raise self._writer.error

    def _wait(self, daemon: Daemon, *, birth: bool) -> Moment:
        """Wait for the moment of a kill; on the way, now and then, a worker is killed."""
        [moment] = self._chance.choices(list(MOMENTS), list(MOMENTS.values()))
        draw, small, many = self._chance.random(), self._chance.uniform(0.0, 0.4), self._chance.randint(1, 40)
        hits_worker = self._chance.random() < WORKER_KILLS
        if birth:
            moment = Moment.START
        if moment is Moment.START:
            _wait_while(daemon, lambda: False, draw * 1.6)
            return moment
        if hits_worker and moment is not Moment.COMMIT:
            self._kill_a_worker(daemon, small, judging=draw < 0.5)
        if moment is Moment.DELAY:
            _wait_while(daemon, lambda: False, draw * 4.0)
        elif moment is Moment.RUNNING:
            _wait_while(daemon, lambda: self._runs(daemon), UP)
            time.sleep(small)
        elif moment is Moment.COMMIT:
            if draw > 0.3:  # else also those of a start: recovery, the first look
                _wait_while(daemon, lambda: self._runs(daemon), UP)
            for _ in range(many):
                if not self._a_commit_begins(daemon):
                    break
        else:
            left = int(3 + draw * 30)
            _wait_while(daemon, lambda: daemon.watching() and self.scene.pending() <= left, UP)
            time.sleep(small / 4)
        return moment

    def _runs(self, daemon: Daemon) -> bool:
        """Whether the daemon took something up, or never will; where it has nothing to do, more is asked for."""
        if self.scene.running_since(daemon.began) > 0:
            return True
        if daemon.watching() and self.scene.pending() == 0:
            self._asked += 1
            return self._writer.written == self._files
        return False

    def _a_commit_begins(self, daemon: Daemon) -> bool:
        before = self.scene.log_written()
        return _wait_while(daemon, lambda: self.scene.log_written() != before, UP / 10, 0.0005)

    def _kill_a_worker(self, daemon: Daemon, pause: float, *, judging: bool) -> None:
        """SIGKILL one worker: while it starts, with its first films waiting, or once films are being judged."""
        if not _wait_while(daemon, lambda: self._runs(daemon), UP):
            return
        if judging:
            _wait_while(daemon, lambda: daemon.outcomes() > 0 or self.scene.pending() == 0, UP)
        time.sleep(pause)
        if workers := daemon.workers():
            try:
                os.kill(self._chance.choice(workers), signal.SIGKILL)
            except ProcessLookupError:
                return
            self.figures.worker_kills += 1

    # --- what each kill left --------------------------------------------------------------------------------------

    def _verify(self, daemon: Daemon, number: int, delay: float | None) -> tuple[bool, int, list[str]]:
        """What `account --verify` would say; whether a daemon was watching, what was unseen, what is wrong.

        It begins a while after a start, or (None) when the daemon's first look is over; at the latest when that ends.
        """
        _wait_while(daemon, daemon.watching if delay is None else lambda: False, UP if delay is None else delay)
        watching = daemon.alive() and daemon.watching()
        audit = self.scene.audit()
        found = [f"kill {number}: {each.kind}: {each.subject}: {each.text}" for each in audit.discrepancies]
        if found:
            self._keep(f"discrepancy-{number}")
        return watching, audit.unseen, found

    def _note_verification(
        self, number: int, verification: Future[tuple[bool, int, list[str]]], *, had_database: bool
    ) -> None:
        try:
            watching, unseen, found = verification.result()
        except StoreError as error:
            if not had_database and error.cause == "there is no database":
                self.figures.no_database += 1
            else:
                self._broke(f"kill {number}: verification: {error}")
            return
        self.figures.verified += 1
        self.figures.verified_watching += watching
        self.figures.unseen += unseen
        self.figures.clean += not found
        for each in found[:SHOWN]:
            self._broke(each)

    def _ask_command(self, when: str) -> None:
        done = self.scene.account()
        self.figures.by_command += 1
        if done.code != 0:
            self._broke(f"{when}: cxr-triage account --verify ended with {done.code}: {done.out}{done.err}")

    def _look_for_orphans(self) -> None:
        """Nothing of a killed daemon may live on for long: its workers ask to be told, and end."""
        now = time.monotonic()
        due = [leader for leader, killed in self._sessions if now - killed > ORPHANS]
        self._sessions = [each for each in self._sessions if now - each[1] <= ORPHANS]
        for leader in due:
            if left := session(leader):
                self._broke(f"processes {left} outlived their daemon {leader} by {ORPHANS:.0f} s")

    def _lines_of_history(self) -> int:
        return self.scene.number("SELECT max(id) FROM history")

    def _note_log(self, daemon: Daemon) -> None:
        for line in daemon.said().splitlines():
            if "level=error" in line or line.startswith("cxr-triage:") or "Traceback" in line:
                self.figures.log_errors[line.partition("event=")[2] or line] += 1

    def _broke(self, text: str) -> None:
        self.figures.broken.append(text)

    def _keep(self, name: str) -> None:
        """Keep the database as it is, for whoever looks for the cause."""
        for file in self.scene.folder.glob("t.db*"):
            shutil.copy2(file, self.scene.folder / f"{name}.{file.name}")

    # --- the end --------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """Let the writer and a last daemon finish, stop it as a service manager does, and ask for every file."""
        daemon = self.scene.start()
        try:
            self._writer.join(END)
            for _ in range(2):  # what looks different at the first look is clear at the second
                self._rest(daemon)
                time.sleep(1.0)
            code = daemon.terminate()
            if code != 0:
                self._broke(f"the last daemon ended with {code}: {_last(daemon)}")
        finally:
            daemon.kill()
        self._note_log(daemon)
        self._sessions.append((daemon.pid, time.monotonic()))
        wait_for(lambda: not any(session(leader) for leader, _ in self._sessions), ORPHANS)
        self._sessions = [(leader, killed - ORPHANS) for leader, killed in self._sessions]
        self._look_for_orphans()
        self._ask_command("at the end")
        self.figures.account = dict(self.scene.states())
        self.figures.proof = prove(self.scene, self.films, self._writer.written, self._writer.here, self._observed)

    def _rest(self, daemon: Daemon) -> None:
        """Wait until a look at the root that begins now is over, and nothing is pending."""
        since = datetime.now(UTC).isoformat(" ", "microseconds")
        lines, moved = self._lines_of_history(), time.monotonic()
        while not self.scene.at_rest(since):
            if self._lines_of_history() > lines:
                lines, moved = self._lines_of_history(), time.monotonic()
            if not daemon.alive() or time.monotonic() - moved > STALLED:
                self._broke(f"the work does not come to an end: {dict(self.scene.states())}")
                return
            time.sleep(0.2)


def _wait_while(daemon: Daemon, happened: Callable[[], bool], limit: float, pause: float = 0.01) -> bool:
    """Wait until something happened; not for a daemon that is gone."""
    wait_for(lambda: not daemon.alive() or happened(), limit, pause)
    return daemon.alive() and happened()


def _last(daemon: Daemon) -> str:
    return " / ".join(daemon.said().splitlines()[-3:])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=1000, help="SIGKILLs of the daemon (default: 1000)")
    parser.add_argument("--files", type=int, default=20000, help="films of distinct content (default: 20000)")
    parser.add_argument("--seed", type=int, default=None, help="of everything that is left to chance (default: any)")
    parser.add_argument(
        "--folder", type=Path, default=None, help="an empty folder to work in (default: a temporary one)"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table", help="how the figures are printed")
    return parser


def _told_on(stream: Any, kills: int) -> Callable[[Figures], None]:
    """A progress line every ten kills, with the time that is left at this pace."""
    began = time.monotonic()

    def tell(figures: Figures) -> None:
        if figures.kills % 10 == 0 or figures.kills == kills:
            left = (time.monotonic() - began) / figures.kills * (kills - figures.kills)
            share = f"{figures.running_share:.0%} while running, {len(figures.broken)} broken"
            print(f"{figures.kills}/{kills} kills, {share}, {left / 60:.0f} min left", file=stream, flush=True)

    return tell


def main() -> int:
    """Run it from a command line; 1 if a promise was broken, 130 if it was interrupted."""
    options = _parser().parse_args()
    seed = random.SystemRandom().randrange(1 << 31) if options.seed is None else options.seed
    folder = (options.folder or Path(tempfile.mkdtemp(prefix="cxr-triage-kills-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        print(f"{folder} is not empty; give another --folder", file=sys.stderr)
        return 2
    print(f"seed {seed}, folder {folder}", file=sys.stderr, flush=True)
    killer = Killer(folder, seed, options.kills, options.files, _told_on(sys.stderr, options.kills))
    code = 0
    try:
        killer.run()
    except KeyboardInterrupt:
        print("interrupted; the figures so far:", file=sys.stderr)
        code = 130
    figures = killer.figures
    print(json.dumps(figures.document(), indent=2) if options.format == "json" else table(figures))
    if figures.proof is not None and figures.running_share < 0.5:
        print("fewer than half of the kills hit while something was running", file=sys.stderr)
        code = code or 1
    if not figures.held:
        code = code or 1
    if code:
        again = f"--kills {options.kills} --files {options.files} --seed {seed}"
        print(f"kept: {folder}\nagain: python tests/faults/kills.py {again}", file=sys.stderr)
    elif options.folder is None:
        shutil.rmtree(folder)
    return code


if __name__ == "__main__":
    sys.exit(main())
