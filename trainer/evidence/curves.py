"""The curves behind the charts, with their bands: ROC, precision-recall, reliability, scores by class; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.statistics.bootstrap import Values, band, interval, resample
from models.statistics.metrics import average_precision, equal_bins, losses, mean_interval, share_interval, wilson
from models.statistics.ranking import Ranking
from trainer.evidence.decision import rounded
from trainer.evidence.rates import calibration, confusion, discrimination, share

if TYPE_CHECKING:
    from trainer.evidence.sample import Sample

RATES: Final = np.linspace(0, 1, 101)  # of false alarms, where the ROC band is taken
RECALLS: Final = np.linspace(0.01, 1, 100)
BARS: Final = 40  # of a distribution
HALF: Final = 0.5  # the cut of the student projects


def curves(sample: Sample, draws: int) -> dict[str, Any]:
    """ROC and precision-recall: every point of the data, a 95 % band at fixed places, and the area with its interval.

    The bands are point by point: they hold the curve at each place in 95 of 100 draws of patients, not the whole curve.
    """
    found: dict[str, Any] = {
        **sample.counts(),
        **discrimination(sample, draws),
        "average_precision": None,
        "average_precision_ci": None,
        "roc": None,
        "precision_recall": None,
    }
    if not sample.both:
        return found
    ranking = Ranking(sample.labels, sample.logits)

    def drawn(statistic: Any) -> Values:
        return resample(sample.labels, sample.patients, statistic, draws=draws)

    (tp,), (fp,) = ranking.above(ranking.once)
    roc = band(drawn(lambda w: ranking.sensitivity_at(w, RATES)))
    pr = band(drawn(lambda w: ranking.precision_at(w, RECALLS)))
    return {
        **found,
        "average_precision": average_precision(sample.labels, sample.logits),
        "average_precision_ci": list(interval(drawn(ranking.average_precision))),
        "roc": {
            "threshold": rounded(ranking.thresholds),
            "false_alarm_rate": rounded(fp / fp[-1]),
            "sensitivity": rounded(tp / tp[-1]),
            "band": {"false_alarm_rate": rounded(RATES), "low": rounded(roc[0]), "high": rounded(roc[1])},
        },
        "precision_recall": {
            "threshold": rounded(ranking.thresholds),
            "recall": rounded(tp / tp[-1]),
            "precision": rounded(tp / (tp + fp)),
            "band": {"recall": rounded(RECALLS), "low": rounded(pr[0]), "high": rounded(pr[1])},
            "prevalence": sample.positives / sample.n,
        },
    }


def reliability(sample: Sample, draws: int) -> dict[str, Any]:
    """Calibration error and Brier score, and how often films of each tenth of the probabilities had pneumonia."""
    bins = []
    for part in equal_bins(sample.probabilities):
        hit = int(sample.labels[part].sum())
        bins.append(
            {
                "n": int(part.size),
                "positives": hit,
                "predicted": float(sample.probabilities[part].mean()),
                "observed": hit / part.size,
                "observed_ci": list(wilson(hit, part.size)),
            }
        )
    return {**sample.counts(), **calibration(sample, draws), "bins": bins}


def distribution(sample: Sample) -> dict[str, Any]:
    """How many films of either class lie where on the logit; thresholds are None where films have several, or none."""
    edges = np.histogram_bin_edges(sample.logits, BARS)
    alone = np.unique(sample.thresholds).size == 1 and np.unique(sample.firsts).size == 1
    alone = alone and bool(np.isfinite(sample.thresholds[0]))  # where the score only orders, no band begins
    return {
        **sample.counts(),
        "edges": rounded(edges),
        "with_pneumonia": np.histogram(sample.logits[sample.labels], edges)[0].tolist(),
        "without_pneumonia": np.histogram(sample.logits[~sample.labels], edges)[0].tolist(),
        "threshold": float(sample.thresholds[0]) if alone else None,
        "first_threshold": float(sample.firsts[0]) if alone else None,
    }


def at_half(sample: Sample, draws: int) -> dict[str, Any]:
    """What the student projects report: a film is called pneumonia where its probability reaches one half.

    Accuracy, precision and recall with Wilson's interval and one by patients; loss (cross-entropy, nats) by patients.
    """
    y, above = sample.labels, sample.probabilities >= HALF
    counts = confusion(sample, above, draws)
    found: dict[str, Any] = {**sample.counts(), "probability": HALF, **counts}
    for name, counted, among in (
        ("accuracy", y == above, np.ones_like(y)),
        ("precision", y, above),
        ("recall", above, y),
    ):
        between = share_interval(counted, among, y, sample.patients, draws=draws)
        found |= share(name, int((counted & among).sum()), int(among.sum()))
        found[f"{name}_ci_patients"] = list(between) if between is not None else None
    each = losses(y, sample.probabilities)
    found["loss"] = float(each.mean())
    found["loss_ci"] = list(mean_interval(each, y, sample.patients, draws=draws))
    return found
