"""How the layers of a network follow each other."""

from __future__ import annotations

from typing import Any

import keras


def only_reader(layer: keras.layers.Layer) -> Any:
    """The layer that reads this one's output, where it is the only one; else None."""
    nodes = layer._outbound_nodes  # no public name leads from a layer to those after it
    return nodes[0].operation if len(nodes) == 1 else None
