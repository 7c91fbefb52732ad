"""Real workers with the tiny model that has a gate, and the same asked by a site that marks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from builders.bundles import TINY_GATE, tiny_gate_bundle

from daemon.intake.pipes import LARGEST_ANSWER
from daemon.intake.workers import WorkerPool
from daemon.triage.gate_policy import GatePolicy
from models.bundle import Bundle, read_bundle
from models.findings import FindingCode
from models.radiograph import MAX_PIXELS

MARKS = frozenset({FindingCode.INVERTED, FindingCode.BURNED_IN, FindingCode.POPULATION, FindingCode.VIEW})


@pytest.fixture(scope="package")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return read_bundle(tiny_gate_bundle(tmp_path_factory.mktemp("bundle") / "tiny", gate=TINY_GATE))


@pytest.fixture(scope="package", params=["refuses", "marks"])
def policy(request: pytest.FixtureRequest) -> GatePolicy:
    return GatePolicy(mark=MARKS) if request.param == "marks" else GatePolicy()


@pytest.fixture(scope="package")
def pool(bundle: Bundle, policy: GatePolicy) -> Iterator[WorkerPool]:
    with WorkerPool(bundle, 2, policy, LARGEST_ANSWER + MAX_PIXELS) as pool:
        yield pool
