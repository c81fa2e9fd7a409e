"""LargeAttribution: a matrix that stays where it is, and is read where one looks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tokenviz._progress import progress_bar
from tokenviz.data.attribution import Attribution, Target, as_targets
from tokenviz.data.tokens import Token, as_tokens
from tokenviz.tiles.pyramid import Pyramid
from tokenviz.tiles.reading import Area

if TYPE_CHECKING:
    from tokenviz.widget.heatmap import AttributionHeatmap

__all__ = ["LargeAttribution"]


class LargeAttribution:
    """Signed attribution of input tokens (rows) to targets (columns), of any size.

    The values are not copied, nor read as a whole: the heatmap shows tiles of a pyramid of their
    extremes (per texel the value of the largest magnitude, its sign kept), which the kernel
    computes when somebody looks there. Coarse tiles stand for more cells than can be read in the
    meantime and are sampled, which the figure says; :meth:`pool` makes them exact.

    Parameters
    ----------
    values
        Anything of shape ``[n_tokens, n_targets]`` with ``shape``, ``dtype`` and slices: a numpy
        array or memmap, an h5py dataset, a zarr or dask array. It is read again and again: the file
        must stay open, and the values as they are. Shown as float32.
    tokens, targets
        As for :class:`Attribution`; None numbers the rows or columns from 1.
    **provenance
        ``method``, ``score``, ``baseline``, ``n_steps``, ``model``, ``seconds``, ``positions``,
        ``partial`` and ``label``, as for :class:`Attribution`.

    Raises
    ------
    TypeError, ValueError
        If the array cannot be read by slices, or names and shape disagree; the message names the
        argument.
    """

    def __init__(
        self,
        values: Any,
        tokens: Iterable[Token | str | bytes] | None = None,
        targets: Iterable[Target] | None = None,
        **provenance: Any,
    ) -> None:
        self.values = _checked(values)
        n, m = self.shape
        self.tokens: tuple[Token, ...] | None = None
        self.targets: tuple[Target, ...] | None = None
        if tokens is not None:
            self.tokens = as_tokens(tokens)
            _check_count("tokens", self.tokens, n)
        if targets is not None:
            self.targets = as_targets(targets)
            _check_count("targets", self.targets, m)
        # The words about it obey the same rules, and read the same in the figure.
        unknown = provenance.keys() - _PROVENANCE
        if unknown:
            raise TypeError(
                f"LargeAttribution has no argument {min(unknown)!r}; "
                f"known: tokens, targets, {', '.join(sorted(_PROVENANCE))}"
            )
        self.provenance = Attribution(np.zeros((0, 0)), [], [], **provenance)
        self.pyramid = Pyramid(self.values)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        n, m = self.values.shape
        return int(n), int(m)

    @property
    def label(self) -> str:
        """What the colour bar says."""
        return self.provenance.label

    def pool(self, progress: bool | None = None) -> LargeAttribution:
        """Read all values once, so that every level of the pyramid that fits in memory is exact.

        Parameters
        ----------
        progress
            True shows a progress bar, False none; None one where tqdm is installed.

        Returns
        -------
        LargeAttribution
            This one.
        """
        bar = progress_bar(self.shape[0], "pooling", "row", progress)
        try:
            self.pyramid.pool(bar.update if bar is not None else lambda rows: None)
        finally:
            if bar is not None:
                bar.close()
        return self

    def corner(self, rows: int, columns: int) -> Attribution:
        """The first rows and columns, read."""
        n, m = min(rows, self.shape[0]), min(columns, self.shape[1])
        tokens = (self.tokens or tuple(Token(str(i + 1)) for i in range(n)))[:n]
        targets = (self.targets or tuple(str(j + 1) for j in range(m)))[:m]
        values = self.pyramid.reader.read(Area(0, n, 0, m))
        return Attribution(values, tokens, targets, label=self.label)

    def show(self, **options: Any) -> AttributionHeatmap:
        """The interactive heatmap; ``options`` are the traits of :class:`AttributionHeatmap`."""
        from tokenviz.widget.heatmap import AttributionHeatmap

        return AttributionHeatmap(self, **options)

    def save(self, path: str | Path) -> Path:
        """Write the figure as a page (``.html``), which holds the values pooled to a picture."""
        return self.show().save(path)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.show()._repr_mimebundle_(**kwargs)

    def _ipython_display_(self) -> None:
        self.show()._ipython_display_()

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle or a deep copy holds: the values, but no tiles, which are read again."""
        return {**self.__dict__, "values": _Carried(self.values), "pyramid": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if isinstance(self.values, _Carried):  # of a shallow copy, which nothing unpacked
            self.values = self.values.values
        self.pyramid = Pyramid(self.values)

    def __repr__(self) -> str:
        n, m = self.shape
        kind = type(self.values)
        return (f"LargeAttribution({n:,} tokens × {m:,} targets, "
                f"{np.dtype(self.values.dtype).name} in a {kind.__module__.partition('.')[0]} "
                f"{kind.__name__})")  # fmt: skip


class _Carried:
    """Values on their way into a pickle, out of which they come as themselves."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __reduce_ex__(self, protocol: Any) -> Any:
        values = self.values
        if isinstance(values, np.memmap):
            return _mapped(values)
        try:
            return values.__reduce_ex__(protocol)
        except Exception as error:
            kind = type(values)
            raise TypeError(
                f"a LargeAttribution of a {kind.__module__.partition('.')[0]} {kind.__name__} "
                f"cannot be pickled: {error}; make it anew where it is needed, from what opens "
                "the array there"
            ) from error


def _mapped(values: Any) -> Any:
    """A mapped file is carried as its name, not as gigabytes of values."""
    if values.filename is None or not isinstance(values.base, mmap):
        raise TypeError(
            "a LargeAttribution of a part of a mapped file cannot be pickled: numpy does not tell "
            "which part; make it anew where it is needed"
        )
    order = "C" if values.flags.c_contiguous else "F"
    place = str(values.filename), values.dtype, "r", values.offset, values.shape, order
    return np.memmap, place


_PROVENANCE = {
    "method", "score", "baseline", "n_steps", "model", "seconds", "positions", "partial", "label",
}  # fmt: skip


def _checked(values: Any) -> Any:
    missing = [name for name in ("shape", "dtype", "__getitem__") if not hasattr(values, name)]
    if missing:
        raise TypeError(
            "values: expected an array with shape, dtype and slices, "
            f"got {type(values).__name__} without {missing[0]}"
        )
    if len(values.shape) != 2 or math.prod(values.shape) == 0:
        raise ValueError(
            f"values: expected a matrix with at least one cell, got shape {tuple(values.shape)}"
        )
    try:
        kind = np.dtype(values.dtype).kind
    except TypeError:
        kind = "O"
    if kind not in "fiub":
        raise TypeError(f"values: expected real numbers, got dtype {values.dtype}")
    return values


def _check_count(name: str, names: Sequence[object], count: int) -> None:
    if len(names) != count:
        raise ValueError(f"{name}: expected {count} (as values has), got {len(names)}")
