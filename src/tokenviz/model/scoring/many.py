"""Many texts scored in as little time as their matrix products take: sorted, packed, streamed.

A model of a known layout computes its texts end to end (``decoder/packed.py``), so that nothing is
filled up, and its head keeps no logits (``streaming.py``). Weights of 16 bits are widened on a CPU,
where float32 is the quicker, and nearer to what the weights say. Any other model reads batches of
its own forward, as :func:`~tokenviz.model.tracing.score.score` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tokenviz.data.trace import Trace
from tokenviz.model.attributing.engine.agreement import agreeing_decoder
from tokenviz.model.attributing.engine.budget import memory_budget
from tokenviz.model.decoder import Decoder
from tokenviz.model.decoder.packed import Packed
from tokenviz.model.running.forward import borrowed, wide
from tokenviz.model.running.inputs import Embeddings, find_inputs
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.positions import grows_with_length
from tokenviz.model.scoring.streaming import read_out
from tokenviz.model.tracing.batching import groups
from tokenviz.model.tracing.reading import read
from tokenviz.model.tracing.reduction import NOT_FINITE, Columns, Reduction, reduce, trace_of
from tokenviz.model.tracing.score import Question

__all__ = ["Scored", "computed_in", "score_many"]

_TOKENS = {"cpu": 1 << 12}  # that are read together
_MANY_TOKENS = 1 << 15


@dataclass(frozen=True)
class Scored:
    """What became of one of several texts: a trace, or why there is none."""

    index: int
    trace: Trace | None
    error: Exception | None = None


@dataclass(frozen=True, eq=False)
class _Asked:
    """A text as it is read, and the tokens at its end that are asked for."""

    index: int
    read: torch.Tensor
    tokens: torch.Tensor


def score_many(
    lm: LoadedModel,
    questions: Sequence[Question],
    *,
    top_k: int,
    batch_size: int | None = None,
    advance: Callable[[int], None] = lambda tokens: None,
) -> Iterator[Scored]:
    """Score texts, in an order that suits the model.

    Parameters
    ----------
    lm
        The model.
    questions
        The texts, and what each is conditioned on.
    top_k
        How many alternatives are kept at each position.
    batch_size
        The most texts that are read together; None for as many as memory allows, 4096 tokens on a
        CPU.
    advance
        Is told how many more tokens are scored.

    Yields
    ------
    Scored
        Each of the texts once, by its place, as soon as those that are read with it are known.
    """
    asked = []
    for index, (context, ids) in enumerate(questions):
        # Nothing is asked after the last token; where nothing comes before it, nor of the first.
        tokens = ids if len(context.ids) else ids[1:]
        if len(tokens):
            asked.append(_Asked(index, torch.cat([context.ids, ids])[:-1], tokens))
        else:
            yield Scored(index, _trace(lm, questions[index], None, top_k))
    if not asked:
        return
    asked.sort(key=lambda one: len(one.read))
    decoder = _decoder(lm, len(asked[-1].read))
    dtype = computed_in(lm)
    widened = decoder is not None and dtype != lm.dtype
    notes = {"computed in": str(dtype).removeprefix("torch.")} if widened else {}
    for group in _groups(lm, decoder, [len(one.read) for one in asked], batch_size):
        members = [asked[place] for place in group]
        with borrowed(lm.model), torch.no_grad():
            if decoder is None:
                found = _by_forward(lm, members, top_k)
            else:
                found = _by_decoder(lm, decoder, members, top_k)
        # Of one step: an interrupt comes before all of its texts or after.
        floats, kept = found.floats.cpu().numpy(), found.ids.cpu().int().numpy()
        start = 0
        for one in members:
            own = slice(start, start + len(one.tokens))
            start = own.stop
            if np.isnan(floats[own, 1]).any():
                yield Scored(one.index, None, FloatingPointError(NOT_FINITE))
            else:
                columns = Columns(floats[own], kept[own])
                trace = _trace(lm, questions[one.index], columns, top_k)
                yield Scored(one.index, trace.with_notes(notes))
        advance(start)


def computed_in(lm: LoadedModel) -> torch.dtype:
    """The number format in which a model of a known layout scores many texts."""
    if lm.device.type == "cpu" and not _has_matrix_units():
        return torch.promote_types(lm.dtype, torch.float32)
    return lm.dtype


def _has_matrix_units() -> bool:
    """Whether the CPU multiplies matrices of 16 bits much faster than those of 32."""
    supported = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    return bool(supported())


def _decoder(lm: LoadedModel, length: int) -> Decoder | None:
    """The parts of a model of a known layout that are what it computes, for texts that long."""
    if grows_with_length(lm.model) or type(lm.probe(find_inputs)) is not Embeddings:
        return None
    return agreeing_decoder(lm, length)


def _groups(
    lm: LoadedModel, decoder: Decoder | None, lengths: Sequence[int], batch_size: int | None
) -> Iterator[Sequence[int]]:
    """Places of texts that run together, of texts sorted by length."""
    most = _TOKENS.get(lm.device.type, _MANY_TOKENS)
    if decoder is None:
        alike = grows_with_length(lm.model)
        yield from groups(lengths, batch_size, rows=most, positions=most, same_length=alike)
        return
    _, moving = decoder.bytes_per_row(lengths[-1])
    most = max(1, min(most, memory_budget(None, lm.device) // moving))
    group: list[int] = []
    total = 0
    # The longest first: memory runs out at once or not at all.
    for place in reversed(range(len(lengths))):
        full = total + lengths[place] > most if batch_size is None else len(group) == batch_size
        if group and full:
            yield group
            group, total = [], 0
        group.append(place)
        total += lengths[place]
    yield group


def _by_decoder(
    lm: LoadedModel, decoder: Decoder, members: Sequence[_Asked], top_k: int
) -> Reduction:
    packed = Packed([len(one.read) for one in members], lm.device)
    rows = lm.probe(find_inputs).rows(torch.cat([one.read for one in members]))
    ends = np.cumsum([len(one.read) for one in members])
    reads = np.concatenate(
        [np.arange(end - len(one.tokens), end) for end, one in zip(ends, members, strict=True)]
    )
    embeddings = rows.to(computed_in(lm))[None]
    hidden = decoder.run_packed(embeddings, packed, torch.from_numpy(reads).to(lm.device))
    chosen = torch.cat([one.tokens for one in members])
    return read_out(decoder.head, hidden, chosen, top_k)


def _by_forward(lm: LoadedModel, members: Sequence[_Asked], top_k: int) -> Reduction:
    chosen = torch.cat([one.tokens for one in members])
    first = [len(one.read) - len(one.tokens) for one in members]
    parts, begin = [], 0
    for logits in read(lm, [one.read for one in members], first):
        own = chosen[begin : begin + len(logits)].to(logits.device)
        parts.append(reduce(wide(logits), own, top_k))
        begin += len(logits)
    return Reduction(*map(torch.cat, zip(*parts, strict=True)))


def _trace(lm: LoadedModel, question: Question, columns: Columns | None, top_k: int) -> Trace:
    context, ids = question
    if columns is None:
        columns = Columns(np.empty((0, 2), np.float32), np.empty((0, 2), np.int32))
    return trace_of(
        columns,
        lm.vocabulary,
        top_k,
        unknown=[] if len(context.ids) else [int(ids[0])],
        prompt=lm.vocabulary.tokens(context.ids.tolist()),
        model=lm.name,
        prompt_roles=context.roles,
        prompt_turns=context.turns,
    )
