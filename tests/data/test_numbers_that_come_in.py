"""Numbers that come in stay what they were: hidden ones are NaN, others are refused by name."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tokenviz.data.arrays import numeric


def column(values: Any) -> list[float]:
    return tv.Attribution(values, ["a", "b"], ["x"]).values.ravel().tolist()


@pytest.mark.parametrize(
    "values",
    [
        np.ma.array([7.0, 2.0], mask=[1, 0]),
        np.ma.array([7, 2], mask=[1, 0]),
        np.ma.array([[7], [2]], mask=[[1], [0]], dtype=np.float32),
        [np.ma.array([7], mask=[1]), np.ma.array([2])],
        [np.ma.masked, 2.0],
    ],
    ids=repr,
)
def test_what_is_masked_is_nan(values: Any) -> None:
    np.testing.assert_array_equal(column(values), [np.nan, 2])


def test_masks_everywhere() -> None:
    hidden = np.ma.array([-1.0, -2.0], mask=[0, 1])
    trace = tv.Trace(["a", "b"], hidden, entropies=hidden + 3, channels={"loss": hidden})
    for values in (trace.logprobs, trace.entropies, trace.channels["loss"]):
        assert np.isnan(values).tolist() == [False, True]
    errors = tv.Attribution([[1.0, 2]], ["a"], ["x", "y"], completeness_error=hidden + 3)
    assert np.isnan(errors.completeness_error).tolist() == [False, True]


ODD: list[tuple[Any, str]] = [
    (np.array([1 + 2j, 3]), "complex128; take their real part"),
    ([1 + 2j, 3], "complex128"),
    (np.array([1, 2], "M8[s]"), "datetime64"),
    (np.array([1, 2], "m8[s]"), "timedelta64"),
    (np.array([1, None]), "object; convert them"),
    ([10**400, 1], "object"),
    (["1", "2"], "<U1"),
]


@pytest.mark.parametrize(("values", "word"), ODD, ids=lambda value: repr(value)[:30])
def test_what_are_no_real_numbers_is_refused_by_name(values: Any, word: str) -> None:
    makers: dict[str, Callable[[], Any]] = {
        "values": lambda: column(values),
        "standard_error": lambda: tv.Attribution(
            [[1.0], [2]], ["a", "b"], ["x"], standard_error=values
        ),
        "completeness_error": lambda: tv.Attribution(
            [[1.0, 2]], ["a"], ["x", "y"], completeness_error=values
        ),
        "logprobs": lambda: tv.Trace(["a", "b"], values),
        "ranks": lambda: tv.Trace(["a", "b"], [-1, -2], ranks=values),
        "entropies": lambda: tv.Trace(["a", "b"], [-1, -2], entropies=values),
        "channels": lambda: tv.Trace(["a", "b"], [-1, -2], channels={"loss": values}),
    }
    for name, make in makers.items():
        with pytest.raises(TypeError, match=rf"^{name}.*{word}"):
            make()


def test_tensors() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match="values: expected real numbers, got dtype complex64"):
        column(torch.tensor([1 + 2j, 3]).conj())
    assert column(torch.tensor([0.5, 2], dtype=torch.bfloat16, requires_grad=True)) == [0.5, 2]
    ids = torch.tensor([0, 1])
    assert tv.Trace.from_columns(["a", "b"], ids, [-1.0, -2], [0, 0, 0], [], []).text == "ab"
    exact = torch.tensor([2**24 + 1])  # which no float32 holds
    assert numeric("ids", exact)[0] == 2**24 + 1


class Reader:
    """An array that is read on demand, and gives what it likes."""

    shape, dtype = (100, 50), np.dtype(np.float32)

    def __init__(self, change: Callable[[Any], Any]) -> None:
        self.change = change

    def __getitem__(self, key: Any) -> Any:
        return self.change(np.ones(self.shape, np.float32)[key])


@pytest.mark.parametrize(
    ("change", "error", "word"),
    [
        (lambda a: a[:-1], ValueError, "values: expected shape"),
        (lambda a: a.T, ValueError, "values: expected shape"),
        (lambda a: a.ravel(), ValueError, "values: expected shape"),
        (lambda a: a + 1j, TypeError, "values: .*complex64"),
        (lambda a: a.astype(object), TypeError, "values: .*object"),
        (lambda a: a.astype("M8[s]"), TypeError, "values: .*datetime64"),
    ],
)
def test_a_reader_gives_what_it_promised(
    change: Any, error: type[Exception], word: str, tmp_path: Path
) -> None:
    large = tv.LargeAttribution(Reader(change))
    with pytest.raises(error, match=word):
        large.show()
    with pytest.raises(error, match=word):
        large.corner(3, 4)


def test_what_a_reader_masks_is_nan() -> None:
    large = tv.LargeAttribution(Reader(lambda a: np.ma.array(a, mask=a > 0)))
    assert np.isnan(large.corner(3, 3).values).all()
    assert np.isnan(large.pyramid.overview().values).all()


COPIES: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    *(lambda o, p=p: pickle.loads(pickle.dumps(o, p)) for p in range(6)),
]


@pytest.mark.parametrize("copied", COPIES)
def test_copies_stay_as_they_are(copied: Callable[[Any], Any]) -> None:
    trace = tv.Trace(["a", "b"], [-1.0, -2.0], channels={"loss": [1.0, 2.0]})
    assert len(trace.tokens) == 2  # computed once, and then among what is copied
    for source in (tv.examples.attribution(), trace):
        other = copied(source)
        assert other == source
        arrays = [value for value in vars(other).values() if isinstance(value, np.ndarray)]
        arrays += list(getattr(other, "channels", {}).values())
        assert arrays and not any(array.flags.writeable for array in arrays)
        for array in arrays:
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


@pytest.mark.parametrize("copied", COPIES)
def test_a_large_matrix_is_copied_without_its_tiles(copied: Callable[[Any], Any]) -> None:
    large = tv.LargeAttribution(np.eye(300), ["a"] * 300, label="own")
    large.pyramid.overview()
    other = copied(large)
    assert (other.shape, other.tokens, other.label) == (large.shape, large.tokens, "own")
    np.testing.assert_array_equal(other.pyramid.overview().values, large.pyramid.overview().values)


def test_a_mapped_file_is_pickled_as_its_name(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "m.dat", np.float32, "w+", shape=(1000, 500))
    mapped[:] = 3
    mapped.flush()
    packed = pickle.dumps(tv.LargeAttribution(mapped))
    assert len(packed) < 3000 and pickle.loads(packed).values[5, 5] == 3
    with pytest.raises(TypeError, match="a part of a mapped file cannot be pickled"):
        pickle.dumps(tv.LargeAttribution(mapped[10:]))


def test_values_that_cannot_be_pickled_say_why() -> None:
    class Open(Reader):
        def __reduce_ex__(self, protocol: Any) -> Any:
            raise TypeError("an open file")

    with pytest.raises(TypeError, match=r"a LargeAttribution of a .*Open cannot be pickled: an op"):
        pickle.dumps(tv.LargeAttribution(Open(lambda a: a)))
