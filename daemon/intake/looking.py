"""Looks at a film step by step, the cheapest first; whoever looks decides after each step whether to go on.

The worker stops at the first finding that refuses a film, so that most of what does not belong here is never decoded.
`cxr-triage explain` goes on to the end. Both take the same steps: what is explained is what was done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from db.records import FilmFacts
from models.contract import VERSIONS, Preprocessing
from models.film_statistics import statistics_of, written
from models.gate import against_tags, pixel_findings, population_findings
from models.key_object import KEY_OBJECT, RejectionNote, read_note
from models.pixel_gate import PixelGate, gate_of
from models.population import population_of_age
from models.radiograph import FilmFormat, FilmTags, Radiograph, UnreadableFilm, read_radiograph, sniff
from models.scorer import Score, Scorer
from models.tag_gate import believed, tag_findings, tier

if TYPE_CHECKING:
    from models.bundle import Bundle, GroupPolicy
    from models.findings import Finding
    from models.population import AgeGroup, Population


@dataclass(frozen=True, slots=True)
class Eyes:
    """What films are looked at with; made once a process, since an interpreter cannot be sent between processes.

    Attributes:
        gate: of the bundle; None where it has none.
        policies: the bundle's, by age group.
        modalities: those that the site takes films of.
    """

    scorer: Scorer
    gate: PixelGate | None
    preprocess: Preprocessing
    policies: Mapping[AgeGroup, GroupPolicy]
    modalities: frozenset[str]

    @classmethod
    def of(cls, bundle: Bundle, modalities: frozenset[str]) -> Self:
        """The eyes of a bundle.

        Raises:
            ModelsError: its model cannot be loaded, or is not the one that it describes.
        """
        scorer = Scorer(bundle)
        return cls(scorer, gate_of(bundle, scorer), VERSIONS[bundle.preprocessing], bundle.policies, modalities)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a film after a step.

    Attributes:
        facts: what the file says of itself, and what was concluded from it.
        findings: of this step alone.
        note: what it takes back, where it is no film but a rejection note; no step follows.
        unlikeness: see `models.pixel_gate`; None without a score, or without a gate.
    """

    facts: FilmFacts = FilmFacts()  # noqa: RUF009 - frozen
    findings: tuple[Finding, ...] = ()
    tags: FilmTags | None = None
    note: RejectionNote | None = None
    film: Radiograph | None = None
    score: Score | None = None
    unlikeness: float | None = None


def look(data: bytes, declared: Population | None, eyes: Eyes) -> Iterator[Seen]:
    """The steps of a look: format, header, who is on it, picture, network. A decoder may raise whatever it raises.

    Args:
        data: the content of the file.
        declared: the population of films that state no age.
        eyes: to look with.
    """
    kind = sniff(data)
    seen = Seen(facts_of(kind, None, declared))
    yield seen
    if kind is FilmFormat.DICOM:
        from models.dicom import read_tags  # pydicom costs 0.2 s to import

        tags = read_tags(data)
        if tags.sop_class == KEY_OBJECT and (note := read_note(data)) is not None:
            yield Seen(facts_of(kind, tags, declared), tags=tags, note=note)
            return
        seen = Seen(facts_of(kind, tags, declared), tag_findings(tags, eyes.modalities), tags)
        yield seen
    seen = replace(seen, findings=population_findings(seen.facts.age_years, declared, eyes.policies))
    yield seen  # a header costs less than a picture
    film = read_radiograph(data)
    measures = written(statistics_of(film.pixels, film.width, film.height))
    seen = replace(seen, findings=pixel_findings(film), film=film, facts=replace(seen.facts, measures=measures))
    yield seen
    if eyes.gate is not None:
        seen = replace(seen, findings=_against(eyes.gate.picture_findings(film), film))
        yield seen
    score = eyes.scorer.score(eyes.preprocess(film))
    seen = replace(seen, findings=(), score=score)
    if eyes.gate is not None and score.gate is not None:
        unlikeness = eyes.gate.unlikeness(score.gate)
        seen = replace(seen, findings=_against(eyes.gate.findings(score.gate), film), unlikeness=unlikeness)
    yield seen


def _against(found: tuple[Finding, ...], film: Radiograph) -> tuple[Finding, ...]:
    return tuple(against_tags(finding, film.tags) for finding in found)


def fault_of(error: BaseException) -> tuple[str, str]:
    """Why a look ended before its end: code and sentence; a decoder in Rust panics with a BaseException."""
    match error:
        case UnreadableFilm():
            return error.code.value, f"{error.cause}; {error.remedy}"
        case MemoryError():
            cause = "decoding asks for more memory than a film may use"
            return "too-much-memory", f"{cause}; export the film again, uncompressed"
        case _:
            return "decoder-failed", f"decoding failed ({type(error).__name__}); export the film again"


def facts_of(kind: FilmFormat, tags: FilmTags | None, declared: Population | None) -> FilmFacts:
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
