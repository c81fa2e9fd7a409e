"""Any attribution and any trace, for property tests."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tokenviz import Attribution, Token, Trace

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
    )


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
    )
