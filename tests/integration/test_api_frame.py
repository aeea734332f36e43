"""Every answer has its identifier, its header fields of security, its line and its count, whatever it answers."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from prometheus_client.parser import text_string_to_metric_families

from serve.api.health import StoreWatch, make_router, needs_of
from serve.api.metrics import Metrics
from serve.auditing.entry import AuditEntry, AuditLag
from tests.api_server import running
from tests.frame_app import CPF, connection, frame_app, nothing

GIVEN_ID = "11111111-1111-4111-8111-111111111111"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(frame_app(log_format="texto")) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers={"X-Request-ID": GIVEN_ID}) as client:
        yield client


def samples(url: str, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    """Return a measure's values by their labels."""
    families = text_string_to_metric_families(httpx.get(f"{url}/metrics").text)
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


@pytest.mark.parametrize("path", ["/eco/1", "/falha/1", "/nada", "/saude/vivo", "/metrics", "/openapi.json", "/docs"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_every_answer_carries_the_fields_of_security_and_an_identifier_of_ours(client, method, path):
    headers = client.request(method, path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] in {"no-store", "no-cache"}
    assert "strict-transport-security" not in headers, "not over plain HTTP (RFC 6797 §7.2)"
    assert "server" not in headers
    assert UUID(headers["x-request-id"]).version == 7
    assert headers.get_list("x-request-id") != [GIVEN_ID]


def test_a_route_may_say_more_than_the_usual_fields(client):
    headers = client.get("/privada").headers
    assert headers.get_list("cache-control") == ["private"]
    assert headers.get_list("content-security-policy") == ["default-src 'self'"]


@pytest.mark.parametrize("path", ["/eco/1", "/privada", "/saude/vivo", "/docs"])
def test_head_answers_as_get_does_without_the_body(client, path):
    got, headed = client.get(path), client.head(path)
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    told = {name: value for name, value in headed.headers.items() if name not in {"x-request-id", "date"}}
    assert told == {name: value for name, value in got.headers.items() if name in told}
    assert headed.headers["content-length"] == str(len(got.content))


def test_head_leaves_the_connection_to_the_next_request(url):
    with connection(url) as wire:
        wire.send(b"HEAD /eco/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /eco/2 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wire.read(bodyless=True) is not None
        second = wire.read()
    assert second is not None
    assert second.json() == {"cpf": "2"}


ALLOWED = {"/eco/1": "GET, HEAD", "/corpo": "POST", "/varias": "DELETE, GET, HEAD"}


@pytest.mark.parametrize(("path", "allowed"), ALLOWED.items())
def test_a_method_that_is_not_offered_is_told_all_that_are(client, path, allowed):
    for method in ("PUT", "TRACE", "OPTIONS"):
        refused = client.request(method, path)
        assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
        assert refused.headers["content-type"] == "application/problem+json"
    assert client.options("/nada").status_code == 404


def test_identifiers_are_all_different_under_load(url):
    with httpx.Client(base_url=url) as client, ThreadPoolExecutor(8) as pool:
        answers = pool.map(client.get, ["/eco/1"] * 500)
        identifiers = {answer.headers["x-request-id"] for answer in answers}
    assert len(identifiers) == 500


# Measures


def test_measures_count_by_template_and_never_by_path(url, client):
    before = samples(url, "escore_requisicoes_total")
    client.get(f"/eco/{CPF}")
    client.head(f"/eco/{CPF}")
    client.request("PROPFIND", f"/eco/{CPF}")
    client.get(f"/{CPF}")
    after = samples(url, "escore_requisicoes_total")
    grown = {labels for labels, value in after.items() if value > before.get(labels, 0)}
    route = ("rota", "/eco/{cpf}")
    assert (("metodo", "GET"), route, ("status", "200")) in grown
    assert (("metodo", "HEAD"), route, ("status", "200")) in grown
    assert (("metodo", "OUTRO"), route, ("status", "405")) in grown
    assert (("metodo", "GET"), ("rota", "(nenhuma)"), ("status", "404")) in grown
    assert CPF not in httpx.get(f"{url}/metrics").text


def test_latencies_fall_into_buckets_that_add_up(url, client):
    for _ in range(3):
        client.get("/espera/20")
    labels = (("metodo", "GET"), ("rota", "/espera/{milissegundos}"))
    name = "escore_requisicao_segundos"
    count, total = samples(url, f"{name}_count")[labels], samples(url, f"{name}_sum")[labels]
    assert total / count >= 0.02
    assert samples(url, f"{name}_bucket")[("le", "0.01"), *labels] == 0
    assert samples(url, f"{name}_bucket")[("le", "+Inf"), *labels] == count


class WaitingAudit:
    """An audit of which 4,096 bytes wait."""

    async def record(self, entry: AuditEntry) -> None:
        raise NotImplementedError

    def lag(self) -> AuditLag:
        return AuditLag(4096, 1.5)

    open = close = nothing


def test_stores_caches_audit_and_process_are_measured():
    metrics = Metrics()
    metrics.watch_audit(WaitingAudit().lag)
    metrics.count_fallback()
    metrics.count_cache(True, "score")
    metrics.count_cache(False, "score")
    metrics.count_unlimited()
    metrics.set_breaker("redis", True)
    metrics.in_flight = 3
    text = metrics.render().decode()
    lines = [
        "escore_leituras_sem_redis_total 1.0",
        'escore_cache_total{cache="score",resultado="acerto"} 1.0',
        'escore_cache_total{cache="score",resultado="falta"} 1.0',
        "escore_requisicoes_sem_limite_total 1.0",
        'escore_disjuntor_aberto{banco="redis"} 1.0',
        "escore_requisicoes_em_curso 3.0",
        "escore_auditoria_pendente_bytes 4096.0",
        "escore_auditoria_pendente_segundos 1.5",
    ]
    assert set(lines) <= set(text.splitlines())
    assert "process_resident_memory_bytes" in text
    assert "escore_versao{" in text
    assert "escore_auditoria_pendente_bytes" not in Metrics().render().decode(), "each has its own registry"


# Traces


class Collector(BaseHTTPRequestHandler):
    """An OTLP collector that keeps the spans it is sent."""

    spans: list[Span]
    came: threading.Event

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        self.spans += [span for batch in request.resource_spans for part in batch.scope_spans for span in part.spans]
        self.send_response(200 if self.path == "/v1/traces" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.came.set()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Span]]]:
    spans: list[Span] = []
    kind = type("Kept", (Collector,), {"spans": spans, "came": threading.Event()})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", spans
        server.shutdown()
        thread.join()


def test_a_span_a_request_reaches_the_collector_without_path_or_caller(collector):
    endpoint, spans = collector
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    traced = {"traceparent": f"00-{trace}-{parent}-01", "tracestate": f"a={CPF}", "User-Agent": f"banco {CPF}"}
    with running(frame_app(log_format="texto", otlp_endpoint=endpoint)) as url:
        first = httpx.get(f"{url}/eco/{CPF}?cpf={CPF}", headers=traced)
        httpx.get(f"{url}/falha/{CPF}", headers={"traceparent": f"malformed {CPF}"})
        httpx.get(f"{url}/{CPF}", headers={"traceparent": f"00-{trace}-{parent}-00"})
    found = {span.name: span for span in spans}
    assert set(found) == {"GET /eco/{cpf}", "GET /falha/{cpf}"}, "one that is not sampled is not sent"
    span = found["GET /eco/{cpf}"]
    attributes = {item.key: item.value.string_value or item.value.int_value for item in span.attributes}
    assert attributes == {
        "http.request.method": "GET",
        "http.route": "/eco/{cpf}",
        "http.response.status_code": 200,
        "escore.requisicao_id": first.headers["x-request-id"],
    }
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (trace, parent)
    assert span.kind == Span.SPAN_KIND_SERVER
    assert span.end_time_unix_nano > span.start_time_unix_nano
    fault = found["GET /falha/{cpf}"]
    assert fault.status.code == Status.STATUS_CODE_ERROR
    assert not fault.parent_span_id
    assert CPF not in str(spans)
    assert CPF.encode() not in b"".join(span.SerializeToString() for span in spans)


def test_a_collector_that_is_gone_costs_no_request_and_a_bounded_end():
    with running(frame_app(log_format="texto", otlp_endpoint="http://127.0.0.1:1")) as url:
        assert httpx.get(f"{url}/eco/1").status_code == 200


# Readiness


class Instants:
    """A clock that stands still until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def check(answer: bool, asked: list[str], name: str) -> Callable[[], object]:
    async def ask() -> bool:
        asked.append(name)
        return answer

    return ask


@pytest.mark.parametrize(
    ("out", "situation", "status"),
    [
        ((), "pronto", 200),
        (("redis",), "degradado", 200),
        (("results",), "degradado", 200),
        (("redis", "results"), "indisponivel", 503),
        (("base_b",), "indisponivel", 503),
    ],
)
def test_readiness_is_503_only_if_an_answer_cannot_be_given(out, situation, status):
    stores = ["base_b", "results", "redis"]
    checks = {name: check(name not in out, [], name) for name in stores}
    needs = needs_of(stores, audit_waits=True)
    app = frame_app(log_format="texto")
    app.router.routes[:0] = make_router(checks, Metrics(), needs=needs).routes
    with running(app) as url:
        answer = httpx.get(f"{url}/saude/pronto")
    assert (answer.status_code, answer.json()["situacao"]) == (status, situation)
    told = {name: "fora" if name in out else "ok" for name in stores} | dict.fromkeys(
        ["base_a", "base_c"], "dispensado"
    )
    assert answer.json()["bancos"] == told


def test_probes_ask_the_stores_once_a_second_however_many_they_are():
    asked: list[str] = []
    clock = Instants()

    async def probe() -> None:
        watch = StoreWatch({"redis": check(True, asked, "redis")}, timeout=0.5, clock=clock)
        await asyncio.gather(*(watch.states() for _ in range(50)))
        assert asked == ["redis"]
        clock.now += 1.1
        assert await watch.states() == {"redis": True}
        assert asked == ["redis"] * 2

    asyncio.run(probe())


def test_stores_that_hang_cost_a_bounded_time_and_are_not_asked_again_meanwhile():
    asked: list[str] = []
    clock = Instants()
    release = asyncio.Event()

    async def hang() -> bool:
        asked.append("base_c")
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return True

    async def probe() -> None:
        watch = StoreWatch({"base_c": hang, "redis": check(True, [], "redis")}, timeout=0.1, clock=clock)
        for _ in range(2):
            started = asyncio.get_running_loop().time()
            assert await watch.states() == {"base_c": False, "redis": True}
            assert asyncio.get_running_loop().time() - started < 0.5
            clock.now += 1.1
        assert asked == ["base_c"]
        release.set()
        await asyncio.sleep(0.01)
        assert (await watch.states())["base_c"]

    asyncio.run(probe())
