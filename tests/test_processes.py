"""Data, figures and models in other processes: pools that fork or spawn, and children of forks."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
METHODS = [name for name in ("fork", "spawn") if name in multiprocessing.get_all_start_methods()]
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", params=METHODS)
def pool(request: pytest.FixtureRequest) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        # spawn looks for it, and the main module of a process of pytest-xdist has none.
        patch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
        with multiprocessing.get_context(request.param).Pool(1) as pool:
            yield pool


def there(pool: Any, function: Any, *arguments: Any) -> Any:
    return pool.apply_async(function, arguments).get(timeout=60)


def given_back(value: Any) -> Any:
    return value


def saved(source: Any, path: str) -> bytes:
    return Path(source.show().save(path)).read_bytes()


def corner(large: tv.LargeAttribution) -> tuple[tuple[int, int], list[float]]:
    tile = large.pyramid.tile(0, 0, 0).values
    return tile.shape, tile[0, :3].tolist()


@pytest.mark.parametrize("source", [tv.examples.attribution(), tv.examples.trace()], ids=type)
def test_data_goes_to_other_processes_and_comes_back(
    source: tv.Attribution | tv.Trace, pool: Any, tmp_path: Path
) -> None:
    back = there(pool, given_back, source)
    assert back == source
    assert not (back.values if isinstance(back, tv.Attribution) else back.logprobs).flags.writeable
    assert there(pool, saved, source, str(tmp_path / "figure.html")).endswith(b"</html>\n")


def test_a_large_matrix_goes_to_other_processes(pool: Any, tmp_path: Path) -> None:
    mapped: Any = np.memmap(tmp_path / "values", np.float16, mode="w+", shape=(600, 600))
    mapped[0, :3] = 1, 2, 3
    large = tv.LargeAttribution(mapped)
    assert there(pool, corner, large) == ((512, 512), [1.0, 2.0, 3.0])
    assert there(pool, saved, large, str(tmp_path / "figure.html")).endswith(b"</html>\n")


def figures() -> list[Any]:
    attribution, trace = tv.examples.attribution(), tv.examples.trace()
    return [
        attribution.show(title="one", vmin=-2, selected=(1, 1), hidden_columns=[0]),
        attribution.show(colormap=["red", "white", "blue"]),
        trace.show(channel="rank", colormap="magma", arrangement="flow"),
    ]


@pytest.mark.parametrize("figure", figures(), ids=["changed", "own colours", "trace"])
def test_a_figure_goes_with_its_looks(figure: Any, pool: Any) -> None:
    for back in (there(pool, given_back, figure), pickle.loads(pickle.dumps(figure))):
        assert back.source == figure.source and back.comm is None
        looks = figure.option_names()
        assert {name: getattr(back, name) for name in looks} == {
            name: getattr(figure, name) for name in looks
        }
        np.testing.assert_equal(vars(back.color_scale()), vars(figure.color_scale()))


FORKED = """
import os, signal, sys, time, warnings
warnings.simplefilter("ignore")
import torch
from tests.model.small import byte_level_tokenizer, random_model
from tokenviz.model.language_model import LanguageModel
torch.set_num_threads(2)
lm = LanguageModel(random_model("llama", max_position_embeddings=512), byte_level_tokenizer())
def work():
    return [
        lm.attribute("The cat sat on the mat", [9, 10], progress=False).values.sum(),
        lm.generate("The cat", max_new_tokens=8, progress=False).logprobs.sum(),
        lm.generate("The cat", max_new_tokens=8, stream=True).wait().logprobs.sum(),
    ]
before = work()
live = lm.generate("The cat", max_new_tokens=400, stream=True, on_token=lambda _: time.sleep(0.01))
child = os.fork()
if not child:
    signal.alarm(60)  # ends it where it waits for ever
    same = torch.allclose(torch.tensor(work()), torch.tensor(before), rtol=1e-4)
    os._exit(0 if same and torch.get_num_threads() == 1 else 1)
_, status = os.waitpid(child, 0)
live.stop()
live.wait()
print(os.waitstatus_to_exitcode(status), torch.get_num_threads())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_computes_though_torch_had_threads() -> None:
    environment = {name: v for name, v in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", FORKED],
        capture_output=True, text=True, check=False, cwd=ROOT, env=environment,
    )  # fmt: skip
    assert done.stdout == "0 2\n", done.stderr
