"""What a bundle says of the run that it came from, and whether the data given now are that run's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainer.data.sources import Film, Source
from trainer.data.terms import all_terms
from trainer.errors import TrainerError
from trainer.networks.starting_weights import asked_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trainer.recipes.recipe import Recipe
    from trainer.runs import RunRecord


def options(record: RunRecord, recipe: Recipe) -> tuple[str, ...]:
    """What ``cxr-trainer fit`` was given beyond the recipe, as words."""
    words: list[str] = []
    if record.steps not in (None, recipe.steps):
        words += ["--steps", str(record.steps)]
    if record.shrink != recipe.shrink:
        words += ["--side", str(recipe.side // record.shrink)]
    for name in ("balance", "augmentation", "preprocessing", "judge_every", "patience", "monitor"):
        value = record.configuration.get(name, getattr(recipe, name))
        if value != getattr(recipe, name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    given = asked_for(record.starting_weights)
    return (*words, "--weights", given) if given is not None else tuple(words)


def match_sources(record: RunRecord, given: Sequence[Source]) -> tuple[Source, ...]:
    """The run's sources in its order, with the weights and populations that it used and the folders given now.

    Raises:
        TrainerError: a folder is missing, or is none of the run's.
    """
    folders = {source.name: source.folder for source in given}
    names = [source.name for source in record.sources]
    for name in folders:
        if name not in names:
            cause = "it is none of the run's"
            raise TrainerError("use data folder", name, cause, f"the run was trained on {', '.join(names)}")
    for name in names:
        if name not in folders:
            cause = "the run was trained on it, and it is not given"
            raise TrainerError("find data folder", name, cause, "give it with --data")
    return tuple(Source(folders[s.name], s.weight, s.population) for s in record.sources)


def check_complete(films: Iterable[Film], contents: Iterable[str]) -> None:
    """Refuse data that lack films of the run's split.

    Raises:
        TrainerError: some are missing.
    """
    missing = len(set(contents) - {film.sha256 for film in films})
    if missing:
        cause = f"{missing} films of the run's split are not in the data given"
        raise TrainerError("export", None, cause, "give the data that the run was trained on, unchanged")


def sources_document(films: Sequence[Film], sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Name, weight, population, films and terms of each source."""
    terms = {source.name: text.partition(": ")[2] for source, text in zip(sources, all_terms(sources), strict=True)}
    return [
        {
            "name": source.name,
            "weight": source.weight,
            "population": source.population,
            "films": sum(film.source == source.name for film in films),
            "terms": terms[source.name],
        }
        for source in sources
    ]
