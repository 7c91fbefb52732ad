"""What runs inside a worker process: bytes in, an outcome out; no path, no store, no network is needed here.

Decoding is hostile territory, so the process limits itself before it reads the first film: address space, no output
(native decoders print what they like), and everything that `daemon.intake.sandbox` can give up.
"""

from __future__ import annotations

import ctypes
import math
import multiprocessing
import os
import resource
import signal
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daemon.intake.looking import Eyes, Seen, fault_of, look
from daemon.intake.sandbox import Confinement, confine
from daemon.triage.gate_policy import BY_DEFAULT, GatePolicy
from db.records import FilmFacts
from db.states import REJECTION_NOTE
from models.bundle import Bundle
from models.findings import Finding
from models.key_object import RejectionNote
from models.population import Population

ADDRESS_SPACE: Final = 1 << 30  # bytes on top of what the process has mapped once the model is loaded
_PR_SET_PDEATHSIG: Final = 1


class Verdict(StrEnum):
    """How a film came out."""

    SCORED = "scored"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker found out about one film.

    Attributes:
        logit: of pneumonia, None unless scored.
        map: float32 class activation map whose mean is the logit, None unless scored.
        unlikeness: see `models.pixel_gate`; None unless scored by a bundle with a gate.
        code, message: why it was not scored.
        note: what it takes back, where it is no film but a rejection note.
        milliseconds: from bytes to outcome.
    """

    verdict: Verdict
    facts: FilmFacts
    milliseconds: float
    logit: float | None = None
    map: NDArray[np.float32] | None = None
    unlikeness: float | None = None
    code: str | None = None
    message: str | None = None
    note: RejectionNote | None = None


_eyes: Eyes | None = None  # of this process, made by `start`
_gate_policy = BY_DEFAULT
_confinement = Confinement()


def start(bundle: Bundle, gate_policy: GatePolicy = BY_DEFAULT, address_space: int = ADDRESS_SPACE) -> None:
    """Prepare this process: load the model, then give up what scoring does not need."""
    global _eyes, _gate_policy, _confinement  # noqa: PLW0603
    detach()
    _eyes = Eyes.of(bundle, gate_policy.modalities)
    _gate_policy = gate_policy
    _confinement = confined(address_space)


def detach() -> None:
    """Take this process out of its parent's hands but for its end: no Ctrl-C, no output, no life after the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # a killed daemon leaves no orphan behind
    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)  # it was killed before this process could ask to be told
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silence, descriptor)


def confined(address_space: int = ADDRESS_SPACE) -> Confinement:
    """Limit this process, on top of what it has mapped by now, and give up what decoding does not need."""
    limit = _mapped() + address_space
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # What decodes DICOM is still imported with the first such film (0.4 s and 35 MiB): reading files stays allowed.
    return confine()


def eyes() -> Eyes:
    """What this process looks at films with.

    Raises:
        RuntimeError: it was not started.
    """
    if _eyes is None:
        raise RuntimeError("the worker was not started")
    return _eyes


def confinement() -> Confinement:
    """What this process gave up."""
    return _confinement


def _mapped() -> int:
    """Bytes of address space in use."""
    with open("/proc/self/statm", encoding="ascii") as stream:  # noqa: PTH123
        return int(stream.read().split()[0]) * resource.getpagesize()


def judge(data: bytes, declared: Population | None) -> Outcome:
    """Decode, gate and score one film.

    Args:
        data: the content of the file.
        declared: the population of films that state no age.
    """
    began = time.monotonic()
    seen, marks = Seen(), list[Finding]()
    try:
        for seen in look(data, declared, eyes()):
            if seen.note is not None:
                return _taken_back(seen.note, seen.facts, began)
            if refusal := _gate_policy.refusal(seen.findings):
                message = f"{refusal.message}; {refusal.remedy}"
                return Outcome(Verdict.REFUSED, seen.facts, _since(began), code=refusal.code.value, message=message)
            marks += seen.findings
        return _scored(seen, marks, began)
    except BaseException as error:  # noqa: BLE001  (a decoder's fault must cost one film; one in Rust panics with this)
        code, message = fault_of(error)
        return Outcome(Verdict.FAILED, seen.facts, _since(began), code=code, message=message)


def _since(began: float) -> float:
    return (time.monotonic() - began) * 1000.0


def _taken_back(note: RejectionNote, facts: FilmFacts, began: float) -> Outcome:
    images = f"{len(note.instance_uids)} image{'' if len(note.instance_uids) == 1 else 's'}"
    message = f"a note by which its sender takes back {images} of the study ({note.reason}); it is no film to be read"
    return Outcome(Verdict.REFUSED, facts, _since(began), code=REJECTION_NOTE, message=message, note=note)


def _scored(seen: Seen, marks: list[Finding], began: float) -> Outcome:
    score = seen.score
    if score is None or not math.isfinite(score.logit):
        message = "the model gave no number for it; export the film again"
        return Outcome(Verdict.FAILED, seen.facts, _since(began), code="no-score", message=message)
    facts = replace(seen.facts, marks=" ".join(dict.fromkeys(found.code.value for found in marks)) or None)
    return Outcome(Verdict.SCORED, facts, _since(began), score.logit, score.map, seen.unlikeness)
