"""An explanation for a person: the document of `daemon.explain.document` as lines of text; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_SHOWN: Final = {  # what a header says of its picture, in this order
    "transfer_syntax": "transfer syntax",
    "photometric": "photometric interpretation",
    "samples": "samples a pixel",
    "bits_allocated": "bits allocated",
    "bits_stored": "bits stored",
    "signed": "pixel representation",
    "frames": "frames",
    "modality_lut": "modality LUT",
    "rescale_slope": "rescale slope",
    "rescale_intercept": "rescale intercept",
    "voi_lut": "VOI LUT",
    "window_centre": "window centre",
    "window_width": "window width",
    "voi_function": "VOI LUT function",
    "presentation_shape": "presentation LUT shape",
}
_WHO: Final = {
    "age": "by the age that the file states, {age:.3g} years",
    "declared": "as declared; the file states no age that is believed",
    "unknown": "the file states no age that is believed, and nobody declared who is on it",
}


def explanation_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The answer first, then what it rests on."""
    yield document["path"]
    yield from _answer(document)
    yield from _read(document)
    if document["read"] and document["read"]["format"]:
        yield from _population(document["population"])
    yield from _found(document)
    yield from _picture(document)
    yield from _score(document)
    pictures = document.get("pictures")
    if pictures:
        yield from (f"  written: {pictures[name]}" for name in ("model", "heatmap") if pictures[name])
        if pictures["reason"]:
            yield f"  not drawn: {pictures['reason']}"


def _answer(document: Mapping[str, Any]) -> Iterator[str]:
    answer = document["answer"]
    verdict = {"scored": "scored", "refused": "refused", "failed": "failed"}[answer["verdict"]]
    code = f" ({answer['code']}): {answer['message']}" if answer["code"] else ""
    marks = f", marked: {', '.join(answer['marks'])}" if answer["marks"] else ""
    yield f"  answer: {verdict}{marks}{code}"
    root = document["root"]
    if root is not None and not root["taken"]:
        yield f"  yet the daemon does not look at it: {root['path']} leaves names like this out"


def _read(document: Mapping[str, Any]) -> Iterator[str]:
    read = document["read"]
    if document["bytes"] is not None:
        kind = read["format"] if read and read["format"] else "unknown format"
        yield f"  content: {document['bytes']:,} bytes, {kind}, sha256 {document['sha256'][:12]}"
    if read is None:
        return
    outline = read["outline"]
    if outline:
        said = [f"{words} {outline[name]}" for name, words in _SHOWN.items() if name in outline]
        yield f"  stored as: {'; '.join(said)}"
        if {"voi_lut", "window_centre"} & outline.keys():
            yield "    a VOI LUT is used before a window, and neither where it would leave nothing to see"
    if read["tags"]:
        yield "  tags: " + "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in read["tags"].items())
    if read["tier"]:
        yield f"  tier: {read['tier']}; believed: {', '.join(read['believed']) or 'none of age, view and modality'}"


def _population(found: Mapping[str, Any]) -> Iterator[str]:
    why = _WHO[found["from"]].format(age=found["age_years"] or 0.0)
    policy = f": {found['policy']} ({found['reason'].rstrip('.')})" if found["policy"] else ""
    yield f"  who is on it: {found['group'] or 'unknown'}, {why}{policy}"


def _found(document: Mapping[str, Any]) -> Iterator[str]:
    findings = document["findings"]
    if findings:
        yield "  what speaks against a score:"
        yield from (f"    {each['code']} ({each['does']}): {each['message']}; {each['remedy']}" for each in findings)
    elif document["answer"]["verdict"] == "scored":
        yield "  nothing speaks against a score"
    stopped = document["stopped_by"]
    if stopped and stopped["message"] != document["answer"]["message"]:
        code = f" ({stopped['code']})" if stopped["code"] else ""
        yield f"  looked no further{code}: {stopped['message']}"
    yield f"  rules of this site: {' '.join(document['rules'])}"


def _picture(document: Mapping[str, Any]) -> Iterator[str]:
    picture, gate = document["picture"], document["gate"]
    if picture is None:
        return
    side = document["bundle"]["side"]
    yield f"  picture: {picture['width']} x {picture['height']} pixels; the model sees {side} x {side} of it"
    yield f"    shortest side{_beside(picture['least_side'])}"
    yield f"    spread of grey levels{_beside(picture['spread'])}; of colours{_beside(picture['chroma'])}"
    if gate is None:
        yield "    this model has no gate of its own"
        return
    yield f"    burnt to white{_beside(gate['white'])}; to black{_beside(gate['black'])}"
    for kind, margin in gate["margins"].items():
        yield f"    like {kind}{_beside(margin)}"
    if gate["unlikeness"] is not None:
        yield f"    unlike the films it knows{_beside(gate['unlikeness'])}"


def _beside(seen: Mapping[str, float]) -> str:
    """A value beside its limit, and a word where it lies beyond."""
    value = seen["value"]
    if "at_least" in seen:
        return f" {value:g}, at least {seen['at_least']:.3g}{' (too low)' if value < seen['at_least'] else ''}"
    return f" {value:g}, limit {seen['at_most']:.3g}{' (above)' if value > seen['at_most'] else ''}"


def _score(document: Mapping[str, Any]) -> Iterator[str]:
    score, model = document["score"], document["bundle"]
    if document["blind"]:
        yield "  blind: its study is read without its score, which is shown once there is a verdict"
        return
    if score is None:
        yield f"  no score; model {model['name']} ({model['model_sha256'][:12]})"
        return
    at = f"{100 * score['prevalence']:.3g} %"
    yield f"  score: logit {score['logit']:.3f}, probability {score['probability']:.3f} at a prevalence of {at}"
    if score["band"] is None:
        yield "    marked: it is ranked by its arrival, not by this score"
    else:
        ordered = " (ordered: none of these films is called low or first)" if score["policy"] == "ordered" else ""
        yield f"    band: {score['band'].replace('_', ' ')}{ordered}; {_bands(score['operating_point'])}"
    yield f"    model: {model['name']} ({model['model_sha256'][:12]}), preprocessing {model['preprocessing']}"
    yield f"    {document['acceptance']['sentence']}"


def _bands(point: Mapping[str, Any]) -> str:
    next_, first = point["threshold"], point["first_threshold"]
    parts = [f"{name} from {at:.3f}" for name, at in (("next", next_), ("first", first)) if at is not None]
    return f"operating point of {point['population']}: {', '.join(parts) or 'no threshold'}"
