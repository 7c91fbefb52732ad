"""What the student projects report that this trainer grew out of, in percent; each on a split of its own.

They stand beside the measured rows, so that nobody takes 97 % here and 97 % there for the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Reported:
    """What one project says of one network; None where it says nothing.

    Attributes:
        recipe: ours that comes nearest, and its variant (None: any).
        loss: binary cross-entropy.
    """

    project: str
    network: str
    recipe: str
    variant: str | None = None
    accuracy: float | None = None
    precision: float | None = None
    recall: float | None = None
    loss: float | None = None


PROJECTS: Final = (
    Reported("A", "sequential CNN, 2,540 augmented normals", "cnn", None, accuracy=97, recall=86),
    Reported("B", "CNN, published test split (specificity 76)", "cnn_regularised", None, accuracy=88, recall=95),
    Reported("C", "dense baseline", "dense_baseline", None, accuracy=82),
    Reported("C", "CNN with shear, zoom, flip (93 to 96)", "cnn_augmented", None, accuracy=95, loss=0.1),
    Reported("D", "InceptionV3, tuned", "inception_v3", "finetune", accuracy=76.1, loss=1.05),
    Reported("E", "MLP, original", "mlp", None, accuracy=88.40, precision=87.30, recall=89.87, loss=0.264),
    Reported("E", "MLP, finetune", "mlp", None, accuracy=89.87, precision=89.87, recall=89.87, loss=0.255),
    Reported("E", "CNN, original", "cnn", None, accuracy=94.09, precision=93.36, recall=94.94, loss=0.172),
    Reported("E", "CNN, finetune", "cnn", None, accuracy=96.20, precision=96.60, recall=95.78, loss=0.121),
    Reported(
        "E",
        "DenseNet201, original",
        "densenet201",
        "original",
        accuracy=92.83,
        precision=94.32,
        recall=91.14,
        loss=0.184,
    ),
    Reported(
        "E",
        "DenseNet201, finetune",
        "densenet201",
        "finetune",
        accuracy=94.09,
        precision=99.06,
        recall=89.03,
        loss=0.162,
    ),
)
