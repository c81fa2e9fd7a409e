"""Any attribution, trace, comparison and tree, for property tests."""

from typing import Any, get_args

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tokenviz import Attribution, Comparison, Token, Trace, TraceTree
from tokenviz.data.channels import CHANNELS
from tokenviz.data.trace import Distribution
from tokenviz.data.tree import Answer, Branch, Change, Origin, Outcome, Question

tokens = st.builds(
    Token,
    st.text() | st.binary(),
    id=st.none() | st.integers(0, 2**31),
    special=st.booleans(),
    unknown=st.booleans(),
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
def traces(draw: st.DrawFn, path: list[Token] | None = None, **given: Any) -> Trace:
    """Any trace, but for what is given; ``path`` are its tokens."""
    logprob = st.floats(-100, 0, width=32) | st.just(-np.inf)
    chosen = draw(st.lists(tokens, max_size=5)) if path is None else path
    n = len(chosen)
    own: dict[str, Any] = {
        "prompt": draw(st.lists(tokens, max_size=3)),
        "distribution": draw(st.sampled_from(get_args(Distribution))),
        **given,
    }
    yes = npst.arrays(np.bool_, n)
    names = st.text(min_size=1).filter(str.strip)
    return Trace(
        chosen,
        draw(st.lists(logprob | st.just(np.nan), min_size=n, max_size=n)),
        [draw(st.lists(st.tuples(tokens, logprob), max_size=3)) for _ in chosen],
        ranks=draw(st.lists(st.integers(0, 2**31 - 1), min_size=n, max_size=n)),
        entropies=draw(npst.arrays(np.float32, n, elements=float32)),
        model=draw(st.none() | st.text()),
        partial=draw(st.booleans()),
        channels=draw(
            st.dictionaries(
                st.text(min_size=1).filter(lambda name: name.strip() and name not in CHANNELS),
                npst.arrays(np.float32, n, elements=float32),
                max_size=2,
            )
        ),
        source=draw(st.none() | st.text()),
        temperature=draw(st.none() | st.floats(0, allow_nan=False, allow_infinity=False)),
        ranks_at_least=draw(st.none() | yes),
        entropies_at_least=draw(st.none() | yes),
        flags=draw(st.dictionaries(names, yes, max_size=2)),
        categories=draw(
            st.dictionaries(
                names, st.lists(st.none() | st.text(), min_size=n, max_size=n), max_size=2
            )
        ),
        **own,
    )


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    """Any comparison of the same tokens, or of the same text cut in two ways."""
    pieces = draw(st.lists(st.text(max_size=4), max_size=5))
    other = pieces if draw(st.booleans()) else ["".join(pieces)]
    a, b = (draw(traces([Token(piece) for piece in cut])) for cut in (pieces, other))
    divergences: dict[str, Any] = {}
    if pieces == other and draw(st.booleans()):
        divergences["kl"] = np.abs(draw(npst.arrays(np.float32, (2, len(a)), elements=float32)))
        divergences["js"] = np.abs(draw(npst.arrays(np.float32, len(a), elements=float32)))
    return Comparison(
        a,
        b,
        names=draw(st.none() | st.lists(st.text(), min_size=2, max_size=2)),
        left_out=draw(st.lists(st.text(), max_size=2)),
        **divergences,
    )


@st.composite
def trees(draw: st.DrawFn, branches: int = 5) -> TraceTree:
    """Any tree, with answers and outcomes."""
    prompt = draw(st.lists(tokens, max_size=3))
    n = len(prompt)
    chat = {
        "prompt_roles": st.lists(st.text(), min_size=n, max_size=n),
        "prompt_turns": st.lists(st.integers(0, 2**40), min_size=n, max_size=n),
    }
    distribution = draw(st.sampled_from(["model", "sampling"]))
    tree = TraceTree(
        prompt,
        [Branch(draw(runs(distribution)), None, 0, draw(st.text()), draw(roots))],
        **{name: draw(of) for name, of in chat.items() if draw(st.booleans())},
    )
    for _ in range(draw(st.integers(0, branches - 1))):
        tree = tree.with_branch(draw(forks(tree)))
    for answer in draw(st.lists(st.none(), max_size=3)):
        answer = draw(answers(tree))
        tree = tree if answer is None else tree.with_answer(answer)
    for outcome in draw(st.lists(st.none(), max_size=2)):
        outcome = draw(outcomes(tree))
        tree = tree if outcome is None else tree.with_outcome(outcome)
    return tree


options = st.dictionaries(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
        max_leaves=4,
    ),
    max_size=2,
)  # fmt: skip
roots = st.builds(Origin, st.sampled_from(["written", "read"]), options=options)


def runs(distribution: str) -> st.SearchStrategy[Trace]:
    """What a branch may have as its own tokens."""
    notes = st.dictionaries(st.text(max_size=3), st.text(), max_size=2)
    return notes.flatmap(lambda said: traces(prompt=[], distribution=distribution, notes=said))


@st.composite
def forks(draw: st.DrawFn, tree: TraceTree) -> Branch:
    """A branch that may come next."""
    parent = draw(st.integers(0, len(tree) - 1))
    position = draw(st.integers(0, tree.length(parent)))
    run = draw(runs(tree.distribution))
    slots = slots_at(tree, parent, position)
    kinds = ["written", "token", "text", *["alternative"] * bool(slots)]
    kind = draw(st.sampled_from(kinds))
    origin = Origin(
        kind,
        draw(st.integers(0, len(run))),
        slot=draw(st.integers(1, slots)) if kind == "alternative" else None,
        text=draw(st.text()) if kind == "text" else None,
        options=draw(options),
    )
    return Branch(run, parent, position, draw(st.text()), origin)


def slots_at(tree: TraceTree, branch: int, position: int) -> int:
    """How many alternatives a position of a path has."""
    path = tree.path(branch)
    return len(path.alternatives[position]) if position < len(path) else 0


@st.composite
def questions(draw: st.DrawFn, tree: TraceTree) -> Question | None:
    """A question that may be asked; None where there is no token."""
    branch = draw(st.integers(0, len(tree) - 1))
    size = tree.length(branch)
    if not size:
        return None
    start = draw(st.integers(0, size - 1))
    stop = draw(st.integers(start + 1, size))
    method = draw(st.sampled_from(["occlusion", "integrated_gradients"]))
    if stop > start + 1:
        return Question(branch, start, stop, method=method)
    slots = range(slots_at(tree, branch, start) + 1)
    slot = draw(st.sampled_from(slots))
    foils = [None, *(other for other in slots if other != slot)]
    return Question(branch, start, stop, slot, draw(st.sampled_from(foils)), method)


@st.composite
def answers(draw: st.DrawFn, tree: TraceTree) -> Answer | None:
    """An answer to a question that may be asked; None where there is none."""
    question = draw(questions(tree))
    if question is None:
        return None
    rows = (*tree.prompt, *tree.path(question.branch).tokens[: question.start])
    attribution = Attribution(
        draw(npst.arrays(np.float32, (len(rows), 1), elements=float32)),
        draw(st.just(rows) | st.lists(tokens, min_size=len(rows), max_size=len(rows))),
        [draw(st.text() | tokens)],
        method=question.method,
        completeness_error=draw(st.none() | npst.arrays(np.float32, 1, elements=float32)),
        **draw(provenance(len(rows), 1)),
    )
    return Answer(question, attribution)


@st.composite
def outcomes(draw: st.DrawFn, tree: TraceTree) -> Outcome | None:
    """What may come of a change; None where there is no prompt to change."""
    if not tree.prompt:
        return None
    branch = draw(st.integers(0, len(tree) - 1))
    start = draw(st.integers(0, len(tree.prompt) - 1))
    how = draw(st.sampled_from(["delete", "mute", "replace"]))
    text = draw(st.text()) if how == "replace" else None
    change = Change(branch, start, draw(st.integers(start + 1, len(tree.prompt))), how, text)
    path = tree.path(branch)
    partial = draw(st.booleans())
    n = draw(st.integers(0, len(path))) if partial else len(path)
    logprobs = npst.arrays(np.float32, n, elements=st.floats(-100, 0, width=32) | st.just(np.nan))
    prompt = draw(st.lists(tokens, max_size=3))
    roles = draw(st.none() | st.just(["user"] * len(prompt)))
    return Outcome(
        change,
        Trace(path.tokens[:n], draw(logprobs), prompt=prompt, prompt_roles=roles, partial=partial),
    )
