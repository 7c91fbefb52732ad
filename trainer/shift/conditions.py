"""The corruptions of the benchmark by name, and how far each of their three severities goes; it changes no pixel.

A severity is a number of the world that the film comes from (a stop of exposure, a JPEG quality, a degree), chosen by
what happens in departments and not by what a network bears; nothing here was tuned on a score. Training's augmentation
(`trainer.data.augment`) shares neither code nor parameters with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class Corruption(StrEnum):
    """What happened to the film."""

    UNDEREXPOSED = "underexposed"
    OVEREXPOSED = "overexposed"
    GAMMA_DARK = "gamma-dark"
    GAMMA_BRIGHT = "gamma-bright"
    LOW_CONTRAST = "low-contrast"
    NARROW_WINDOW = "narrow-window"
    SIGMOID_WINDOW = "sigmoid-window"
    CLAHE = "clahe"
    GRADIENT = "gradient"
    DEPTH = "depth"
    BLUR = "blur"
    NOISE = "noise"
    JPEG = "jpeg"
    RESIZE = "resize"
    CROP = "crop"
    ASPECT = "aspect"
    ROTATION = "rotation"
    BORDER = "border"
    MARKERS = "markers"


class Severity(IntEnum):
    """How far it went."""

    MILD = 1  # seen every week
    MODERATE = 2  # seen, and remarked on
    STRONG = 3  # about as far as a film that is still read goes


Levels = tuple[float, float, float]
LEVELS: Final[Mapping[Corruption, Levels]] = {
    # Half a stop, one and one and a half (exposure times 1.4, 2, 2.8), where nobody evens it out: of a film whose grey
    # goes over two decades of exposure a doubling is log10(2) / 2 = 0.15 of the range. What leaves the range is lost.
    Corruption.UNDEREXPOSED: (0.075, 0.15, 0.225),
    Corruption.OVEREXPOSED: (0.075, 0.15, 0.225),
    # Exponent. 2.2 is that of a display, taken off or put on once too often; 1.25 lies between a print and the DICOM
    # display function (PS3.14).
    Corruption.GAMMA_DARK: (1.25, 1.6, 2.2),
    Corruption.GAMMA_BRIGHT: (1.25, 1.6, 2.2),
    # Share of the 256 levels that the film still fills: exports that window the whole of 12 or 16 stored bits leave a
    # film some fifty of them.
    Corruption.LOW_CONTRAST: (0.6, 0.35, 0.2),
    # Width of a window as a share of the film's own range (1st to 99th percentile), clipped at its ends; below a half
    # either lung or mediastinum is without structure.
    Corruption.NARROW_WINDOW: (0.8, 0.65, 0.5),
    # Width of a sigmoid VOI LUT as a share of the range (DICOM PS3.3 C.11.2.1.3.1): 0.8 is nearly straight.
    Corruption.SIGMOID_WINDOW: (0.8, 0.5, 0.33),
    # Clip limit in means of a histogram's bins, over 8 x 8 tiles: 2 to 4 is what published chest pipelines use.
    Corruption.CLAHE: (1.5, 2.5, 4.0),
    # Grey levels lost towards the corners, and half as many from one side to the other: heel effect, a grid off its
    # centre (up to a third of the exposure), a film photographed on a light box.
    Corruption.GRADIENT: (0.1, 0.2, 0.3),
    # Bits. Twelve: the film as a detector had it, levels between the 256 filled in, which has to change nothing. Six
    # and four: palettes, and displays of before.
    Corruption.DEPTH: (12, 6, 4),
    # Standard deviation as a share of the shorter side; of a chest of 35 cm 0.9, 1.8 and 2.6 mm: a moving child, a
    # focal spot, a film scanned out of focus. The last takes what a thumbnail of 100 pixels takes.
    Corruption.BLUR: (0.0025, 0.005, 0.0075),
    # Standard deviation at middle grey, of quanta: 3.2 times that in white, a third in black. Four times the noise is a
    # sixteenth of the dose.
    Corruption.NOISE: (0.015, 0.03, 0.06),
    # Quality of JPEG at the film's own size, as an export writes it; 50 is a messenger's, at 10 blocks show. The
    # preprocessing's own JPEG comes after it.
    Corruption.JPEG: (50, 25, 10),
    # Share of the shorter side, or of 224 pixels where that is less, that a film was once reduced to; kernels either
    # way by chance of nearest, box and Lanczos. 0.35 is a preview of 78 pixels.
    Corruption.RESIZE: (0.7, 0.5, 0.35),
    # Share of each side that is kept, near one of the corners: at 0.76 a costophrenic angle or an apex may be gone.
    Corruption.CROP: (0.92, 0.84, 0.76),
    # Stretch in one direction, wide or tall by chance: between the median shapes of the two classes of the children's
    # set lies a factor of 1.22.
    Corruption.ASPECT: (1.08, 1.16, 1.25),
    # Degrees to either side; 15 is what the issue asks for, and a supine child turns as far.
    Corruption.ROTATION: (5, 10, 15),
    # Largest share of a side that a frame takes, black or (one film in three) white; the film shrinks into it.
    Corruption.BORDER: (0.04, 0.08, 0.14),
    # Height of burned-in letters as a share of the shorter side; one, two and four texts. A lead marker has 2 cm of 35.
    Corruption.MARKERS: (0.05, 0.07, 0.1),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A corruption at a severity, or the film as it came (both None)."""

    corruption: Corruption | None = None
    severity: Severity | None = None

    @property
    def name(self) -> str:
        """As in documents and tables: ``clean``, or ``blur-2``."""
        if self.corruption is None or self.severity is None:
            return "clean"
        return f"{self.corruption}-{self.severity.value}"


CLEAN: Final = Condition()
CONDITIONS: Final = (CLEAN, *(Condition(corruption, severity) for corruption in Corruption for severity in Severity))
HEAVIEST: Final = (CLEAN, *(Condition(corruption, Severity.STRONG) for corruption in Corruption))
