"""A causal language model and its tokenizer, as the source of traces and attributions.

The public face: what can be asked and what it means. The computations live in files of their own,
and see no more of it than a :class:`~tokenviz.model.running.loaded_model.LoadedModel`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

import torch

from tokenviz._keywords import showing
from tokenviz.data.provenance import Grouping
from tokenviz.model.attributing.asking.targets import Reduction, ScoreName, Target
from tokenviz.model.attributing.attribute import attribute
from tokenviz.model.attributing.engine.budget import TIME_BUDGET
from tokenviz.model.attributing.engine.budget import time_budget as as_seconds
from tokenviz.model.attributing.estimate import Estimate, estimate
from tokenviz.model.attributing.methods.baselines import Baseline
from tokenviz.model.attributing.methods.method import DEFAULT
from tokenviz.model.attributing.question import OWN_DEFAULTS, Question, parse_question
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.soundness import check_causal
from tokenviz.model.text.chat_options import CHAT_DEFAULTS, ChatKeywords, parse_chat_options
from tokenviz.model.text.grouping import Span
from tokenviz.model.text.prompt import Ids, Prompt, encode, is_chat
from tokenviz.model.text.vocabulary import Vocabulary
from tokenviz.model.tracing.batching import Prompts
from tokenviz.model.tracing.comparing import compare as compare_models
from tokenviz.model.tracing.generate import prepare
from tokenviz.model.tracing.options import DEFAULTS, GenerateOptions
from tokenviz.model.tracing.rereading import compare_with, is_elsewhere
from tokenviz.model.tracing.score import score as score_texts

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Unpack

    from tokenviz.data.attribution import Attribution
    from tokenviz.data.comparison import Comparison
    from tokenviz.data.trace import Trace
    from tokenviz.explore.explorer import Explorer
    from tokenviz.live.trace import LiveTrace
    from tokenviz.sets.trace_set import TraceSet

__all__ = ["LanguageModel"]


class LanguageModel(LoadedModel):
    """A transformers causal language model with its tokenizer.

    Parameters
    ----------
    model
        A causal language model: an instance of a ``…ForCausalLM`` class of transformers, or
        anything that behaves like one. It is left as it was after every call.
    tokenizer
        Its tokenizer, fast or slow.
    name
        What figures call the model; by default the last part of the path it was loaded from.

    Raises
    ------
    TypeError
        If ``model`` or ``tokenizer`` is not of the expected kind.
    ValueError
        If ``model`` has no causal language-model head.
    """

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens of the vocabulary, by id."""
        return Vocabulary(self.tokenizer)

    @showing(CHAT_DEFAULTS, ChatKeywords)
    def encode(self, prompt: Prompt, **chat: Any) -> torch.Tensor:
        """A prompt (text, chat messages or ids) as token ids, int64, shape ``[n]``.

        Parameters
        ----------
        prompt
            Text, chat messages or ids.
        chat
            How chat messages become text, as :meth:`generate` says.
        """
        _, options = parse_chat_options(self, "encode", chat, is_chat=is_chat(prompt))
        return encode(self, prompt, options).ids

    @overload
    def generate(self, prompt: Prompt, **options: Unpack[GenerateOptions]) -> Trace: ...
    @overload
    def generate(self, prompt: Prompts, **options: Unpack[GenerateOptions]) -> list[Trace]: ...
    @overload
    def generate(
        self, prompt: Prompt, *, stream: Literal[True], **options: Unpack[GenerateOptions]
    ) -> LiveTrace: ...
    @showing(DEFAULTS, GenerateOptions)
    def generate(
        self, prompt: Prompt | Prompts, *, stream: bool = False, **options: Any
    ) -> Trace | list[Trace] | LiveTrace:
        """Let the model continue a prompt, or several, and record each step.

        Decoding is greedy unless ``temperature`` (> 0) or ``do_sample=True`` is given. What the
        model's generation config does to scores (a repetition penalty, suppressed tokens, a forced
        end; temperature, top-k, min-p and the like where tokens are drawn) is done here as in
        transformers' ``generate``, unless it is given as a keyword. The caption says what was
        applied, and what of the config is not (beams, guidance, sampling where nothing asks for
        it). Transformers' own default for models that say nothing, the 50 most probable tokens,
        is none of the model's, and not applied.

        Parameters
        ----------
        prompt
            Text, chat messages (``[{"role": "user", "content": "…"}]``) or token ids ``[n]``; or a
            list of texts, of chats or of lists of ids, which gives a list of traces. A message's
            content may be a list of parts (``{"type": "text", "text": "…"}``). A chat whose last
            message is the assistant's, with content, is gone on with where that ends: it is a
            beginning of the answer.
        max_new_tokens
            Stop after so many tokens, if not at an end-of-sequence token before.
        top_k
            How many alternatives to keep at each position, besides the chosen token: what is
            *shown*. It does not touch the choice; that is ``sampling_top_k``.
        do_sample
            Draw tokens rather than take the most probable; None: only if ``temperature`` > 0.
        temperature
            Divides the logits before drawing; 0 is greedy. If sampling without it the model's
            generation config's, else 1.
        sampling_top_k
            Draw only from so many most probable tokens. None, as for those that follow: what the
            generation config says, else all.
        top_p
            Draw only from the fewest most probable tokens whose probabilities reach ``top_p``; 1
            for all.
        min_p
            Draw only from tokens at least so probable, as a share of the most probable; 0 for all.
        typical_p
            Draw only from the tokens whose surprisal is nearest to the entropy, until their
            probabilities reach this; 1 for all.
        repetition_penalty
            Divides positive and multiplies negative logits of tokens that occur before, in the
            prompt too; 1 for none.
        seed
            Makes draws reproducible with a generator of their own; torch's global one is then
            neither read nor moved. None draws from the global one. Each of several prompts has
            such a generator, so that it draws as if alone.
        stop
            A string or token id, or several, that ends the text; it is part of the trace.
        keep_eos
            Whether an end-of-sequence token that ends the text is part of the trace, with its
            probability and alternatives; by default the trace is the text alone.
        distribution
            Which probabilities the trace shows: "model", the softmax of the model's logits, or
            "sampling", those the token was chosen from, after logits processors, temperature,
            top-k and top-p (tokens they exclude are no alternatives).
        logits_processor
            A transformers ``LogitsProcessor`` or any function of ids so far, int64 ``[b, t]``, and
            next-token scores ``[b, vocabulary]`` that returns scores; or a list of them. Tokens
            are chosen from what they return, after temperature, top-k and top-p where sampling.
        stopping_criteria
            A transformers ``StoppingCriteria`` or any function of ids so far, ``[b, t]``, and None
            that says for each text whether its last token ends it; or a list of them.
        batch_size
            The most prompts that run together; None for as many as are moderate, 16 short ones.
            A text's trace is the same in any company up to rounding, which in bfloat16 can turn a
            close choice. With ``logits_processor`` or ``stopping_criteria``, or a model that
            cannot hide padding, only prompts of one length run together: nothing is padded.
        on_token
            Called with a :class:`~tokenviz.data.trace.TraceStep` after each token, to follow the
            text while it is written. An error in it ends the generation and is raised.
        progress
            Whether to show a progress bar; None: when it takes longer than two seconds.
        stream
            Return at once, with a figure that fills while the text is written in the background:
            a :class:`tokenviz.LiveTrace`, with a button that stops. Its ``wait()``, or ``await``,
            gives the whole trace; errors while writing are shown in it and raised there. One
            prompt only. Other computations with the model go between two tokens.
        chat_template
            For chat messages: a template, or the name of one of the tokenizer's, instead of its
            own.
        tools, documents
            Functions that the model may call, and texts that it may look into, for the template.
        continue_final_message
            Whether the last message is left open, as in transformers' ``apply_chat_template``.
            None: if it is the assistant's, has content and calls no tool. False closes it and
            opens a turn of the model after it.
        add_generation_prompt
            Whether the model's turn is opened; None: unless the last message is continued.
        options
            What the chat template reads besides, such as ``enable_thinking=False``; what it does
            not read is refused (a warning, for what many templates read).

        Returns
        -------
        Trace, list of Trace, or LiveTrace
            The generated tokens with log-probability (nats), rank (1 + number of tokens strictly
            more probable), entropy (nats) and up to ``top_k`` alternatives; the prompt is in
            ``trace.prompt``. Computed in float32 whatever the model's dtype. After an interrupt,
            what there is so far, with ``trace.partial`` true where more was to come.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range, the prompt is empty, or prompt and
            ``max_new_tokens`` exceed the model's context; the message names the argument.
        FloatingPointError
            If the model's logits are not finite, or processors leave no token to choose.
        KeyboardInterrupt
            If interrupted before the first token.
        """
        self.probe(check_causal)
        if stream:
            options["progress"] = bool(options.get("progress"))
        generation = prepare(self, prompt, options)
        if not stream:
            traces = generation.run()
            return traces if generation.several else traces[0]
        if generation.several:
            raise ValueError(
                f"prompt: expected one prompt with stream=True, got a list of "
                f"{len(generation.texts)}; stream each with a call of its own"
            )
        # A figure, so it is imported only where one was asked for.
        from tokenviz.live.trace import LiveTrace

        return LiveTrace(generation.followed, generation.traces()[0])

    @showing(DEFAULTS, GenerateOptions)
    def explore(self, prompt: Prompt, **options: Any) -> Explorer:
        """Let the model answer a prompt, in a figure in which the text answers: why, and what if.

        The answer is written in the background, before the reader's eyes. Click a token to see what
        of the text before it spoke for it; click what was not said to see why not; Enter goes on
        from there. All of it is in Python, too: see :class:`tokenviz.Explorer`.

        Parameters
        ----------
        prompt
            Text, chat messages or token ids ``[n]``.
        options
            How the answer and its branches are written, as :meth:`generate` says; and how the
            figure looks, as :class:`tokenviz.Explorer` does: ``arrangement="flow"``.

        Returns
        -------
        Explorer
            The figure; its ``wait()`` gives the whole answer, its ``tree`` all that was found.

        Raises
        ------
        TypeError, ValueError
            As for :meth:`generate`.
        """
        self.probe(check_causal)
        # A figure, so it is imported only where one was asked for.
        from tokenviz.explore.explorer import Explorer

        own = set(Explorer.option_names()) - GenerateOptions.__annotations__.keys()
        looks = {name: options.pop(name) for name in own & options.keys()}
        return Explorer.begin(self, prompt, options, **looks)

    @overload
    def score(
        self,
        text: Prompt,
        *,
        prompt: Prompt | None = None,
        top_k: int = 5,
        batch_size: int | None = None,
        progress: bool | None = None,
        **chat: Any,
    ) -> Trace: ...
    @overload
    def score(
        self,
        text: Prompts,
        *,
        prompt: Prompt | Prompts | None = None,
        top_k: int = 5,
        batch_size: int | None = None,
        progress: bool | None = None,
        **chat: Any,
    ) -> list[Trace]: ...
    @showing(CHAT_DEFAULTS, ChatKeywords)
    def score(
        self,
        text: Prompt | Prompts,
        *,
        prompt: Prompt | Prompts | None = None,
        top_k: int = 5,
        batch_size: int | None = None,
        progress: bool | None = None,
        **chat: Any,
    ) -> Trace | list[Trace]:
        """Read a given text, or several, and record how probable each token was (teacher forcing).

        Parameters
        ----------
        text
            The text, or its token ids ``[n]``; or a list of texts or of lists of ids, which gives
            a list of traces. With a ``prompt`` it gets the tokens that it has after that, so a
            leading space is the caller's to write. Of chat messages the last is scored: its
            content (or tool calls), given the chat before it.
        prompt
            What comes before the text, in any form that :meth:`generate` takes; for several texts
            one for all of them, or a list of one for each. Without it the tokens that the
            tokenizer puts before a text (BOS) are the prompt; where there are none, the first
            token has no probability (NaN, rank 0). Ids are scored as given.
        top_k
            How many alternatives to keep at each position.
        batch_size
            The most texts that are read together; None for as many as are moderate, 4096 tokens.
        progress
            Whether to show a progress bar; None: when it takes longer than two seconds.
        chat
            How chat messages become text, as :meth:`generate` says.

        Returns
        -------
        Trace or list of Trace
            As for :meth:`generate`, for the tokens of the text.

        Raises
        ------
        TypeError, ValueError
            If the text is empty or, with its prompt, longer than the model's context.
        FloatingPointError
            If the model's logits are not finite.
        KeyboardInterrupt
            If interrupted before the first token.
        """
        self.probe(check_causal)
        return score_texts(
            self, text, prompt=prompt, top_k=top_k, batch_size=batch_size, progress=progress,
            chat=chat,
        )  # fmt: skip

    @showing(CHAT_DEFAULTS, ChatKeywords)
    def score_set(
        self,
        texts: Any,
        *,
        prompt: Prompt | Prompts | None = None,
        keys: Iterable[str] | None = None,
        path: str | Path | None = None,
        top_k: int = 5,
        batch_size: int | None = None,
        progress: bool | None = None,
        **chat: Any,
    ) -> TraceSet:
        """Read many texts, as :meth:`score` reads each, into a set of traces.

        Texts are read together with others of their length. On a CPU, weights of 16 bits of a model
        whose layout is known are computed with in float32, which is quicker there and nearer to
        what they say than :meth:`score` is, which computes as the model does.

        Parameters
        ----------
        texts
            A list of texts, of chats, of sequences of ids, or of pairs (prompt, text); a list of
            mappings, or a table of pandas, polars, Arrow or ``datasets``, or the path of a Parquet,
            Arrow, CSV or JSON Lines file or of a folder of them, with a column ``text`` (and
            perhaps ``prompt``) or ``messages``. Other columns become columns of the set.
        prompt
            What comes before each text that brings none: one for all, or a list.
        keys
            What each row is known by; else a column ``key``, else a hash of the row and of what is
            asked. A row that is there twice gets ``-2`` after its hash.
        path
            A folder to write into while it is made. The same call with the same folder goes on
            where it was interrupted or killed, and computes only what is missing. None keeps the
            set in memory.
        top_k
            How many alternatives to keep at each position.
        batch_size
            The most texts that are read together; None for as many as memory allows, 4096 tokens on
            a CPU.
        progress
            Whether to show a progress bar; None: when it takes longer than two seconds.
        chat
            How chat messages become text, as :meth:`generate` says.

        Returns
        -------
        TraceSet
            Rows in the order in which they were given. What could not be scored (an empty text, one
            too long for the model) is in its ``rejected``, by number from 1 on, with the reason.
            After an interrupt, what there is so far, with a warning.

        Raises
        ------
        TypeError, ValueError
            If there is no column that is expected, a key is there twice, or ``path`` holds a set of
            which something else was asked.
        BlockingIOError
            If another call is writing into ``path``.
        ImportError
            If pyarrow is not installed.

        Warns
        -----
        UserWarning
            If a part of the set in ``path`` is damaged: it is set aside under another name, and its
            rows are made again.
        """
        self.probe(check_causal)
        # Sets need an extra, so they are imported only where one is asked for.
        from tokenviz.model.scoring.making import score_set

        return score_set(
            self, texts, prompt=prompt, keys=keys, path=path, top_k=top_k, batch_size=batch_size,
            progress=progress, chat=chat,
        )  # fmt: skip

    @showing(DEFAULTS, GenerateOptions)
    def generate_set(
        self,
        prompts: Any,
        *,
        keys: Iterable[str] | None = None,
        path: str | Path | None = None,
        **options: Any,
    ) -> TraceSet:
        """Continue many prompts, as :meth:`generate` does each, into a set of traces.

        Parameters
        ----------
        prompts, keys, path
            As :meth:`score_set` takes texts; of columns ``prompt``, ``messages`` or ``text`` the
            first that there is.
        options
            As for :meth:`generate`, but for ``stream`` and ``on_token``. With a ``seed`` each row
            draws from a generator of its own, made from the seed and the row's key: the same prompt
            ten times gives ten texts, and the same ones when it is done again.

        Returns
        -------
        TraceSet
            As for :meth:`score_set`.

        Raises
        ------
        TypeError, ValueError, BlockingIOError, ImportError
            As for :meth:`score_set` and :meth:`generate`.
        """
        self.probe(check_causal)
        from tokenviz.model.scoring.making import generate_set

        return generate_set(self, prompts, keys=keys, path=path, options=options)

    @overload
    def compare(
        self,
        other: LanguageModel | Trace,
        text: Prompt | Trace | None = None,
        *,
        prompt: Prompt | None = None,
        temperature: float | tuple[float, float] = 1.0,
        top_k: int = 5,
        names: Sequence[str] | None = None,
        progress: bool | None = None,
        **chat: Any,
    ) -> Comparison: ...
    @overload
    def compare(
        self,
        other: Sequence[LanguageModel] | Sequence[Trace],
        text: Prompt | Trace | None = None,
        *,
        prompt: Prompt | None = None,
        temperature: float | tuple[float, float] = 1.0,
        top_k: int = 5,
        names: Sequence[str] | None = None,
        progress: bool | None = None,
        **chat: Any,
    ) -> list[Comparison]: ...
    @showing(CHAT_DEFAULTS, ChatKeywords)
    def compare(
        self,
        other: LanguageModel | Trace | Sequence[LanguageModel] | Sequence[Trace],
        text: Prompt | Trace | None = None,
        *,
        prompt: Prompt | None = None,
        temperature: float | tuple[float, float] = 1.0,
        top_k: int = 5,
        names: Sequence[str] | None = None,
        progress: bool | None = None,
        **chat: Any,
    ) -> Comparison | list[Comparison]:
        """Read a text with this model and another, and say where they part.

        Another checkpoint, another model, the same weights in another number format, quantised, or
        with another ``attn_implementation``; or this model again, at another temperature.

        Parameters
        ----------
        other
            The other model, or several, each compared with this one, which is the reference. Or
            what another engine wrote or read, as :func:`tokenviz.read` gives it: a trace, or
            several, whose tokens and prompt this model reads.
        text, prompt
            As for :meth:`score`; or a trace, whose tokens and prompt are read. Of a trace from
            elsewhere no text, and a prompt only where it brings none.
        temperature
            Divides the logits: of both, or two numbers, this model's and the other's. Of a trace
            from elsewhere, this model's.
        top_k
            How many alternatives the traces keep at each position; at least 1.
        names
            What figures call the models, this one first; by default what tells them apart.
        progress
            Whether to show a progress bar; None: when it takes longer than two seconds.
        chat
            How chat messages become text, as :meth:`generate` says.

        Returns
        -------
        Comparison or list of Comparison
            With both traces. Models whose vocabularies are the same read the same ids; there are
            exact divergences then, from both full distributions: KL both ways and Jensen–Shannon,
            in nats, computed in float64 (float32 on MPS). If one of them has more ids, as by
            padding, these are taken given that the token is one that both have. Models of
            different vocabularies each read the text in their own tokens, and log-probabilities
            are compared over the shortest stretches that both have as whole tokens. With a trace
            from elsewhere it is what :func:`tokenviz.compare` gives, without divergences.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind, the text is empty or too long for one of the
            models, or tokens are given that the other cannot read; the message names the argument.
        FloatingPointError
            If a model's logits are not finite.
        KeyboardInterrupt
            If interrupted before the first tokens; after them the comparison is of these.
        """
        if is_elsewhere(other):
            return compare_with(
                self, other, text, prompt=prompt, temperature=temperature, top_k=top_k,
                names=names, progress=progress, chat=chat,
            )  # fmt: skip
        return compare_models(
            self, other, text, prompt=prompt, temperature=temperature, top_k=top_k, names=names,
            progress=progress, chat=chat,
        )  # fmt: skip

    @showing({**OWN_DEFAULTS, **CHAT_DEFAULTS}, ChatKeywords)
    def attribute(
        self,
        prompt: Prompt | Trace,
        targets: str | Target | Sequence[Target] | None = None,
        *,
        continuation: str | Ids | None = None,
        method: str = DEFAULT,
        score: ScoreName | None = None,
        reduction: Reduction = "sum",
        baseline: Baseline | None = None,
        grouping: Grouping | Sequence[Span] | None = None,
        roles: str | Collection[str] | None = None,
        memory_budget: int | str | None = None,
        time_budget: float | None = TIME_BUDGET,
        progress: bool | None = None,
        **options: Any,
    ) -> Attribution:
        """Explain what the model gives for some targets by the tokens of the prompt.

        Parameters
        ----------
        prompt
            Text, chat messages or token ids; or a :class:`Trace`, whose generated tokens become
            the columns and whose prompt the rows.
        targets
            What is explained, one column each: text or a sequence of ids (a whole continuation of
            the prompt), one id (the next token), a :class:`Contrast` ("A rather than B"), or a
            function of the next-token logits, float32 ``[rows, vocabulary]`` to ``[rows]``. Text
            gets the tokens that it has where it follows the prompt, without special ones: a
            leading space is the caller's to write, whatever the tokenizer does at the beginning
            of a text. A warning says where the tokenizer would join the two in one token.
        continuation
            Instead of ``targets``: text or ids, one column per token, each given those before it.
        method
            "removal", "integrated_gradients", "input_x_gradient", "gradient_norm", "occlusion",
            "shapley" or "attention_rollout"; :func:`tokenviz.attribution_methods` says what each
            guarantees.
        score
            "logprob", the natural log-probability; "probability"; "logit"; or "log_odds", in nats:
            the logit less the logarithm of the summed exponentials of those of the token's rivals,
            the five others that are likeliest in its place after the whole prompt. Over several
            tokens, probabilities are multiplied and all others summed. By default what suits the
            method: log-odds for "removal", else log-probabilities.
        reduction
            "mean" averages the scores of a continuation's tokens instead (of probabilities, the
            geometric mean), so that continuations of different lengths can be compared.
        baseline
            What a token is compared with, where the method compares: "zero", "mean" (of the
            vocabulary's embeddings), a token by id or by the tokenizer's name for it ("pad",
            "unk", "mask", "bos", "eos"), an array of embeddings ``[d]`` or ``[n, d]``; for
            occlusion also "delete". removal compares with none. By default "zero" for occlusion;
            otherwise the token that ends a text ("eos", else "bos" or "unk", else "mean"): near
            zero, models with RMSNorm (Llama, Qwen, Gemma, …) amplify small inputs so much that the
            path of integrated_gradients collects large values of both signs there.
        passes
            removal: how many passes over the prompt may be spent on blanking tokens out (8). Of a
            longer prompt, those of which most is read are blanked out, and what the score would
            lose without the others is put in proportion to what is read of them. None: all are.
        n_steps
            Nodes of the path of integrated_gradients: exactly so many with ``tolerance=None``;
            otherwise the most that a target may take (2048).
        tolerance
            integrated_gradients adds nodes where the path needs them until no value is off by more
            than this share of its target's change of the score (0.05), as its ``standard_error``
            says; it warns if those allowed do not suffice. Other methods have no such error.
        window
            occlusion: so many neighbouring tokens (or groups) are occluded together; each gets the
            mean over the windows that cover it.
        n_samples, seed
            shapley: how many orders are drawn (an even number, 24 unless given), and the seed of
            the draws (0). Up to 10 tokens or groups are computed exactly unless ``n_samples`` is
            given.
        grouping
            Rows are groups of tokens: "word", "sentence", "line", "turn" (of a chat), or spans of
            positions. Methods that replace tokens replace a group as a whole; the others sum.
        roles
            Of a chat, only tokens with these roles are rows ("user", "system", "assistant", …;
            "template" for the template's own tokens); others stay in the prompt, unattributed.
        chat_template, tools, documents, continue_final_message, add_generation_prompt
            How chat messages become text, as :meth:`generate` says; further keywords are the chat
            template's.
        memory_budget
            How much the computation may take besides the model: bytes, or text such as "2 GiB";
            by default half of what is free on the device. Work that does not fit into it is done
            in smaller pieces; a budget below what one prompt takes is refused.
        time_budget
            Seconds after which the computation ends with what it has, and says so: 60 unless
            given, None for as long as it takes. integrated_gradients and shapley then have larger
            standard errors, removal puts more losses in proportion to what is read, and of other
            methods the values that are missing are NaN. The first piece of the work is always
            finished, however long it takes.
        progress
            Whether to show a progress bar; None: if it takes longer than two seconds.

        Returns
        -------
        Attribution
            Values ``[n_tokens, n_targets]`` in the unit of the score (nats for "logprob").
            Positive: the token speaks for the target. Norms and attention have no sign. If the
            user interrupts, what is finished comes back with ``partial=True``, the rest NaN; if
            time runs out, ``stopped_after`` says after how long. Weights of 16 bits are computed
            with in float32, a matrix at a time, wherever a model gives the same so.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong kind or out of range, a target tokenises to nothing,
            prompt and target exceed the model's context, or a model that cannot be differentiated
            (quantised) is asked for a gradient method; the message names the argument.
        FloatingPointError
            If the model's numbers become NaN on the way, as in float16 beyond its range.

        Warns
        -----
        UserWarning
            If half of a target's values are no larger than what rounding does to them, of a model
            with weights of 16 bits that cannot be computed with in float32; if ``time_budget`` is
            over before the work is; or as :func:`integrated_gradients` says.
        """
        question = self._asked(
            prompt, targets, continuation=continuation, method=method, score=score,
            reduction=reduction, baseline=baseline, grouping=grouping, roles=roles, **options,
        )  # fmt: skip
        seconds = as_seconds(time_budget)
        return attribute(self, question, budget=memory_budget, seconds=seconds, progress=progress)

    def estimate(
        self,
        prompt: Prompt | Trace,
        targets: str | Target | Sequence[Target] | None = None,
        *,
        memory_budget: int | str | None = None,
        time_budget: float | None = TIME_BUDGET,
        progress: bool | None = None,
        **options: Any,
    ) -> Estimate:
        """What :meth:`attribute` would take with the same arguments, from a piece of the work.

        Returns
        -------
        Estimate
            Seconds, bytes besides the model, token positions and path nodes: of each the least and
            the most that is expected, ``(low, high)``; ``time_budget`` ends what is longer. It
            takes a few forward passes.
        """
        question = self._asked(prompt, targets, **options)
        return estimate(self, question, memory_budget, as_seconds(time_budget))

    def _asked(self, prompt: Any, targets: Any, **how: Any) -> Question:
        """What is to be attributed, and how, of a model that can be explained."""
        self.probe(check_causal)
        return parse_question(self, prompt, targets, **how)
