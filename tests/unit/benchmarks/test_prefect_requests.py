"""What is sent through the counting proxy is counted as Prefect Cloud counts it, and a country's night by two sizes."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from websockets.sync.client import connect
from websockets.sync.server import serve

from benchmarks.counting_proxy import CountingProxy, Traffic, busiest_minute
from benchmarks.prefect_requests import Counted, count_traffic, country


@pytest.fixture
def server():
    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_requests_count_once_and_batches_by_their_lines(server):
    proxy = CountingProxy(server)
    run = "019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f"
    with httpx.Client(base_url=f"http://127.0.0.1:{proxy.port}/api") as client:
        assert client.post("/logs/", json=[{"m": 1}, {"m": 2}, {"m": 3}]).json()[2] == {"m": 3}
        client.post("/events", json=[{"event": "x"}])
        assert client.post(f"/flow_runs/{run}/set_state", content=json.dumps({"a": 1})).status_code == 201
        client.post("/logs/filter", json={})
    assert len(proxy.traffic.told) == 4
    assert dict(proxy.traffic.paths) == {"POST /flow_runs/{id}/set_state": 1, "POST /logs/filter": 1}


def test_the_busiest_minute_may_begin_at_any_instant():
    assert busiest_minute([0.0, 30.0, 59.9, 61.0, 62.0, 300.0]) == 4
    assert busiest_minute([]) == 0


def test_a_country_has_what_a_run_has_once_and_two_hundred_tasks():
    small = Counted("", 2, 1.0, 40, 30)
    large = Counted("", 12, 1.0, 50, 80)
    assert country(small, large) == (200, 238, 1020)
    fewer = Counted("", 12, 1.0, 38, 80)
    assert country(small, fewer) == (200, 40, 1020), "fewer requests of more tasks are chance"


def test_what_goes_by_the_clock_is_counted_apart():
    traffic = Traffic()
    for method, path in [
        ("POST", "/api/work_pools/escore/get_scheduled_flow_runs"),
        ("GET", "/api/work_pools/escore"),
        ("PATCH", "/api/artifacts/019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f"),
        ("POST", "/api/artifacts/"),
    ]:
        traffic.note(method, path, b"{}" * 9)
    for event in ("prefect.task-run.Completed", "prefect.flow-run.heartbeat"):
        traffic.note_message(json.dumps({"event": event}).encode())
    traffic.note_message(b'{"type": "auth", "token": null}')
    counted = count_traffic("a night", 2, 60.0, traffic)
    assert (counted.requests, counted.polls, counted.updates) == (1, 2, 1)
    assert (counted.told, counted.heartbeats, counted.told_minute, counted.largest) == (1, 1, 2, 18)


def test_a_message_of_a_web_socket_is_read_through_the_proxy():
    """Masked as clients mask it, and sent in plain because the offer to compress is not handed on."""
    with serve(lambda socket: socket.send(socket.recv()), "127.0.0.1", 0) as far:
        threading.Thread(target=far.serve_forever, daemon=True).start()
        proxy = CountingProxy(f"http://127.0.0.1:{far.socket.getsockname()[1]}")
        event = json.dumps({"event": "prefect.task-run.Running", "payload": {"text": "x" * 300}})
        with connect(f"ws://127.0.0.1:{proxy.port}/api/events/in") as near:
            near.send(event)
            assert near.recv() == event
        assert dict(proxy.traffic.kinds) == {"prefect.task-run.Running": 1}
        assert dict(proxy.traffic.paths) == {"WEBSOCKET /events/in": 1}
        far.shutdown()
