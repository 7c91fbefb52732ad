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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daemon.intake.sandbox import Confinement, confine
from daemon.triage.gate_policy import BY_DEFAULT, GatePolicy
from db.records import FilmFacts
from db.states import REJECTION_NOTE
from models.bundle import Bundle, GroupPolicy
from models.contract import VERSIONS
from models.findings import Finding
from models.gate import against_tags, pixel_findings, population_findings
from models.key_object import KEY_OBJECT, RejectionNote, read_note
from models.pixel_gate import PixelGate, gate_of
from models.population import AgeGroup, Population, population_of_age
from models.radiograph import FilmFormat, FilmTags, Radiograph, UnreadableFilm, read_radiograph, sniff
from models.scorer import Scorer
from models.tag_gate import believed, tag_findings, tier

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


class _Refused(Exception):  # noqa: N818 - a verdict, not a fault
    """A finding refuses the film that is being judged."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code.value)
        self.finding: Final = finding


_scorer: Scorer | None = None  # one per process, made by `start`: an interpreter cannot be sent between processes
_gate: PixelGate | None = None  # of the bundle; None where it has none
_preprocess = VERSIONS[1]
_policies: Mapping[AgeGroup, GroupPolicy] = {}
_gate_policy = BY_DEFAULT
_confinement = Confinement()


def start(bundle: Bundle, gate_policy: GatePolicy = BY_DEFAULT, address_space: int = ADDRESS_SPACE) -> None:
    """Prepare this process: load the model, then give up what scoring does not need."""
    global _scorer, _gate, _preprocess, _policies, _gate_policy, _confinement  # noqa: PLW0603
    detach()
    _scorer = Scorer(bundle)
    _gate = gate_of(bundle, _scorer)
    _preprocess = VERSIONS[bundle.preprocessing]
    _policies = bundle.policies
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
    facts = FilmFacts()
    marks: list[Finding] = []
    try:
        facts = _facts(sniff(data), None, declared)
        if facts.format == FilmFormat.DICOM:
            from models.dicom import read_tags

            tags = read_tags(data)
            facts = _facts(FilmFormat.DICOM, tags, declared)
            if tags.sop_class == KEY_OBJECT and (note := read_note(data)) is not None:
                return _taken_back(note, facts, began)
            _weigh(tag_findings(tags, _gate_policy.modalities), marks)
        _weigh(population_findings(facts.age_years, declared, _policies), marks)  # a header costs less than a picture
        film = read_radiograph(data)
        _weigh(pixel_findings(film), marks)
        return _scored(film, facts, marks, began)
    except _Refused as refused:
        message = f"{refused.finding.message}; {refused.finding.remedy}"
        code = refused.finding.code.value
        return Outcome(Verdict.REFUSED, facts, _since(began), code=code, message=message)
    except UnreadableFilm as error:
        message = f"{error.cause}; {error.remedy}"
        return Outcome(Verdict.FAILED, facts, _since(began), code=error.code.value, message=message)
    except MemoryError:
        message = "decoding asks for more memory than a film may use; export the film again, uncompressed"
        return Outcome(Verdict.FAILED, facts, _since(began), code="too-much-memory", message=message)
    except BaseException as error:  # noqa: BLE001  (a decoder's fault must cost one film; one in Rust panics with this)
        message = f"decoding failed ({type(error).__name__}); export the film again"
        return Outcome(Verdict.FAILED, facts, _since(began), code="decoder-failed", message=message)


def _since(began: float) -> float:
    return (time.monotonic() - began) * 1000.0


def _weigh(found: Iterable[Finding], marks: list[Finding]) -> None:
    """Keep the findings that mark a film.

    Raises:
        _Refused: one of them refuses it.
    """
    found = tuple(found)
    if refusal := _gate_policy.refusal(found):
        raise _Refused(refusal)
    marks += found


def _taken_back(note: RejectionNote, facts: FilmFacts, began: float) -> Outcome:
    images = f"{len(note.instance_uids)} image{'' if len(note.instance_uids) == 1 else 's'}"
    message = f"a note by which its sender takes back {images} of the study ({note.reason}); it is no film to be read"
    return Outcome(Verdict.REFUSED, facts, _since(began), code=REJECTION_NOTE, message=message, note=note)


def _scored(film: Radiograph, facts: FilmFacts, marks: list[Finding], began: float) -> Outcome:
    if _scorer is None:
        raise RuntimeError("the worker was not started")
    if _gate is not None:
        _weigh((against_tags(found, film.tags) for found in _gate.picture_findings(film)), marks)
    score = _scorer.score(_preprocess(film))
    unlikeness = None
    if _gate is not None and score.gate is not None:
        _weigh((against_tags(found, film.tags) for found in _gate.findings(score.gate)), marks)
        unlikeness = _gate.unlikeness(score.gate)
    if not math.isfinite(score.logit):
        message = "the model gave no number for it; export the film again"
        return Outcome(Verdict.FAILED, facts, _since(began), code="no-score", message=message)
    facts = replace(facts, marks=" ".join(dict.fromkeys(found.code.value for found in marks)) or None)
    return Outcome(Verdict.SCORED, facts, _since(began), score.logit, score.map, unlikeness)


def _facts(kind: FilmFormat, tags: FilmTags | None, declared: Population | None) -> FilmFacts:
    """What the store keeps about a film; an age wins over what the folder's owner declared."""
    age = tags.age_years if tags else None
    population = declared if age is None else population_of_age(age)
    tags = tags or FilmTags()
    return FilmFacts(
        format=kind.value,
        population=population.value if population else None,
        tier=tier(tags).value,
        age_years=age,
        view=tags.view or None,
        body_part=tags.body_part or None,
        modality=tags.modality or None,
        accession=tags.accession or None,
        study_uid=tags.study_uid or None,
        instance_uid=tags.instance_uid or None,
        urgency=tags.urgency or None,
        acquired_at=tags.acquired_at.isoformat(timespec="seconds") if tags.acquired_at else None,
        believed=" ".join(believed(tags)) or None,
    )
