"""A process is well if it answers 200 in time, and only then."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from serve.api.probe import is_well

ROOT = Path(__file__).parents[3]


@contextmanager
def answering(reply: bytes | None) -> Iterator[int]:
    """Listen, and give one connection this reply, or none."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        done = threading.Event()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                if reply is not None:
                    connection.sendall(reply)
                else:
                    done.wait(10)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        done.set()
        thread.join(10)


@pytest.mark.parametrize(
    ("reply", "well"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", False),
        (b"SSH-2.0-other\r\n", False),
        (b"", False),
    ],
)
def test_only_200_is_well(reply, well):
    with answering(reply) as port:
        assert is_well("/saude/vivo", port) is well


def test_a_process_that_hangs_is_not_waited_for():
    with answering(None) as port:
        began = time.monotonic()
        assert not is_well("/saude/vivo", port, seconds=0.2)
        assert time.monotonic() - began < 5


def test_the_program_ends_with_the_answer():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    words = [sys.executable, "-m", "serve.api.probe", "--ready", "--port", str(port)]
    assert subprocess.run(words, cwd=ROOT, check=False).returncode == 1


@pytest.mark.parametrize(
    ("options", "path"),
    [((), b"/saude/vivo"), (("--ready",), b"/saude/pronto"), (("--path", "/api/health"), b"/api/health")],
)
def test_the_program_asks_what_it_is_told_to(options, path):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        words = [sys.executable, "-m", "serve.api.probe", *options, "--port", str(listener.getsockname()[1])]
        with subprocess.Popen(words, cwd=ROOT) as process:
            connection, _ = listener.accept()
            with connection:
                asked = connection.recv(1024).split()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            assert process.wait(20) == 0
    assert asked[:2] == [b"GET", path]


def test_it_imports_nothing_heavy():
    program = (
        "import sys, serve.api.probe; print([n for n in ('fastapi', 'pydantic', 'sqlalchemy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
