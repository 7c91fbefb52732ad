"""`kill -9` of the process that delivers, at any moment and the worst: nothing is lost, a double has the same key."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from builders.peers import Hook, MailServer, Posted, free_port, hooked, keys_of, listening
from builders.program import LIMIT, Program, command_line
from builders.ward import NOW

from daemon.deliver.receivers import name_of
from db import outbox
from db.outbox import Target
from db.states import Channel, DeliveryState, NoticeKind
from db.store import Store

TO = "reading@example.org"
NOTICES = 12
RANDOM_KILLS = 8


@dataclass
class DeadlyHook(Hook):
    """Kills whoever posts, when it has everything and has not answered yet, as often as it is told to."""

    victims: list[subprocess.Popen[bytes]] = field(default_factory=list)
    kills: int = 0

    def answer(self, posted: Posted) -> int | None:
        if self.kills:
            self.kills -= 1
            self.given.append(posted)
            self.taken.append(posted)
            self.victims[-1].kill()
            self.victims[-1].wait()
            return None
        return super().answer(posted)


def config(folder: Path, port: int, hook: Hook) -> None:
    secret = folder / "secret"
    secret.write_text("shared\n")
    secret.chmod(0o600)
    (folder / "c.toml").write_text(
        f'[deliver.mail]\nserver = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        f'sender = "triage@example.org"\nto = ["{TO}"]\n'
        f'[deliver.webhook]\nurl = "{hook.url}"\nsecret_file = "{secret}"\n'
    )


def test_whenever_it_is_killed_each_message_arrives_and_a_second_one_has_the_same_key(
    store: Store, tmp_path: Path
) -> None:
    chance, port = random.Random("kills of deliver"), free_port()
    targets = (Target(Channel.WEBHOOK, ""), Target(Channel.MAIL, name_of(TO)))
    with store.write() as tx:
        for number in range(NOTICES):
            outbox.add(tx, NoticeKind.HEARTBEAT, f"beat {number}", '{"intake": "running"}', targets, NOW)
    store.close()
    hook, server, program = (
        DeadlyHook([503, "drop"], kills=3),
        MailServer(["data 451 later", "drop"]),
        Program(tmp_path),
    )
    with hooked(hook), listening(server, port):
        config(tmp_path, port, hook)
        for number in range(3 + RANDOM_KILLS):
            process = subprocess.Popen(
                [*command_line(), "--config", "c.toml", "deliver", "--once", "--db", "triage.db"],
                cwd=tmp_path,
                env=program.environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            hook.victims.append(process)
            if number >= 3:
                bomb = threading.Timer(chance.uniform(0.3, 1.5), process.kill)
                bomb.start()
                process.wait(LIMIT)
                bomb.cancel()
            else:
                assert process.wait(LIMIT) == -signal.SIGKILL
        for _ in range(9):
            if program.run("--config", "c.toml", "deliver", "--once", "--db", "triage.db").code == 0:
                break
    with store.read() as tx:
        kept = outbox.last(tx, 99)
        states = Counter(delivery.state for _, deliveries in kept for delivery in deliveries)
    assert states == {DeliveryState.SENT: 2 * NOTICES}
    posted, mailed = Counter(keys_of(hook.taken)), Counter(mail.key for mail in server.taken)
    assert (len(posted), len(mailed)) == (NOTICES, NOTICES)
    assert sum(posted.values()) >= NOTICES + 3  # those that were killed after they had sent
    bodies = {each.headers["Idempotency-Key"]: each.body for each in hook.given}
    assert all(bodies[each.headers["Idempotency-Key"]] == each.body for each in hook.given)
    store.quick_check()
