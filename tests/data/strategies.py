"""Any attribution and any trace, for property tests."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tokenviz import Attribution, Token, Trace
from tokenviz.data.channels import CHANNELS

tokens = st.builds(
    Token, st.text() | st.binary(), id=st.none() | st.integers(0, 2**31), special=st.booleans()
)
float32 = st.floats(width=32)


@st.composite
def attributions(draw: st.DrawFn) -> Attribution:
    rows = draw(st.lists(tokens, max_size=5))
    columns = draw(st.lists(st.text() | tokens, max_size=4))
    shape = (len(rows), len(columns))
    return Attribution(
        draw(npst.arrays(np.float32, shape, elements=float32)),
        rows,
        columns,
        method=draw(st.none() | st.text()),
        n_steps=draw(st.none() | st.integers(0, 1000)),
        completeness_error=draw(st.none() | npst.arrays(np.float32, shape[1:], elements=float32)),
        label=draw(st.text()),
        **draw(provenance(len(rows), len(columns))),
    )


@st.composite
def provenance(draw: st.DrawFn, n: int, m: int) -> dict[str, Any]:
    """Any records of how an attribution of n rows and m columns came about, some of them absent."""
    ids = st.lists(st.integers(0, 2**40), min_size=1, max_size=4)
    terms = ids.flatmap(
        lambda own: st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.just(own),
            st.integers(0, len(own) - 1),
        )
    )
    # Shuffled positions cut into n pieces of one or more.
    n_prompt = draw(st.integers(n, n + 4)) if n else 3
    order = draw(st.permutations(range(n_prompt)))
    cuts = sorted(draw(st.sets(st.integers(1, n_prompt), min_size=n, max_size=n)))
    spans = [sorted(order[a:b]) for a, b in zip([0, *cuts], cuts, strict=False)]
    errors = st.floats(0, width=32) | st.just(np.nan)
    records: dict[str, st.SearchStrategy[Any]] = {
        "standard_error": npst.arrays(np.float32, (n, m), elements=errors),
        "seconds": st.floats(0, allow_nan=False, allow_infinity=False),
        "positions": st.integers(0, 2**60),
        "grouping": st.sampled_from(["word", "sentence", "line", "turn", "spans"]),
        "reduction": st.sampled_from(["sum", "mean"]),
        "roles": st.lists(st.none() | st.text(), min_size=n, max_size=n),
        "prompt_ids": st.lists(st.integers(0, 2**40), min_size=n_prompt, max_size=n_prompt),
        "spans": st.just(spans),
        "terms": st.lists(st.lists(terms, min_size=1, max_size=3), min_size=m, max_size=m),
        "partial": st.booleans(),
    }
    given = {name: draw(of) for name, of in records.items() if draw(st.booleans())}
    if "grouping" in given:
        given["aggregation"] = draw(st.sampled_from(["group", "sum", None]))
    return given


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    logprob = st.floats(-100, 0, width=32) | st.just(-np.inf)
    chosen = draw(st.lists(tokens, max_size=5))
    n = len(chosen)
    return Trace(
        chosen,
        draw(st.lists(logprob | st.just(np.nan), min_size=n, max_size=n)),
        [draw(st.lists(st.tuples(tokens, logprob), max_size=3)) for _ in chosen],
        ranks=draw(st.lists(st.integers(0, 2**31 - 1), min_size=n, max_size=n)),
        entropies=draw(npst.arrays(np.float32, n, elements=float32)),
        prompt=draw(st.lists(tokens, max_size=3)),
        distribution=draw(st.sampled_from(["model", "sampling"])),
        model=draw(st.none() | st.text()),
        partial=draw(st.booleans()),
        channels=draw(
            st.dictionaries(
                st.text(min_size=1).filter(lambda name: name.strip() and name not in CHANNELS),
                npst.arrays(np.float32, n, elements=float32),
                max_size=2,
            )
        ),
    )
