"""The queue as pictures: how many studies have which probability, and how many have waited for how long; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from daemon.report.charts import PROBABILITY, WAITING, Chart, histogram
from daemon.report.expected import expected
from daemon.report.inputs import ReportInputs
from daemon.triage.order import QueueStudy


def charts_of(studies: Sequence[QueueStudy], inputs: ReportInputs) -> tuple[Chart, ...]:
    """The pictures above the account: studies by probability, and by time waited."""
    now = inputs.written_at
    scored = ((study.probability, study.band) for study in studies if study.probability is not None)
    waits = (((now - study.arrived_at) / timedelta(hours=1), study.band) for study in studies)
    counts = Counter(study.population for study in studies if study.probability is not None and study.population)
    usual = expected(counts, inputs.logits, inputs.points, inputs.prevalence, PROBABILITY.edges)
    title = "Studies by probability of pneumonia" + ("; dashed: as the bundle's own films lie" if usual else "")
    return (
        histogram("probability", title, PROBABILITY, scored, usual),
        histogram("waiting", "Studies by time waited", WAITING, waits),
    )
