"""The explorer on pages of its own server: asked, reloaded, shown twice; closed to others."""

from __future__ import annotations

import http.client
import json
import signal
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.browser.exploring import EXPLORERS, PROMPT, Exploring, Reference, assert_painted
from tests.chromium import OfflinePages, Opened
from tests.cli.running import LONG, start
from tokenviz.model.language_model import LanguageModel
from tokenviz.serve.figure import MOST_PAGES, ServedFigure
from tokenviz.serve.frames import frame, unpack
from tokenviz.serve.loopback import Loopback

SLOWLY = 60_000
"""Milliseconds."""


@pytest.fixture(scope="module")
def lm() -> LanguageModel:
    return tv.load_model()


@contextmanager
def begun(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command, and the address that it prints."""
    with start("explore", "demo", PROMPT, "--no-open", *words, cwd=folder) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()


def shown(page: Page) -> Exploring:
    found = page.locator(EXPLORERS)
    expect(found).to_have_count(1, timeout=SLOWLY)
    return Exploring(found)


def test_an_answer_is_asked_why_with_no_notebook(
    tmp_path: Path, offline: OfflinePages, lm: LanguageModel
) -> None:
    with begun(tmp_path, "--max-new-tokens", "24", "-o", "kept.json") as (process, address):
        opened = offline.open(address, width=1400, height=1000)
        explorer = shown(opened.page)
        explorer.wait_until_written()
        known = Reference(lm, tv.TraceTree.of(lm.generate(PROMPT, max_new_tokens=24)))
        explorer.click(2)
        assert_painted(explorer, known.why(2))
        assert_accessible(opened.page, "body")
        # Another page shows the same, and what is done in one is seen in the other.
        other = offline.open(address, color_scheme="dark", width=360)
        beside = shown(other.page)
        assert_painted(beside, known.why(2))
        assert_accessible(other.page, "body")
        assert other.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        explorer.click(3)
        assert_painted(explorer, known.why(3))
        beside.wait_for("e.view.selected?.[0] === 3")
        assert_painted(beside, known.why(3))
        # A branch, and a page that is reloaded.
        others = known.path().alternatives
        place = next(i for i in range(len(others)) if others[i][0].probability > 0.02)
        explorer.choose(place, 1)
        explorer.settle()
        explorer.press("Enter")
        explorer.wait_for("e.tree.branches.length === 2")
        explorer.wait_until_written()
        opened.page.reload()
        again = shown(opened.page)
        assert again.branch_count == 2
        assert again.view["current"] == 1
        opened.assert_quiet()
        other.assert_quiet()
        # The page says that it is enough.
        with opened.page.expect_download() as download:
            opened.page.get_by_role("link", name="Save page").click()
        saved = tmp_path / "saved.html"
        download.value.save_as(saved)
        opened.page.get_by_role("button", name="Quit").click()
        assert process.wait(LONG) == 0
    for page in (opened.page, other.page):
        expect(page.get_by_role("banner").get_by_role("status")).to_contain_text(
            "tokenviz has ended", timeout=SLOWLY
        )
    assert_accessible(opened.page, "body")
    # What is known is still shown; what is not cannot be asked.
    again.click(9)
    expect(again.line).to_contain_text("was not computed, and tokenviz has ended", timeout=SLOWLY)
    kept = tv.load(tmp_path / "kept.json")
    assert isinstance(kept, tv.TraceTree)
    assert len(kept) == 2
    assert shown(offline.open(saved).page).branch_count == 2


def test_killed_it_is_seen_to_be_gone_and_interrupted_it_keeps_what_it_has(
    tmp_path: Path, offline: OfflinePages
) -> None:
    with begun(tmp_path, "--max-new-tokens", "8", "-o", "kept.html") as (process, address):
        explorer = shown(offline.open(address).page)
        explorer.wait_until_written()
        process.send_signal(signal.SIGINT)
        assert process.wait(LONG) == 0
    assert explorer.branch_count == 1
    assert shown(offline.open(tmp_path / "kept.html").page).branch_count == 1
    with begun(tmp_path) as (process, address):
        page = offline.open(address).page
        explorer = shown(page)
        process.kill()
        process.wait(LONG)
    expect(page.get_by_role("banner").get_by_role("status")).to_contain_text(
        "tokenviz has ended", timeout=SLOWLY
    )
    expect(page.get_by_role("button", name="Quit")).to_be_disabled()
    explorer.click(-2)


# The server itself, in this process.


@pytest.fixture(scope="module")
def tree() -> tv.TraceTree:
    trace = tv.Trace(["a", "b", "c"], [-1.0, -2.0, -3.0], prompt=["p", "q"])
    return tv.TraceTree.of(trace)


@contextmanager
def serving(tree: tv.TraceTree) -> Iterator[tuple[tv.Explorer, str, threading.Event]]:
    explorer, enough = tv.Explorer(None, tree), threading.Event()
    served = ServedFigure(explorer, "<b>title</b>", enough.set)
    with Loopback(served.routes) as server:
        yield explorer, server.address, enough
        served.close()


def ask(
    address: str, name: str = "", method: str = "GET", body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=LONG)
    connection.putrequest(method, f"{parts.path}{name}", skip_host="Host" in headers)
    if method == "POST":
        headers.setdefault("Content_Length", str(len(body)))
    for header, value in headers.items():
        connection.putheader(header.replace("_", "-"), value)
    with closing(connection):
        connection.endheaders(body)
        with connection.getresponse() as response:
            return response.status, response.read()


def said(data: Any, buffers: tuple[bytes, ...] = (), page: int = 1) -> bytes:
    """A message as a page posts it."""
    text = json.dumps({"page": page, "data": data, "buffers": [*map(len, buffers)]}).encode()
    return struct.pack("<I", len(text)) + text + b"".join(buffers)


def port_of(address: str) -> str:
    return str(urlsplit(address).port)


@pytest.mark.parametrize(
    ("method", "name", "headers"),
    [
        ("GET", "", {"Host": "evil.example"}),
        ("GET", "", {"Host": "evil.example:{port}"}),
        ("GET", "", {"Host": "127.0.0.1:1"}),
        ("GET", "stream", {"Origin": "http://evil.example"}),
        ("GET", "stream", {"Origin": "null"}),
        ("GET", "stream", {"Origin": "http://localhost:1"}),
        ("POST", "message", {"Origin": "https://127.0.0.1:{port}"}),
        ("POST", "quit", {"Origin": "http://evil.example"}),
        ("POST", "quit", {"Host": "evil.example:{port}"}),
    ],
)
def test_others_are_refused(
    method: str, name: str, headers: dict[str, str], tree: tv.TraceTree
) -> None:
    with serving(tree) as (_, address, enough):
        own = {key: value.format(port=port_of(address)) for key, value in headers.items()}
        status, body = ask(address, name, method, **own)
        assert status == 403
        assert b"tokenviz" not in body
        assert not enough.is_set()
        # The same request, from the page itself.
        mine = {key: "127.0.0.1:{}" if key == "Host" else "http://127.0.0.1:{}" for key in headers}
        mine = {key: value.format(port_of(address)) for key, value in mine.items()}
        if name != "stream":
            body = said({"method": "update", "state": {}}) if name == "message" else b""
            assert ask(address, name, method, body, **mine)[0] in (200, 204)


def test_without_the_token_there_is_nothing(tree: tv.TraceTree) -> None:
    with serving(tree) as (_, address, enough):
        head, token = address.rstrip("/").rsplit("/", 1)
        assert len(token) >= 40
        for wrong in ("", "x", token[:-1], token + "x", token.swapcase(), f"x/{token}"):
            for name, method in (("", "GET"), ("widget.js", "GET"), ("quit", "POST")):
                assert ask(f"{head}/{wrong}/", name, method)[0] == 403, wrong
        assert not enough.is_set()
        assert ask(address, "nothing")[0] == 404
        assert ask(address, "message", "GET")[0] == 404
        assert ask(address, "quit", "OPTIONS", Origin="http://evil.example")[0] == 501


def test_a_page_is_told_to_load_nothing_from_elsewhere(tree: tv.TraceTree) -> None:
    with serving(tree) as (_, address, _):
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=LONG)
        connection.request("GET", parts.path)
        with closing(connection), connection.getresponse() as response:
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert response.headers["X-Frame-Options"] == "DENY"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert response.headers["Access-Control-Allow-Origin"] is None
            assert b"&lt;b&gt;title" in response.read()


def test_messages_that_are_none_change_nothing(tree: tv.TraceTree) -> None:
    with serving(tree) as (explorer, address, _):
        before = explorer.get_state()
        for body in (b"", b"\xff" * 9, said(1)[:-1], said({}, (b"ab",))[:-1], b"\x02\0\0\0[]"):
            assert ask(address, "message", "POST", body)[0] == 400
        odd: list[Any] = [None, [], {"method": "update", "state": {"_kind": "x", "gamma": 3}}]
        for data in odd:
            assert ask(address, "message", "POST", said(data))[0] == 204
        for length in ("-1", "x", str(2**40)):
            assert ask(address, "message", "POST", Content_Length=length)[0] == 411
        assert explorer.get_state() == before
        ask(address, "message", "POST", said({"method": "update", "state": {"gamma": 3.0}}))
        assert explorer.gamma == 3


def test_frames_are_what_they_were() -> None:
    buffers = (b"", b"\0\xff", b"abc")
    assert unpack(said({"method": "custom"}, buffers, 7)) == ({"method": "custom"}, [*buffers], 7)
    told = frame({"method": "custom"}, [memoryview(b"abc")])
    (whole, size) = struct.unpack_from("<II", told)
    assert whole == len(told) - 4
    assert json.loads(told[8 : 8 + size]) == {"data": {"method": "custom"}, "buffers": [3]}
    assert told.endswith(b"abc")
    with pytest.raises(ValueError, match="not JSON compliant"):
        frame({"value": float("nan")})


def test_so_many_pages_and_no_more(tree: tv.TraceTree, offline: OfflinePages) -> None:
    opened: list[Opened] = []
    with serving(tree) as (explorer, address, _):
        for _ in range(MOST_PAGES):
            opened.append(offline.open(address))
            shown(opened[-1].page)
        one_more = offline.open(address).page
        expect(one_more.get_by_role("banner").get_by_role("status")).to_contain_text(
            "close one", timeout=SLOWLY
        )
        # Python's own changes come to all.
        explorer.title = "told"
        for each in opened:
            expect(each.page.get_by_text("told", exact=True).first).to_be_visible(timeout=SLOWLY)
        opened[0].page.close()
        # The server notices within a few seconds that a page is gone.
        for _ in range(20):
            one_more.reload()
            one_more.wait_for_timeout(500)
            if one_more.locator(EXPLORERS).count():
                break
        shown(one_more)
