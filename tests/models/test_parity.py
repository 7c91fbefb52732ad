"""Training saw squashed copies of 224 x 224; the daemon sees films of full size. Both must give the same tensor."""

from __future__ import annotations

from statistics import mean

import numpy as np
import pytest
from builders.parts import shared_data

from models.contract import VERSIONS
from models.gate import findings
from models.radiograph import read_radiograph

# By version: mean distance of grey levels 0..1 over all films, the largest of one film, the least correlation. Measured
# 0.0105, 0.0143, 0.9969 (recompression at quality 75 and an unknown kernel are in them); 0.0045, 0.0067, 0.9992;
# 0.0033, 0.0055, 0.9996; 0.0035, 0.0073, 0.9995.
LIMITS = {1: (0.015, 0.02, 0.995), 2: (0.006, 0.009, 0.999), 3: (0.0045, 0.007, 0.999), 4: (0.0045, 0.009, 0.999)}


@pytest.mark.shared
@pytest.mark.parametrize("version", VERSIONS)
def test_a_full_size_film_gives_the_tensor_of_its_training_copy(version: int) -> None:
    """Over all 160 films that the two folders share, whatever their size, shape and colour mode."""
    mean_distance, largest_distance, least_correlation = LIMITS[version]
    data = shared_data()
    distances, correlations = [], []
    for full in sorted((data / "kermany-fullsize").glob("*/*.jp*g")):
        small = data / "kermany-224" / full.parent.name / full.name
        pair = [VERSIONS[version](read_radiograph(path.read_bytes())) for path in (full, small)]
        distances.append(float(np.abs(pair[0] - pair[1]).mean()))
        correlations.append(float(np.corrcoef(pair[0].ravel(), pair[1].ravel())[0, 1]))
    assert len(distances) == 160
    assert mean(distances) < mean_distance
    assert max(distances) < largest_distance
    assert min(correlations) > least_correlation


@pytest.mark.shared
@pytest.mark.parametrize(
    "folder", ["kermany-fullsize", "kermany-224", "rsna-adult-dev", "nih-adult-dev", "hannover-covid"]
)
def test_the_gate_lets_every_real_film_through(folder: str) -> None:
    """Grey or saved as RGB, small or large (every seventh film of the larger sets)."""
    paths = sorted((shared_data() / folder).glob("*/*.jp*g"))
    for path in paths[:: 1 if len(paths) < 300 else 7]:
        assert findings(read_radiograph(path.read_bytes())) == (), path.name
