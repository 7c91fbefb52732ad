"""Reads a state dictionary out of a legacy PyTorch file without PyTorch; it knows no network.

The format is that of before PyTorch 1.6: four pickles, then the raw storages. A pickle can run code, so only the five
names that such a file needs are ever resolved.
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

MAGIC: Final = 0x1950A86A20F9469CFC6C
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
            "read starting weights", path, str(error), "give a .pth file of before PyTorch 1.6, whole"
        ) from error
