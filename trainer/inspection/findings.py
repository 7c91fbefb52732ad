"""What the figures of an inspection mean, in words and in order of weight; pure, and it looks at nothing but them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Final

from trainer.data.films import CLASSES
from trainer.inspection.confounds import GREY_LEVELS, OUTSIDE, TOGETHER
from trainer.inspection.document import EVERYWHERE
from trainer.inspection.panel import as_words

Figures = Mapping[str, Any]


class Weight(IntEnum):
    """How much a finding matters to whoever trains on the films."""

    SERIOUS = 0  # figures would be wrong, or the network would learn something else
    CAUTION = 1
    NOTE = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; `size` orders those of one weight, the largest first."""

    code: str
    weight: Weight
    source: str
    text: str
    size: float = 0.0

    def as_figures(self) -> dict[str, Any]:
        """For the document."""
        return {**asdict(self), "weight": self.weight.name.lower()}


SERIOUS_AUC: Final = 0.70  # lower end of the interval
CAUTION_AUC: Final = 0.55
_SOFT: Final = (*GREY_LEVELS, TOGETHER, "age", "sex")  # of the disease, too, or of who falls ill
_SHAPE: Final = ("width", "height", "aspect")
_SMALL: Final = 224  # pixels: a film of a smaller side is enlarged before the network sees it


def findings(document: Figures) -> list[Finding]:
    """All findings of a document, the weightiest first."""
    found = [*_across(document)]
    for name, source in document["sources"].items():
        if not source["films"]:
            text = f"{name} holds no film that can be read"
            found.append(Finding("no-films", Weight.SERIOUS, name, text, 9.0))
            continue
        for part in (_classes, _patients, _looks, _people, _labels):
            found += part(name, source)
        found += _confounds(name, source["confounds"], source)
    return sorted(found, key=lambda finding: (finding.weight, -finding.size, finding.source, finding.code))


def _across(document: Figures) -> Iterator[Finding]:
    """What concerns all sources together."""
    where = EVERYWHERE
    leaks = document.get("leaks")
    if leaks and (leaks["patients"] or leaks["ages"]):
        text = (
            f"the split leaks: {leaks['patients']} patients with {leaks['films']:,} films lie in two parts"
            f", and {leaks['ages']} ages of patients who are not named"
        )
        yield Finding("split-leaks", Weight.SERIOUS, where, text, 10.0)
    if leaks and leaks["unnamed"]:
        text = f"the split does not name {leaks['unnamed']:,} of the films"
        yield Finding("split-unnamed", Weight.CAUTION, where, text)
    exact, near = document["exact_duplicates"], document["near_duplicates"]
    if near["across_parts"]:
        text = f"{_many(near['across_parts'], 'pair')} of near duplicates in two parts of the split"
        yield Finding("near-duplicates-in-two-parts", Weight.SERIOUS, where, text, 10.0)
    conflicts = exact["across_classes"] + near["across_classes"]
    if conflicts:
        text = f"{_many(conflicts, 'picture')} in two classes at once"
        yield Finding("one-picture-two-labels", Weight.SERIOUS, where, text, 8.0)
    for name, groups in exact["by_source"].items():
        text = f"{_many(groups, 'group')} of files in {name}, the same to the byte: split by content, too"
        yield Finding("exact-duplicates", Weight.CAUTION, name, text, 5.0)
    strangers = exact["across_patients"] + near["across_patients"]
    if strangers:
        text = f"{_many(strangers, 'picture')} of two patients at once: what names the patients does not tell all apart"
        yield Finding("one-picture-two-patients", Weight.CAUTION, where, text, 5.0)
    for each in near["between"]:
        first, second = each["sources"]
        if first == second:
            text = f"{_many(each['pairs'], 'pair')} of near duplicates within {first}"
        else:
            text = (
                f"{each['films'][1]} of {document['sources'][second]['films']} films of {second} are also in {first},"
                f" {each['other_size']} at another size: never train on one and test on the other"
            )
        yield Finding("near-duplicates", Weight.SERIOUS if first != second else Weight.CAUTION, second, text, 6.0)
    yield from _confounds(where, document["confounds"], None)


def _classes(name: str, source: Figures) -> Iterator[Finding]:
    classes = source["classes"]
    missing = source["missing_classes"]
    other = {each: figures["films"] for each, figures in classes.items() if each not in CLASSES}
    told = ", ".join(f"{each} ({films} films)" for each, films in other.items())
    if len(missing) == len(CLASSES):
        text = f"{name} has neither NORMAL nor PNEUMONIA, only {told}: it cannot train or validate by class"
        yield Finding("no-class", Weight.SERIOUS, name, text, 7.0)
    elif missing:
        text = f"{name} has one class only: there is no film of {missing[0]}, so its look would tell the label"
        yield Finding("one-class", Weight.SERIOUS, name, text, 7.0)
    if other and len(missing) < len(CLASSES):
        text = f"{name} has other class folders, which training leaves alone: {told}"
        yield Finding("other-classes", Weight.NOTE, name, text)
    for each in other:
        if each.upper() in CLASSES:
            text = f"the folder {each} of {name} is left alone: call it {each.upper()}"
            yield Finding("class-misspelt", Weight.SERIOUS, name, text, 9.0)
    if source["unreadable"]:
        text = f"{_many(source['unreadable'], 'file')} of {name} cannot be read as a film"
        yield Finding("unreadable", Weight.CAUTION, name, text, 4.0)
    counts = [classes[each]["films"] for each in CLASSES if each in classes]
    if len(counts) == 2 and max(counts) > 2 * min(counts):
        text = f"{name} is uneven: {counts[0]:,} NORMAL, {counts[1]:,} PNEUMONIA"
        yield Finding("uneven-classes", Weight.NOTE, name, text)


def _patients(name: str, source: Figures) -> Iterator[Finding]:
    patients, by_file = source["patients"], source["by_file"]
    if patients["with_several"]:
        text = (
            f"{patients['with_several']:,} of {patients['named']:,} patients of {name} have several films (up to"
            f" {patients['most_films']}, {patients['films_of_several']:,} in all): split by patient"
        )
        if by_file["patients"]:
            text += (
                f"; by file (15 %), {by_file['patients']:,} patients with {by_file['films']:,} films lie in both parts"
            )
        weight = Weight.SERIOUS if by_file["patients"] else Weight.CAUTION
        yield Finding("several-films", weight, name, text, by_file["films"] / max(source["films"], 1))
    if patients["bounded_films"]:
        text = (
            f"{patients['bounded_films']:,} films of {name} name no patient: age and sex bound them to"
            f" {patients['bounds']} groups, so splits take blocks of age with a guard year"
        )
        yield Finding("patients-bounded", Weight.CAUTION, name, text, 3.0)
    if patients["unnamed_films"]:
        text = f"{patients['unnamed_films']:,} films of {name} name no patient: each counts as a patient of its own"
        yield Finding("patients-unknown", Weight.CAUTION, name, text, 3.0)


def _looks(name: str, source: Figures) -> Iterator[Finding]:
    films, classes = source["films"], source["classes"]
    if source["square"] == films > 1:
        size = source["one_size"] or "square"
        text = f"all {films:,} films of {name} are {size}: squashed or cropped to a square, the aspect ratio is lost"
        yield Finding("squashed", Weight.CAUTION, name, text, 2.0)
    elif source["one_size"] and films > 1:
        yield Finding("one-size", Weight.NOTE, name, f"all {films:,} films of {name} are {source['one_size']}")
    if source["flat"] > 0.5 * films:
        text = f"{name} is contrast-equalised: {source['flat']:,} of {films:,} films have a flat histogram"
        yield Finding("equalised", Weight.CAUTION, name, text, 2.0)
    modes = {mode for figures in classes.values() for mode in figures["modes"]}
    if len(modes) > 1:
        by_class = "; ".join(f"{each}: {_listed(figures['modes'])}" for each, figures in classes.items())
        yield Finding("modes", Weight.NOTE, name, f"films of {name} are stored in several modes ({by_class})")
    qualities = [figures["quality"] for figures in classes.values() if figures["quality"]]
    if qualities:
        least, most = min(q["least"] for q in qualities), max(q["most"] for q in qualities)
        if least == most:
            text = f"all films of {name} are JPEG of quality {least:.0f}: encoded by one hand, likely again"
            yield Finding("one-quality", Weight.NOTE, name, text)
        else:
            each = ", ".join(
                f"{name} {f['quality']['median']:.0f} (median)" for name, f in classes.items() if f["quality"]
            )
            text = f"JPEG quality in {name} is from {least:.0f} to {most:.0f}: {each}"
            yield Finding("qualities", Weight.NOTE, name, text)
    small = min(min(f["width"]["least"], f["height"]["least"]) for f in classes.values())
    if small < _SMALL:
        text = f"the smallest side of a film of {name} is {small:.0f} pixels, below the network's {_SMALL}"
        yield Finding("small", Weight.NOTE, name, text)


def _people(name: str, source: Figures) -> Iterator[Finding]:
    ages, films = source["ages"], source["films"]
    if ages["unknown"]:
        population = source["population"]
        then = f"all count as {population}, as --data says" if population else "their population is unknown"
        text = f"the age is unknown for {ages['unknown']:,} of {films:,} films of {name}: {then}"
        yield Finding("ages-unknown", Weight.NOTE if population else Weight.CAUTION, name, text, 1.0)
    if ages["under_18"] and ages["under_18"] + ages["unknown"] < films:
        years = ages["years"]
        text = (
            f"{ages['under_18']} films of {name} are of patients under 18, among adults"
            f" (ages {years['least']:.0f} to {years['most']:.0f})"
        )
        yield Finding("under-18", Weight.CAUTION, name, text, 1.0)
    views = {view for figures in source["classes"].values() for view in figures["views"]}
    if views == {"unknown"}:
        yield Finding("views-unknown", Weight.NOTE, name, f"the view (PA, AP) is unknown for all films of {name}")


def _labels(name: str, source: Figures) -> Iterator[Finding]:
    for column, classes in source["panel"].items():
        wrong = sum(
            c["yes"] if CLASSES.get(n) == 0 else c["read"] - c["yes"] for n, c in classes.items() if n in CLASSES
        )
        read = sum(counts["read"] for each, counts in classes.items() if each in CLASSES)
        text = f"labels of {name} against readers: {as_words(column, classes)}; {wrong} of {read} labels disagree"
        yield Finding("labels-disagree", Weight.SERIOUS if wrong > 0.1 * read else Weight.NOTE, name, text, 0.6)
    yield Finding("terms", Weight.NOTE, name, f"terms of {name}: {source['terms']}", -1.0)


def _confounds(name: str, told: Figures, source: Figures | None) -> Iterator[Finding]:
    """Features that tell the label by themselves, by the lower end of their interval."""
    for feature, t in told.items():
        if t["low"] < CAUTION_AUC or feature == OUTSIDE:
            continue
        if feature not in ("source", TOGETHER) and "source" in told and t["low"] < told["source"]["high"]:
            continue  # over several sources: it may tell the source, and by that the label
        serious = t["low"] >= SERIOUS_AUC and feature not in _SOFT
        about = _about(feature, source) if source is not None else ""
        alone = (
            "what is not the lungs, all features together, tells" if feature == TOGETHER else f"{feature} alone tells"
        )
        if feature in GREY_LEVELS:
            about = " (which the disease changes, too)"
        text = f"{alone} the label in {name}: AUC {_interval(t)}{about}"
        if feature == "view":
            text = f"view follows class in {name}{about}; view alone has AUC {_interval(t)}"
        if feature == TOGETHER and OUTSIDE in told:
            text += f"; without the grey levels {_interval(told[OUTSIDE])}"
        code = f"confound-{feature.replace(' ', '-')}"
        yield Finding(code, Weight.SERIOUS if serious else Weight.CAUTION, name, text, t["auc"])


def _about(feature: str, source: Figures) -> str:
    """The figures by class behind a feature."""
    classes = {name: source["classes"][name] for name in CLASSES if name in source["classes"]}
    if feature == "view":
        views = {view for figures in classes.values() for view in figures["views"] if view != "unknown"}
        first = max(sorted(views), key=lambda view: classes["NORMAL"]["views"].get(view, 0))
        shares = [f"{c['views'].get(first, 0) / c['films'] * 100:.0f} % of {name}" for name, c in classes.items()]
        return f": {first} {', '.join(shares)}"
    if feature in _SHAPE:
        sizes = [
            f"{name} {c['width']['median']:.0f} x {c['height']['median']:.0f}, aspect {c['aspect']['median']:.2f}"
            for name, c in classes.items()
        ]
        return f" (medians: {'; '.join(sizes)})"
    key = {"JPEG quality": "quality", "age": "ages"}.get(feature)
    if key is not None:
        medians = [f"{name} {c[key]['median']:.0f}" for name, c in classes.items() if c[key]]
        return f" (medians: {', '.join(medians)})"
    if feature == "colour mode":
        modes = [f"{name}: {_listed(c['modes'])}" for name, c in classes.items()]
        return f" ({'; '.join(modes)})"
    return ""


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _interval(t: Mapping[str, float]) -> str:
    return f"{t['auc']:.2f} ({t['low']:.2f} to {t['high']:.2f})"
