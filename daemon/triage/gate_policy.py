"""What this site does about findings: refuse the film, or score it and mark it; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from models.findings import Finding, FindingCode
from models.tag_gate import MODALITIES


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """The site's rules.

    Attributes:
        modalities: of which it takes films.
        mark: findings that do not refuse a film: it is scored, listed apart, and never ranked against validated films.
    """

    modalities: frozenset[str] = MODALITIES
    mark: frozenset[FindingCode] = frozenset()

    def refusal(self, findings: Iterable[Finding]) -> Finding | None:
        """The first finding that refuses a film, or None."""
        return next((finding for finding in findings if finding.code not in self.mark), None)

    def holds(self, *, refused_for: str | None, modality: str | None, marks: Iterable[str]) -> bool:
        """Whether what was decided about a film under earlier rules would be decided alike under these.

        Args:
            refused_for: the code that it was refused with; None where it was not refused.
            modality: of the film, as far as it was said.
            marks: codes that it was marked with.
        """
        if refused_for == FindingCode.MODALITY.value and modality in self.modalities:
            return False
        if refused_for == FindingCode.PROCESSED.value and "SC" in self.modalities:  # perhaps a capture, and no more
            return False
        is_taken = not modality or modality in self.modalities or FindingCode.MODALITY in marks
        if refused_for is None and not is_taken:
            return False
        return refused_for not in self.mark and set(marks) <= self.mark

    def sentences(self) -> tuple[str, ...]:
        """The rules as a reader of the report has to know them."""
        taken = f"Films of modality {' or '.join(sorted(self.modalities))} are taken, and those that name none."
        if not self.mark:
            return taken, "What speaks against a film refuses it."
        marked = ", ".join(sorted(self.mark))
        return taken, f"Marked instead of refused here: {marked}. All else that speaks against a film refuses it."


BY_DEFAULT: Final = GatePolicy()
