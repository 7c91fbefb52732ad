"""Judgements for a person: the documents of `daemon.acceptance.document` as lines of text; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_RATES: Final = (
    ("sensitivity", "sensitivity"),
    ("specificity", "specificity"),
    ("first_sensitivity", "sensitivity of first"),
    ("first_specificity", "specificity of first"),
    ("auc", "AUC"),
)


def gathered_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """What there is to judge by."""
    bundle = document["bundle"]
    yield f"{bundle['name']} ({bundle['model_sha256'][:12]}), judged on {document['source']}"
    for who, films in document["films"].items():
        yield f"  {who:<10}{films['pneumonia']:>6,} with pneumonia {films['without']:>6,} without"
    for why, count in document["left_out"].items():
        yield f"  {count:,} left out: {why}"
    for code, count in document["refused_and_failed_by"].items():
        yield f"    {code:<24}{count:>6,}"
    if not document["patients_known"]:
        yield "  patients are not known: each film is taken for a patient, and intervals may be too narrow"


def judgement_lines(who: str, document: Mapping[str, Any]) -> Iterator[str]:
    """One population: the bundle's own point beside the refitted one."""
    own, refit = document["bundle"], document["refit"]
    yield f"{who}, {document['policy']} by the bundle"
    yield f"  {'':<24}{'the bundle as it is':<30}{'refitted here, cross-validated' if refit else ''}".rstrip()
    for name, words in (("threshold", "next from logit"), ("first_threshold", "first from logit")):
        yield _beside(words, _number(own[name]), None if refit is None else _number(refit[name]))
    for name, words in _RATES:
        yield _beside(words, rate_words(own[name]), None if refit is None else rate_words(refit[name]))
    yield _beside("calibration error", _error(own), None if refit is None else _error(refit))
    at = f"{100 * document['prevalence']['stated_at']:.3g} %"
    yield _beside("PPV", _ppv(own), None if refit is None else _ppv(refit))
    yield _beside("missed in 1,000 films", _misses(own), None if refit is None else _misses(refit))
    yield f"  the last three hold at a prevalence of {at}, that of {document['prevalence']['of']}"
    yield from _share(who, document["prevalence"])
    if (unscored := document["unscored_pneumonia"]) and unscored["value"] is not None:
        yield f"  of the films with pneumonia {100 * unscored['value']:.1f} % got no score"
    if document["refit_not_possible"]:
        yield f"  it cannot be refitted: {document['refit_not_possible']}"


def _share(who: str, prevalence: Mapping[str, Any]) -> Iterator[str]:
    found = prevalence["among_the_films"]
    if found["value"] is None:
        return
    if not prevalence["of_the_site"]:
        yield f"  in the folder {100 * found['value']:.3g} % have pneumonia, which says nothing of this site"
        return
    between = f"{100 * found['low']:.3g} to {100 * found['high']:.3g}"
    yield f"  of what the readers saw {100 * found['value']:.3g} % ({between}) had pneumonia"
    yield f"  nothing is set by that: write [prevalence] {who} = {found['value']:.3g} to have it used"


def decision_lines(who: str, side: Mapping[str, Any], points: str) -> Iterator[str]:
    """What the rule says of the points that were asked for."""
    yield f"{who}: {'accepted' if side['accepted'] else 'NOT ACCEPTED'}, by {points}"
    yield from (f"  {reason}" for reason in side["reasons"])


def changes_line(found: Mapping[str, Any]) -> str:
    """What the refitted points change for the studies that wait."""
    if not found["scored"]:
        return "no study with a score waits"
    moves = [f"{m['studies']:,} from {_band(m['from'])} to {_band(m['to'])}" for m in found["moves"]]
    how = f": {', '.join(moves)}" if moves else ""
    some = f"{found['change_band']:,} of {found['scored']:,} waiting studies"
    return f"by the refitted points {some} change their band{how}"


def kept_lines(kept: Mapping[str, Any]) -> Iterator[str]:
    """A judgement that the store keeps."""
    verdict = "accepted" if kept["accepted"] else "not accepted"
    points = ", refitted points" if kept["points"] else ""
    revoked = f", revoked {kept['revoked_at'][:10]} by {kept['revoked_by']}" if kept["revoked_at"] else ""
    yield (
        f"{kept['judgement']:>4}  {kept['at'][:10]}  {kept['population']:<9} {verdict}{points}{revoked}: "
        f"{kept['bundle']['name']} ({kept['bundle']['model_sha256'][:12]}), by {kept['by']}, on {kept['source']}"
    )
    judged = (kept["figures"] or {}).get("judged")
    if judged:
        said = [f"{words} {rate_words(judged[name])}" for name, words in (_RATES[0], _RATES[1], _RATES[4])]
        yield f"      {'; '.join(said)}"
        if judged["worth"]:
            at = f"{100 * judged['worth']['prevalence']:.3g} %"
            yield f"      PPV {_ppv(judged)}, missed in 1,000 films {_misses(judged)}, at a prevalence of {at}"


def rate_words(rate: Mapping[str, Any]) -> str:
    """0.951 (0.930 to 0.967), or a dash."""
    if rate["value"] is None:
        return "-"
    return f"{rate['value']:.3f} ({rate['low']:.3f} to {rate['high']:.3f})"


def _beside(words: str, own: str, refit: str | None) -> str:
    return f"  {words:<24}{own:<30}{refit or ''}".rstrip()


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _error(side: Mapping[str, Any]) -> str:
    low, high = side["calibration_error_ci"]
    return f"{side['calibration_error']:.3f} ({low:.3f} to {high:.3f})"


def _ppv(side: Mapping[str, Any]) -> str:
    found = side["worth"]
    return "-" if found is None else f"{found['ppv']:.3f} ({found['ppv_ci'][0]:.3f} to {found['ppv_ci'][1]:.3f})"


def _misses(side: Mapping[str, Any]) -> str:
    found = side["worth"]
    if found is None:
        return "-"
    low, high = found["misses_per_1000_ci"]
    return f"{found['misses_per_1000']:.1f} ({low:.1f} to {high:.1f})"


def _band(band: str) -> str:
    return band.replace("_", " ")
