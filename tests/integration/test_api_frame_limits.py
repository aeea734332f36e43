"""Whatever comes over the wire, an answer or an end comes back: a problem in its turn, never a 500, never a hang."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator

import pytest

from serve.api.limits import Limits
from tests.api_server import running
from tests.frame_app import CPF, RawAnswer, RawConnection, connection, frame_app

LIMITS = Limits(head_seconds=0.4, body_seconds=0.5, idle_seconds=0.8, request_seconds=0.3, connections=20)
HOST = b"Host: a\r\n"
BIG = 70_000


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(frame_app(log_format="texto"), limits=LIMITS) as url:
        yield url


def assert_problem(answer: RawAnswer | None, status: int) -> None:
    assert answer is not None
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def post(fields: bytes, body: bytes) -> bytes:
    return b"POST /corpo HTTP/1.1\r\n" + HOST + fields + b"\r\n" + body


def get(target: bytes, fields: bytes = b"") -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + fields + b"\r\n"


MALFORMED = {
    "length and chunks": post(b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    "two lengths": post(b"Content-Length: 3\r\nContent-Length: 3\r\n", b"abc"),
    "a list of lengths": post(b"Content-Length: 3, 3\r\n", b"abc"),
    "a negative length": post(b"Content-Length: -3\r\n", b"abc"),
    "an overflowing length": post(b"Content-Length: 99999999999999999999999\r\n", b"abc"),
    "a bad chunk": post(b"Transfer-Encoding: chunked\r\n", b"zz\r\nabc\r\n"),
    "chunks before HTTP/1.1": b"POST /corpo HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": post(b"Transfer-Encoding: identity\r\n", b"abc"),
    "NUL in the path": get(b"/eco/a\0b"),
    "escaped NUL in the path": get(b"/eco/a%00b"),
    "escaped bytes that are no text": get(b"/eco/%ff"),
    "bytes beyond ASCII": get("/eco/é".encode()),
    "no path": get(b"eco"),
    "an unknown method": b"FOO /eco/1 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a proxy's method": b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /eco/1\r\n\r\n",
    "TLS": bytes.fromhex("160301020001000161"),
    "a folded field": get(b"/eco/1", b"A: b\r\n c\r\n"),
    "a space before the colon": get(b"/eco/1", b"A : b\r\n"),
    "NUL in a field": get(b"/eco/1", b"A: b\0c\r\n"),
    "bare line feeds": b"GET /eco/1 HTTP/1.1\nHost: a\n\n",
    "no host": b"GET /eco/1 HTTP/1.1\r\n\r\n",
    "two hosts": get(b"/eco/1", HOST),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=list(MALFORMED))
def test_what_is_malformed_is_a_400_and_the_end_of_the_connection(url, data):
    with connection(url) as wire:
        wire.send(data)
        (answer,) = wire.read_all()
    assert_problem(answer, 400)
    assert answer.headers["connection"] == "close"


TOO_MUCH = {
    "a long target": (414, get(b"/eco/" + b"a" * 9_000)),
    "a target without end": (414, b"GET /eco/" + b"a" * 60_000),
    "a large field": (431, get(b"/eco/1", b"A: " + b"b" * 17_000 + b"\r\n")),
    "a field without end": (431, b"GET /eco/1 HTTP/1.1\r\n" + HOST + b"A: " + b"b" * 300_000),
    "many fields": (431, get(b"/eco/1", b"".join(b"A%d: b\r\n" % number for number in range(100)))),
    "a large body announced": (413, post(b"Content-Length: %d\r\nConnection: close\r\n" % BIG, b"a" * BIG)),
    "a large body in chunks": (413, post(b"Transfer-Encoding: chunked\r\n", b"1000\r\n%b\r\n" % (b"a" * 4096) * 100)),
    "a large body that waits": (413, post(b"Content-Length: %d\r\nExpect: 100-continue\r\n" % BIG, b"")),
}


@pytest.mark.parametrize(("status", "data"), TOO_MUCH.values(), ids=list(TOO_MUCH))
def test_what_is_too_much_is_told_so(url, status, data):
    with connection(url) as wire:
        wire.send(data)
        answer = wire.read()
        assert_problem(answer, status)
        assert wire.read() is None


def test_a_body_that_no_route_reads_is_not_taken(url):
    with connection(url) as wire:
        wire.send(get(b"/eco/1", b"Content-Length: 9000000\r\n"))
        wire.send(b"a" * 1_000_000)
        answer = wire.read()
        assert answer is not None
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            send_slowly(wire, b"a" * 1_000_000)


def send_slowly(wire: RawConnection, block: bytes) -> None:
    for _ in range(100):
        wire.send(block)
        time.sleep(0.05)


def count_sent(wire: RawConnection, block: bytes, *, most: int) -> int:
    """Send until nothing more is taken; return how many bytes were."""
    sent = 0
    try:
        while sent < most * len(block):
            sent += wire.socket.send(block)
    except OSError:
        return sent
    return sent


SLOW = {
    "half a line": (408, b"GET /eco"),
    "half a head": (408, b"GET /eco/1 HTTP/1.1\r\nHo"),
    "half a body": (408, post(b"Content-Length: 10\r\n", b"abc")),
    "nothing at all": (None, b""),
}


@pytest.mark.parametrize(("status", "data"), SLOW.values(), ids=list(SLOW))
def test_one_who_stops_sending_is_cut_off(url, status, data):
    started = time.monotonic()
    with connection(url) as wire:
        wire.send(data)
        answers = wire.read_all()
    assert time.monotonic() - started < 2
    if status is None:
        assert not answers
    else:
        assert_problem(answers[0], status)


CHUNKED = b"POST /campos HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"


@pytest.mark.parametrize("apart", [False, True])
def test_what_follows_a_body_is_no_header(url, apart):
    trailer = b"Authorization: Bearer x\r\nX-Finalidade: cobranca\r\n\r\n"
    with connection(url) as wire:
        wire.send(CHUNKED + (b"" if apart else trailer))
        if apart:
            time.sleep(0.05)
            wire.send(trailer)
        answer = wire.read()
        assert answer is not None
        assert answer.json() == ["host", "transfer-encoding"]
        wire.send(CHUNKED + b"\r\n")
        assert wire.read() is not None


@pytest.mark.parametrize(
    ("start", "block"),
    [(CHUNKED, b"X-Abcdef: a\r\n" * 512), (CHUNKED + b"X: ", b"a" * 8192), (CHUNKED[:-7] + b"1;", b"a=b;" * 2048)],
    ids=["many fields after a body", "a long field after a body", "a long extension of a chunk"],
)
def test_what_is_no_body_ends_soon(url, start, block):
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with connection(url) as wire:
        wire.send(start)
        count_sent(wire, block, most=1 << 30)
    assert time.monotonic() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_a_caller_that_leaves_in_the_middle_of_a_body_is_no_fault_of_ours(url, capfd):
    with connection(url) as wire:
        wire.send(post(b"Content-Length: 10\r\n", b"abc"))
        time.sleep(0.1)
    time.sleep(0.3)
    assert "fault" not in capfd.readouterr().err


def test_one_byte_at_a_time_does_not_move_the_limit(url):
    started = time.monotonic()
    with connection(url) as wire:
        wire.socket.settimeout(0.05)
        answer = b""
        for byte in get(b"/eco/" + b"a" * 3_000):
            try:
                wire.send(bytes([byte]))
                answer += wire.socket.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
            if answer:
                break
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started < 2


def test_an_idle_connection_ends_without_a_word(url):
    with connection(url) as wire:
        wire.send(get(b"/eco/1"))
        answer = wire.read()
        assert answer is not None
        assert answer.status == 200
        assert wire.read() is None


def test_answers_keep_their_order_and_what_is_malformed_its_turn(url):
    with connection(url) as wire:
        wire.send(get(b"/espera/100") + get(b"/eco/2") + b"\1\2 what is this\r\n\r\n" + get(b"/eco/3"))
        first, second, third = wire.read_all()
    assert first.json() == {"esperados": 100}
    assert second.json() == {"cpf": "2"}
    assert_problem(third, 400)


def test_thousands_of_requests_at_once_are_answered_in_order(url):
    sent = 3_000
    with connection(url) as wire:
        wire.send(
            b"".join(get(b"/eco/%d" % number) for number in range(sent)) + get(b"/eco/x", b"Connection: close\r\n")
        )
        answers = wire.read_all()
    assert [answer.json()["cpf"] for answer in answers] == [*map(str, range(sent)), "x"]


def test_one_who_sends_without_reading_is_held_back(url):
    """The server stops reading while answers wait: it does not keep what a caller heaps up."""
    block = get(b"/eco/1") * 1_000
    with connection(url) as wire:
        wire.socket.settimeout(1)
        assert count_sent(wire, block, most=400) < 200 * len(block)


UPGRADES = [
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n",
]


@pytest.mark.parametrize("fields", UPGRADES)
def test_an_upgrade_is_not_taken_and_what_follows_is_not_left_hanging(url, fields):
    with connection(url) as wire:
        wire.send(get(b"/eco/1", fields) + get(b"/eco/2"))
        (answer,) = wire.read_all()
    assert (answer.status, answer.headers["connection"]) == (200, "close")


def test_a_caller_that_ends_its_side_still_gets_its_answer(url):
    with connection(url) as wire:
        wire.send(get(b"/espera/100"))
        wire.socket.shutdown(socket.SHUT_WR)
        (answer,) = wire.read_all()
    assert answer.json() == {"esperados": 100}


@pytest.mark.parametrize("path", [b"/espera/5000", b"/surdo/900"])
def test_a_request_that_takes_too_long_is_a_503(url, path):
    """Whether the application lets itself be ended or not."""
    started = time.monotonic()
    with connection(url) as wire:
        wire.send(get(path))
        answer = wire.read()
    assert answer is not None
    assert answer.status == 503
    assert time.monotonic() - started < 0.85
    assert answer.headers["retry-after"] == "5"
    if path == b"/espera/5000":
        assert_problem(answer, 503)


def test_an_answer_that_breaks_off_ends_its_connection(url):
    with connection(url) as wire:
        wire.send(get(b"/meia") + get(b"/eco/1"))
        with pytest.raises(AssertionError, match="cut short"):
            wire.read()


def test_a_header_field_cannot_begin_another(url):
    with connection(url) as wire:
        wire.send(get(b"/injetada"))
        answer = wire.read()
    assert answer is not None
    assert answer.status == 500
    assert "c" not in answer.headers


def test_too_many_connections_are_told_to_come_back():
    few = Limits(connections=3, head_seconds=2)
    with running(frame_app(log_format="texto"), limits=few) as url, connection(url) as first, connection(url) as second:
        for wire in (first, second):
            wire.send(get(b"/eco/1"))
            assert wire.read() is not None
        with connection(url), connection(url) as one_too_many:
            one_too_many.send(get(f"/eco/{CPF}".encode()))
            (answer,) = one_too_many.read_all()
            assert_problem(answer, 503)
            assert answer.headers["retry-after"] == "5"
            first.send(get(b"/eco/2"))
            again = first.read()
            assert again is not None
            assert again.status == 200
            spare = [connection(url) for _ in range(6)]
            wires = [one.__enter__() for one in spare]
            assert wires[-1].socket.recv(10) == b"", "far too many are cut off"
            for one in spare:
                one.__exit__(None, None, None)
        time.sleep(0.2)
        with connection(url) as later:
            later.send(get(b"/eco/3"))
            assert later.read() is not None
