"""The settings of site acceptance: what the bundle must reach on the site's own films."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from daemon.root_settings import Section

if TYPE_CHECKING:
    from daemon.acceptance.rule import Limits


class LeastSensitivity(Section):
    """By population."""

    children: float = Field(default=0.88, ge=0.5, le=1)
    adults: float = Field(default=0.85, ge=0.5, le=1)


class AcceptanceSettings(Section):
    """`[acceptance]`: limits of the rule that decides; how many films it takes is no setting."""

    least_sensitivity: LeastSensitivity = LeastSensitivity()
    least_auc: float = Field(default=0.80, ge=0.5, le=1)
    most_refused: float = Field(default=0.20, ge=0, le=1)

    @property
    def limits(self) -> Limits:
        """As the rule takes them."""
        from daemon.acceptance.rule import Limits
        from models.population import Population

        least = self.least_sensitivity
        by_population = {Population.CHILDREN: least.children, Population.ADULTS: least.adults}
        return Limits(by_population, self.least_auc, self.most_refused)
