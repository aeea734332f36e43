"""The proxy does what its modes say, on connections that are open already and on new ones."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.tcp_faults import Cut, Delay, Pass, Refuse, Reset, Stall, TcpFaults, Throttle

REPLY = b"0123456789" * 100


@pytest.fixture
def upstream() -> Iterator[int]:
    """A server that answers every line with `REPLY`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(upstream: int) -> Iterator[TcpFaults]:
    with TcpFaults(upstream) as proxy:
        yield proxy


def serve(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as lines:
        try:
            for _line in lines:
                connection.sendall(REPLY)
        except OSError:
            return


def connect(proxy: TcpFaults) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def ask(connection: socket.socket, *, timeout: float = 5) -> bytes:
    connection.settimeout(timeout)
    connection.sendall(b"?\n")
    found = b""
    while len(found) < len(REPLY):
        data = connection.recv(4096)
        if not data:
            break
        found += data
    return found


def test_everything_passes(proxy):
    with connect(proxy) as connection:
        assert ask(connection) == ask(connection) == REPLY
        assert (proxy.accepted, proxy.open_links) == (1, 1)


def test_a_delay_holds_replies_and_ends_at_once(proxy):
    with connect(proxy) as connection:
        ask(connection)
        proxy.apply(Delay(0.3))
        began = time.monotonic()
        assert ask(connection) == REPLY
        assert time.monotonic() - began >= 0.3
        proxy.apply(Delay(60))
        threading.Timer(0.2, proxy.apply, [Pass()]).start()
        assert ask(connection) == REPLY


def test_a_stall_keeps_old_and_new_connections_silent_until_it_ends(proxy):
    with connect(proxy) as old:
        ask(old)
        proxy.apply(Stall())
        with connect(proxy) as new:
            for connection in (old, new):
                with pytest.raises(TimeoutError):
                    ask(connection, timeout=0.2)
            proxy.apply(Pass())
            assert old.recv(len(REPLY), socket.MSG_WAITALL) == REPLY
            assert ask(new)


def test_a_reset_is_seen_on_old_and_new_connections(proxy):
    with connect(proxy) as old:
        ask(old)
        proxy.apply(Reset())
        with pytest.raises(ConnectionError):
            ask(old)
        with pytest.raises(ConnectionError), connect(proxy) as new:
            ask(new)
    proxy.apply(Pass())
    with connect(proxy) as connection:
        assert ask(connection) == REPLY
    assert proxy.open_links <= 1


def test_nothing_listens_where_connections_are_refused_and_the_port_stays(proxy):
    proxy.apply(Refuse())
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.apply(Pass())
    with connect(proxy) as connection:
        assert ask(connection) == REPLY


def test_a_reply_is_cut_in_the_middle(proxy):
    with connect(proxy) as connection:
        ask(connection)
        proxy.apply(Cut())
        found = ask(connection)
        assert 0 < len(found) < len(REPLY)
        assert REPLY.startswith(found)


def test_a_throttle_spreads_a_reply(proxy):
    proxy.apply(Throttle(5_000))
    with connect(proxy) as connection:
        began = time.monotonic()
        assert ask(connection) == REPLY
        assert time.monotonic() - began >= 0.15


def test_an_upstream_that_is_gone_resets_the_client():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone = listener.getsockname()[1]
    with TcpFaults(gone) as proxy, pytest.raises(ConnectionError), connect(proxy) as connection:
        ask(connection)
