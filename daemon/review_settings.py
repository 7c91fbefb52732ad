"""The settings of review: how many studies are read without their scores, how many low ones are looked at again."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from daemon.root_settings import Section
from daemon.triage.order import Band


class BlindShare(Section):
    """What share of the studies of each band is drawn."""

    first: float = Field(default=0.0, ge=0, le=1)
    next: float = Field(default=0.0, ge=0, le=1)
    in_turn: float = Field(default=0.0, ge=0, le=1)


class ReviewSettings(Section):
    """`[review]`: blind cases, none by default; and low films that each report names to be checked."""

    blind_share: BlindShare = BlindShare()
    check_in_turn: int = Field(default=5, ge=0, le=100)

    @property
    def shares(self) -> Mapping[Band, float]:
        """By band."""
        share = self.blind_share
        return {Band.FIRST: share.first, Band.NEXT: share.next, Band.IN_TURN: share.in_turn}
