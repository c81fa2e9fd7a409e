"""Requests to a server: several at a time, again where one fails in passing.

A server that is busy (429), breaks (5xx), goes away in the middle of an answer or sends half of it
is asked again after a pause that doubles, or that the server names itself (``Retry-After``). What
it refuses for good is an error at once, in the server's own words.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from tokenviz._optional import require
from tokenviz.scorers.secret import Secret, without_user

__all__ = ["ServerError", "Transport"]

_PASSING = {408, 425, 429, 500, 502, 503, 504, 529}
_FIRST_PAUSE = 0.5  # seconds, doubled each time
_LONGEST_PAUSE = 120.0
_LOOK = 0.2  # seconds after which a waiting thread looks up, so that an interrupt is heard
_MESSAGE = 300  # characters of what a server says


class ServerError(RuntimeError):
    """A server did not answer, or not what was asked.

    Attributes
    ----------
    status
        The HTTP status; None where there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class _PassingError(ServerError):
    """What may go well the next time, after ``pause`` seconds if the server says so."""

    def __init__(self, message: str, status: int | None = None, pause: float | None = None) -> None:
        super().__init__(message, status)
        self.pause = pause


class _EndedError(ServerError):
    """What was not asked any more because another request had failed."""


class Transport:
    """Posts JSON to one address.

    Parameters
    ----------
    url
        Where.
    key
        Sent as a bearer token.
    concurrency
        Requests under way at a time.
    retries
        How often a request that failed in passing is sent again.
    timeout
        Seconds without a sign of the server.

    Attributes
    ----------
    requests
        How many were sent, those sent again included.
    repeated
        How many were sent again.
    """

    def __init__(
        self,
        url: str,
        key: Secret,
        *,
        concurrency: int,
        retries: int,
        timeout: float,
    ) -> None:
        self._httpx = require(
            "httpx", feature="asking a server", install="tokenviz-widget[servers]"
        )
        self._url = url
        self._key = key
        self._concurrency = concurrency
        self._retries = retries
        self._timeout = timeout
        self._count = threading.Lock()
        self.requests = 0
        self.repeated = 0

    def posts(self, bodies: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
        """Answers to some requests as they come: the number of the request, and the JSON.

        Raises
        ------
        ServerError
            If one is refused, or fails however often it is sent. Those that were not yet sent then
            stay so.
        """
        stop = threading.Event()
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="tokenviz-scorer")
        limits = self._httpx.Limits(max_connections=self._concurrency)
        # Not a local name: some tracebacks write those out.
        client = self._httpx.Client(timeout=self._timeout, limits=limits, headers=self._headers())
        finished = False
        try:
            numbers: dict[Future[Any], int] = {
                pool.submit(self._ask, client, body, stop): number
                for number, body in enumerate(bodies)
            }
            under_way = set(numbers)
            while under_way:
                done, under_way = wait(under_way, _LOOK, FIRST_COMPLETED)
                # What was answered first, so that it is kept whatever became of the others.
                for future in sorted(done, key=_has_failed):
                    if not isinstance(future.exception(), _EndedError):
                        yield numbers[future], future.result()
            finished = True
        finally:
            stop.set()
            pool.shutdown(wait=finished, cancel_futures=True)
            client.close()

    def _ask(self, client: Any, body: Mapping[str, Any], stop: threading.Event) -> Any:
        """Send one request, again if need be; once one has failed, no others."""
        try:
            return self._ask_again(client, body, stop)
        except BaseException:
            stop.set()
            raise

    def _ask_again(self, client: Any, body: Mapping[str, Any], stop: threading.Event) -> Any:
        pause = _FIRST_PAUSE
        wanted = 0.0
        for attempt in range(self._retries + 1):
            if stop.wait(wanted):
                raise _EndedError("ended before the server had answered")
            with self._count:
                self.requests += 1
                self.repeated += attempt > 0
            try:
                return self._answer(client, body)
            except _PassingError as error:
                if attempt == self._retries:
                    raise ServerError(f"{error}, {_times(attempt + 1)}", error.status) from None
                wanted = pause * random.uniform(1, 1.5) if error.pause is None else error.pause
                if wanted > _LONGEST_PAUSE:
                    raise ServerError(
                        f"{error}, and asks to be left alone for {wanted:.0f} s; go on then: what "
                        "was answered is kept",
                        error.status,
                    ) from None
            pause = min(2 * pause, _LONGEST_PAUSE)
        raise AssertionError("the last attempt returns or raises")

    def _answer(self, client: Any, body: Mapping[str, Any]) -> Any:
        where = without_user(self._url)
        try:
            response = client.post(self._url, json=body)
        except self._httpx.TransportError as error:
            said = self._key.hidden_in(str(error)) or type(error).__name__
            raise _PassingError(f"{where} did not answer ({said})") from None
        status = response.status_code
        if status in _PASSING:
            pause = _retry_after(response.headers.get("retry-after"))
            raise _PassingError(f"{where} answers {status}{self._said(response)}", status, pause)
        if status != 200:
            raise ServerError(f"{where} answers {status}{self._said(response)}", status)
        try:
            return response.json()
        except ValueError:
            raise _PassingError(f"{where} sent an answer that is no whole JSON", status) from None

    def _headers(self) -> dict[str, str]:
        key = self._key.reveal()
        return {} if key is None else {"Authorization": f"Bearer {key}"}

    def _said(self, response: Any) -> str:
        """What a server says of an error, shortened."""
        try:
            found = response.json()
            error = found.get("error", found.get("detail", found))
            text = str(error.get("message", error) if isinstance(error, dict) else error)
        except (ValueError, AttributeError):
            text = response.text
        text = self._key.hidden_in(" ".join(text.split()))
        return f": {text[:_MESSAGE]}{'…' if len(text) > _MESSAGE else ''}" if text else ""


def _has_failed(future: Future[Any]) -> bool:
    return future.exception() is not None


def _retry_after(value: str | None) -> float | None:
    """Seconds from the header's number or date; None where it says nothing that can be read."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=timezone.utc)
    return max(0.0, (then - datetime.now(timezone.utc)).total_seconds())


def _times(count: int) -> str:
    return "and was asked once" if count == 1 else f"and was asked {count} times"
