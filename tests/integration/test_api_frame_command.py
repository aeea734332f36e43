"""`escore serve` as its users start it: one system, a shared port and one of its own, and an orderly end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from contracts.settings import Settings
from stores.embedded.processes import free_port

START_SECONDS = 40
END_SECONDS = 30


def environment(settings: Settings, folder: Path) -> dict[str, str]:
    """Return what System C alone needs, and nothing of the other systems."""
    given = {"base_c_url", "cache_key", "jwt_secret"}
    own = {f"SCORE_{name.upper()}": settings.secret(name) for name in given}
    return {**os.environ, **own, "SCORE_VAR": str(folder), "SCORE_DRAIN_SECONDS": "0.2"}


def test_one_system_on_a_shared_port_and_one_of_its_own(
    make_installation: Callable[[str], Settings], tmp_path: Path
) -> None:
    settings = make_installation("comando")
    shared, own = free_port(), free_port()
    options = ["--system", "c", "--port", str(shared), "--reuse-port", "--own-port", str(own)]
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("escore")), "serve", *options],
            cwd=tmp_path,
            env=environment(settings, tmp_path / "var"),
            stderr=stream,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while f":{own} " not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for port in (shared, own):
            ready = httpx.get(f"http://127.0.0.1:{port}/saude/pronto").json()
            assert ready["bancos"]["base_c"] == "ok", ready
            assert ready["bancos"]["base_a"] == "dispensado"
            assert httpx.get(f"http://127.0.0.1:{port}/clientes").status_code == 404, "System A is another process"
        assert 'status="404"} 2.0' in httpx.get(f"http://127.0.0.1:{own}/metrics").text
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_SECONDS) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert sum(line.get("rota") == "/saude/pronto" for line in lines) == 2
