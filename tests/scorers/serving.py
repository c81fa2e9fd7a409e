"""A completions server of our own: the bundled model behind HTTP on this machine.

It speaks the shape of OpenAI's legacy completions with ``echo``, and of vLLM's ``prompt_logprobs``,
as far as a scorer asks for them. Real servers of that kind need a GPU or an account. It can be told
to fail as they do.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import torch
from typing_extensions import Self

from tokenviz.model.language_model import LanguageModel

Failure = Callable[["_Handler"], bool]
"""Fails one request, if it wants to: whether it has answered."""


class CompletionsServer:
    """Serves ``POST /v1/completions`` on a free port while it is entered.

    Attributes
    ----------
    bodies
        What was asked, in order.
    headers
        The headers of each request, by their names in small letters.
    failures
        What becomes of the next requests, one each.
    drops_first
        Whether the first token of a prompt is left out of lists, as llama-cpp-python does with BOS.
    changes
        From an answer to what is sent instead.
    """

    def __init__(self, lm: LanguageModel) -> None:
        self.lm = lm
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.failures: list[Failure] = []
        self.drops_first = False
        self.changes: Callable[[dict[str, Any]], Any] = lambda answer: answer
        self.lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.completions = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def n_prompts(self) -> int:
        """How many prompts were asked for."""
        return sum(len(prompts_of(body)) for body in self.bodies)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        choices = [
            {"index": k, "finish_reason": "length"} | self._choice(prompt, body)
            for k, prompt in enumerate(prompts_of(body))
        ]
        usage = {"completion_tokens": len(choices)}
        # In whatever order they are finished.
        return {"object": "text_completion", "choices": choices[::-1], "usage": usage}

    def _choice(self, prompt: str | list[int], body: dict[str, Any]) -> dict[str, Any]:
        ids = self.lm.encode(prompt).tolist() if isinstance(prompt, str) else prompt
        with torch.no_grad():
            logits = self.lm.model(torch.tensor([ids])).logits[0].double()
        logs = logits.log_softmax(-1)
        own = [None, *(float(logs[k, id_]) for k, id_ in enumerate(ids[1:]))]
        said = [token.text for token in self.lm.vocabulary.tokens(ids)]
        if "prompt_logprobs" in body:
            entries = [
                {str(id_): {"logprob": log, "rank": 1, "decoded_token": text}}
                for id_, log, text in zip(ids, own, said, strict=True)
            ]
            return {"text": "", "logprobs": None, "prompt_logprobs": [None, *entries[1:]]}
        assert body["echo"] is True and body["max_tokens"] == 1
        new = int(logs[-1].argmax())
        own.append(float(logs[-1, new]))
        said.append(self.lm.vocabulary[new].text)
        if self.drops_first:
            own, said = own[1:], said[1:]
        logprobs = {"tokens": said, "token_logprobs": own, "top_logprobs": None, "text_offset": []}
        return {"text": "".join(said), "logprobs": logprobs}


def prompts_of(body: dict[str, Any]) -> list[Any]:
    """The prompts of a request, a single one without its list included."""
    prompt = body["prompt"]
    is_one = isinstance(prompt, str) or isinstance(prompt[0], int)
    return [prompt] if is_one else prompt


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        owner: CompletionsServer = self.server.completions  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with owner.lock:
            owner.bodies.append(body)
            owner.headers.append({name.lower(): value for name, value in self.headers.items()})
            failure = owner.failures.pop(0) if owner.failures else None
        if failure is not None and failure(self):
            return
        if self.path != "/v1/completions":
            self.reply(404, {"error": {"message": "no such page"}})
            return
        self.reply(200, owner.changes(owner.answer(body)))

    def reply(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(data))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


def status(code: int, message: str = "", **headers: str) -> Failure:
    """Answer with an error; underscores in the names of headers are hyphens."""

    def fail(handler: _Handler) -> bool:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.reply(code, {"error": {"message": message}}, named)
        return True

    return fail


def dropped(handler: _Handler) -> bool:
    """Hang up without a word."""
    handler.close_connection = True
    handler.connection.close()
    return True


def truncated(handler: _Handler) -> bool:
    """Send half of an answer as if it were whole."""
    data = b'{"choices": [{"index": 0, "logprobs": {"tok'
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)
    return True


def cut_short(handler: _Handler) -> bool:
    """Promise more than is sent, and hang up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True
    return True


def well(handler: _Handler) -> bool:
    """Let a request be answered."""
    return False
