"""Array-likes for tests: they have no more than they must, and count what is read of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


class Counting:
    """A matrix with shape, dtype and slices, and nothing else of an array."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self._array = array
        self.shape = array.shape
        self.dtype = array.dtype
        self.cells_read = 0
        self.reads = 0

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        assert isinstance(key, tuple) and all(isinstance(part, slice) for part in key)
        part = self._array[key]
        self.cells_read += part.size
        self.reads += 1
        return part.copy()


class Virtual:
    """A matrix far larger than memory, whose cells are computed: i − j, but for one outlier."""

    def __init__(self, shape: tuple[int, int], outlier: tuple[int, int] = (-1, -1)) -> None:
        self.shape = shape
        self.dtype = np.dtype(np.float16)
        self.outlier = outlier
        self.cells_read = 0

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        down, across = (np.arange(n)[part] for n, part in zip(self.shape, key, strict=True))
        self.cells_read += down.size * across.size
        values = (down[:, np.newaxis] - across) / max(self.shape)
        found = (down == self.outlier[0])[:, np.newaxis] & (across == self.outlier[1])
        return np.where(found, 7, values).astype(np.float16)


class Chunked(Counting):
    """A matrix that is read chunk by chunk, whatever is asked of it, as zarr and h5py do."""

    def __init__(self, array: npt.NDArray[Any], chunks: tuple[int, int]) -> None:
        super().__init__(array)
        self.chunks = chunks

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        part = super().__getitem__(key)
        touched = 1
        for n, chunk, slices in zip(self.shape, self.chunks, key, strict=True):
            touched *= len(np.unique(np.arange(n)[slices] // chunk)) * chunk
        self.cells_read += touched - part.size
        return part
