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
from pathlib import Path
from typing import Any

from jupyter_client import BlockingKernelClient  # type: ignore[attr-defined]

QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # Cells stay in the page when they are scrolled out of view.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}


class JupyterLab:
    """A server on ``root``; ``url`` opens a notebook in it."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self._token = secrets.token_hex(16)
        self._port = _free_port()
        settings = home / "settings"
        settings.mkdir(parents=True)
        (settings / "overrides.json").write_text(json.dumps(QUIET), encoding="utf-8")
        self._runtime = home / "runtime"
        self._log = (home / "server.log").open("w+", encoding="utf-8")
        self._server = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser",
                "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self._port}",
                "--ServerApp.port_retries=0", f"--IdentityProvider.token={self._token}",
                f"--ServerApp.root_dir={root}", f"--LabServerApp.app_settings_dir={settings}",
                f"--LabApp.app_settings_dir={settings}", f"--LabApp.workspaces_dir={home / 'ws'}",
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

    def url(self, notebook: str) -> str:
        """Where the browser opens a notebook."""
        return f"{self._base}/lab/tree/{notebook}?token={self._token}&reset"

    def kernel(self) -> BlockingKernelClient:
        """A client of the one running kernel, beside the browser's."""
        (session,) = self._get("/api/sessions")
        client = BlockingKernelClient(
            connection_file=str(self._runtime / f"kernel-{session['kernel']['id']}.json")
        )
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        return client

    def stop(self) -> None:
        """End the server and its kernels."""
        self._server.terminate()
        self._server.wait(timeout=30)
        self._log.close()

    @property
    def _base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _get(self, path: str) -> Any:
        request = urllib.request.Request(
            self._base + path, headers={"Authorization": f"token {self._token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

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
