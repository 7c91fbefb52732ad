"""The rules that a bundle's scores are judged by at this site: its own, with what the site refitted; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from daemon.triage.rules import Rules, Site, rules_of
from models.population import Population

if TYPE_CHECKING:
    from daemon.acceptance.standing import Acceptance, Identity
    from models.operating_points import GroupPolicy, OperatingPoint
    from models.population import AgeGroup


def rules_under(
    points: Mapping[Population, OperatingPoint],
    policies: Mapping[AgeGroup, GroupPolicy],
    identity: Identity,
    acceptance: Acceptance,
    site: Site | None = None,
) -> Rules:
    """As `daemon.triage.rules.rules_of`, for a bundle under what the site accepted.

    Args:
        points, policies: of the bundle.
        identity: of the bundle; what was accepted of another changes nothing.
        acceptance: how the bundle in use stands.
        site: the site's prevalences.
    """
    same = identity == acceptance.identity
    accepted = frozenset[Population | None](acceptance.accepted if same else ())
    if same and acceptance.whole:
        accepted |= {None}
    return rules_of(acceptance.applied(points, identity), policies, site, accepted)
