"""A store that drops connections for a while delays a run and changes nothing of what it publishes."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from tests.flows.conftest import AS_OF, escore, roll_back, succeed


@dataclass
class Unreliable:
    """A TCP proxy that cuts its first connections after their first bytes, then lets all through."""

    target: tuple[str, int]
    cuts: int
    seen: int = 0
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return self.listener.getsockname()[1]

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:  # closed: the test is over
                return
            self.seen += 1
            threading.Thread(target=self._carry, args=(client, self.seen <= self.cuts), daemon=True).start()

    def _carry(self, client: socket.socket, cut: bool) -> None:
        with client, socket.create_connection(self.target) as server:
            if cut:
                client.recv(1)
                return
            there = threading.Thread(target=_copy, args=(client, server), daemon=True)
            there.start()
            _copy(server, client)
            there.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # the other side has gone: so does this one
        source.close()


@contextmanager
def unreliable(url: str, cuts: int) -> Iterator[tuple[str, Unreliable]]:
    address = sa.make_url(url)
    proxy = Unreliable((address.host or "", address.port or 0), cuts)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    yield address.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False), proxy
    proxy.listener.close()


def test_lost_connections_are_tried_again(night):
    with unreliable(night.settings.secret("base_b_url"), cuts=3) as (url, proxy):
        done = succeed(escore(night.settings, "run", "--as-of", str(AS_OF), "--json", SCORE_BASE_B_URL=url))
    assert proxy.seen > 3
    assert json.loads(done.stdout)["impressao"] == night.run["impressao"]
    roll_back(night.settings)


def test_a_store_that_stays_away_ends_the_run_resumably(night):
    with unreliable(night.settings.secret("base_b_url"), cuts=10**6) as (url, _):
        done = escore(night.settings, "run", "--as-of", str(AS_OF), SCORE_BASE_B_URL=url, SCORE_IO_RETRIES="0")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    [(state, resumable)] = night.query("select situacao, retomavel from execucao order by iniciada_em desc limit 1")
    assert (state, resumable) == ("falhou", True)
    again = json.loads(succeed(escore(night.settings, "run", "--as-of", str(AS_OF), "--json")).stdout)
    assert again["impressao"] == night.run["impressao"]
    roll_back(night.settings)
