"""What a run of kills saw, counted; and how it is printed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from faults.proof import Proof

from db.states import State

SHOWN: Final = 20  # broken promises that are printed in a table; JSON has them all


@dataclass(slots=True)
class Figures:
    """What a run saw, and every promise that it saw broken."""

    seed: int
    kills: int = 0
    births: int = 0  # kills of a daemon that was to make its database
    worker_kills: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    running_by_moment: Counter[str] = field(default_factory=Counter)
    kills_by_state: Counter[str] = field(default_factory=Counter)  # kills at which the store had such an arrival
    arrivals_by_state: Counter[str] = field(default_factory=Counter)
    running_own: int = 0  # kills with something RUNNING that the killed daemon itself had taken up
    reached_watching: int = 0
    verified: int = 0
    verified_watching: int = 0  # of these, while a daemon ran whose first look was over
    clean: int = 0
    no_database: int = 0  # verifications before there was one
    by_command: int = 0
    unseen: int = 0
    broken: list[str] = field(default_factory=list)
    log_errors: Counter[str] = field(default_factory=Counter)
    proof: Proof | None = None
    written: int = 0
    ways: dict[str, int] = field(default_factory=dict)
    account: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def running_share(self) -> float:
        """The share of kills that hit while something was RUNNING."""
        return self.running_own / self.kills if self.kills else 0.0

    @property
    def held(self) -> bool:
        """Whether every promise was kept, as far as the run came."""
        return not self.broken and (self.proof is None or self.proof.held)

    def document(self) -> dict[str, Any]:
        """All of it, for JSON."""
        proof = self.proof or Proof()
        names = ("seed", "kills", "births", "worker_kills", "reached_watching", "written", "ways", "account")
        return {name: getattr(self, name) for name in names} | {
            "complete": self.proof is not None,
            "held": self.held,
            "moments": dict(self.moments),
            "moments_with_running": dict(self.running_by_moment),
            "kills_by_state": dict(self.kills_by_state),
            "arrivals_by_state": dict(self.arrivals_by_state),
            "running_share": round(self.running_share, 3),
            "verifications": self.verified,
            "verifications_while_watching": self.verified_watching,
            "verifications_clean": self.clean,
            "verifications_without_database": self.no_database,
            "verifications_by_command": self.by_command,
            "unseen": self.unseen,
            "lost": len(proof.lost),
            "scored_twice": len(proof.scored_twice),
            "innocent_failed": len(proof.innocent_failed),
            "wrong_end": len(proof.wrong_end),
            "contents_judged": proof.judged,
            "half_read": proof.half_read,
            "survivors": proof.survivors,
            "asked_for": proof.asked_for,
            "log_errors": dict(self.log_errors),
            "broken": self.broken + proof.lost + proof.scored_twice + proof.innocent_failed + proof.wrong_end,
            "seconds": round(self.seconds),
        }


def table(figures: Figures) -> str:
    """The figures, to be read."""
    document = figures.document()
    lines = [f"{key.replace('_', ' '):<32}{document[key]}" for key in ("seed", "kills", "births", "worker_kills")]
    lines.append("state at the kill               kills with one  arrivals in all")
    for state in State:
        lines.append(f"  {state:<30}{figures.kills_by_state[state]:>14}{figures.arrivals_by_state[state]:>17}")
    for key, value in document.items():
        if key not in {"seed", "kills", "births", "worker_kills", "kills_by_state", "arrivals_by_state", "broken"}:
            shown = ", ".join(f"{name} {count}" for name, count in value.items()) if isinstance(value, dict) else value
            lines.append(f"{key.replace('_', ' '):<32}{shown}")
    broken = document["broken"]
    lines += [f"BROKEN: {text}" for text in broken[:SHOWN]]
    if len(broken) > SHOWN:
        lines.append(f"BROKEN: and {len(broken) - SHOWN} more")
    return "\n".join(lines)
