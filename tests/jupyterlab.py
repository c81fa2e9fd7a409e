"""A real JupyterLab for tests: its own folder, port and token, and Python on the same kernel."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client import BlockingKernelClient  # type: ignore[attr-defined]
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page

RUN_TIME = 120_000  # milliseconds: the kernel starts, torch loads, a model writes an answer
FIGURES = ".jp-OutputArea .tokenviz"

QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # Cells stay in the page when they are scrolled out of view.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}


class JupyterLab:
    """A server in an empty folder, with notebooks in ``root``; ``url`` opens one.

    ``settings`` of JupyterLab's extensions come on top of those that keep it quiet.
    """

    def __init__(self, folder: Path, settings: dict[str, Any] | None = None) -> None:
        self.root, home = folder / "notebooks", folder / "home"
        self.root.mkdir()
        self._token = secrets.token_hex(16)
        self._port = _free_port()
        app = home / "settings"
        app.mkdir(parents=True)
        overrides = json.dumps(QUIET | (settings or {}))
        (app / "overrides.json").write_text(overrides, encoding="utf-8")
        self._runtime = home / "runtime"
        self._log = (home / "server.log").open("w+", encoding="utf-8")
        self._server = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser",
                "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self._port}",
                "--ServerApp.port_retries=0", f"--IdentityProvider.token={self._token}",
                f"--ServerApp.root_dir={self.root}", f"--LabServerApp.app_settings_dir={app}",
                f"--LabApp.app_settings_dir={app}", f"--LabApp.workspaces_dir={home / 'ws'}",
                f"--LabApp.user_settings_dir={home / 'user'}", "--LabApp.news_url=",
            ],
            env={
                **os.environ,
                "JUPYTER_RUNTIME_DIR": str(self._runtime),
                "JUPYTER_CONFIG_DIR": str(home / "config"),
                "IPYTHONDIR": str(home / "ipython"),
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            },
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._wait_until_up()

    def __enter__(self) -> JupyterLab:
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def write(self, name: str, *cells: str) -> None:
        """Write a notebook of these cells."""
        notebook = new_notebook(
            cells=[new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.root / name)

    def url(self, notebook: str) -> str:
        """Where the browser opens a notebook."""
        return f"{self._base}/lab/tree/{notebook}?token={self._token}&reset"

    @contextmanager
    def kernel(self) -> Iterator[BlockingKernelClient]:
        """A client of the one running kernel, beside the browser's."""
        (session,) = self._get("/api/sessions")
        client = BlockingKernelClient(
            connection_file=str(self._runtime / f"kernel-{session['kernel']['id']}.json")
        )
        client.load_connection_file()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            yield client
        finally:
            client.stop_channels()

    def end_kernels(self) -> None:
        """End the kernels, as when everybody has gone home."""
        for session in self._get("/api/sessions"):
            self._get(f"/api/sessions/{session['id']}", method="DELETE")

    def stop(self) -> None:
        """End the server and its kernels."""
        self._server.terminate()
        self._server.wait(timeout=30)
        self._log.close()

    @property
    def _base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _get(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(
            self._base + path, headers={"Authorization": f"token {self._token}"}, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read() or "null")

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                self._get("/api/status")
            except OSError:
                time.sleep(0.2)
                if self._server.poll() is None:
                    continue
                self._log.seek(0)
                raise RuntimeError(self._log.read()) from None
            else:
                return
        raise TimeoutError("JupyterLab did not start within a minute")


def wait_until_ready(page: Page) -> None:
    """Wait until a notebook is open and its kernel waits for it."""
    page.wait_for_function(
        "() => { const panel = window.jupyterapp?.shell.currentWidget;"
        " return panel?.context?.isReady"
        " && panel.sessionContext.session?.kernel?.status === 'idle'"
        " && document.querySelector('.jp-NotebookPanel .jp-Cell') !== null; }",
        timeout=60_000,
    )


def command(page: Page, name: str) -> None:
    """Run a command of JupyterLab's palette on the open notebook."""
    wait_until_ready(page)
    # In braces, so not awaited: its promise may never settle, or with an object of the page.
    page.evaluate("name => { window.jupyterapp.commands.execute(name); }", name)


def wait_for(kernel: BlockingKernelClient, expression: str, wanted: str) -> None:
    """Wait until an expression in the kernel has a value: the browser syncs a little later."""
    deadline = time.monotonic() + 10
    while (now := evaluate(kernel, expression)) != wanted:
        assert time.monotonic() < deadline, f"{expression} is {now}, not {wanted}"
        time.sleep(0.1)


def evaluate(kernel: BlockingKernelClient, expression: str) -> str:
    """``repr`` of an expression, evaluated in the kernel."""
    reply = kernel.execute_interactive(
        "", user_expressions={"asked": expression}, silent=False, store_history=False, timeout=60
    )
    asked = reply["content"]["user_expressions"]["asked"]
    assert asked["status"] == "ok", re.sub(r"\x1b\[[\d;]*m", "", "\n".join(asked["traceback"]))
    return str(asked["data"]["text/plain"])


def execute(kernel: BlockingKernelClient, code: str) -> None:
    """Run a statement in the kernel."""
    reply = kernel.execute_interactive(code, store_history=False, timeout=60)
    assert reply["content"]["status"] == "ok", reply["content"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
