"""Which ASGI server, and which way to JSON: what docs/decisions/0008-http-framework-and-server.md rests on.

    python -m benchmarks.server_choice [--consumers 20000] [--rounds 3] [--seconds 4]

Servers: a bare Starlette route with one Redis GET, and our application with everything on, one process each, in
turn, on uvicorn (httptools and uvloop), uvicorn (h11 and asyncio), granian and, where it is installed, hypercorn.
JSON: microseconds from a score's values to the bytes of an answer, for one score and for a thousand, one core.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import statistics
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from benchmarks.cached_score import Bench, Saturation
from benchmarks.made_up_scores import CODES, make_scores
from benchmarks.peers.catalog import SCORE_PATH, UVICORN, UVICORN_QUIET, our_environment, our_process, peer_environment
from benchmarks.peers.installation import Installation, copy_answers, installed
from benchmarks.peers.server_process import ServerProcess, machine_line, python_module
from contracts.score_terms import Reason
from serve.api.payload_models import ResultadosDeConsulta, Score
from serve.published.published_score import PublishedScore
from serve.published.run_info import RunInfo
from serve.scores.score_json import ScoreWriter

MANY = 1_000
REPEATS = 7
VALIDITY_DAYS = 7

SERVERS = {
    "uvicorn, httptools, uvloop": ("uvicorn", "--port", "{port}", *UVICORN),
    "uvicorn, h11, asyncio": ("uvicorn", "--port", "{port}", "--loop", "asyncio", "--http", "h11", *UVICORN_QUIET),
    "granian, uvloop": ("granian", "--port", "{port}", "--interface", "asgi", "--workers", "1", "--loop", "uvloop"),
    "hypercorn, uvloop": ("hypercorn", "--bind", "127.0.0.1:{port}", "--worker-class", "uvloop"),
}
BARE, OURS = "bare route", "escore"
APPLICATIONS = {BARE: "benchmarks.peers.starlette_get:app", OURS: "benchmarks.peers.our_application:create"}

Render = Callable[[Sequence[PublishedScore]], bytes]


def server_processes(installation: Installation) -> list[ServerProcess]:
    """Return each application on each server that is installed, named ``application on server``."""
    environment = {**our_environment(installation), **peer_environment(installation)}
    found = []
    for server, (module, *options) in SERVERS.items():
        if importlib.util.find_spec(module) is None:
            print(f"({module} is not installed)")
            continue
        for application, target in APPLICATIONS.items():
            factory = ["--factory"] if application == OURS and module != "hypercorn" else []
            where = f"{target}()" if application == OURS and module == "hypercorn" else target
            name = f"{application} on {server}"
            own = {"SCORE_AUDIT_DIR": str(installation.folder / name)}
            log = installation.folder / f"{name}.log"
            command = python_module(module, where, *factory, *options)
            found.append(ServerProcess(name, command, environment | own, log=log))
    return found


def compare_servers(options: Namespace) -> None:
    """Print requests a second and CPU time a request of each application on each server."""
    results: defaultdict[str, list[Saturation]] = defaultdict(list)
    with ExitStack() as stack:
        installation = stack.enter_context(installed(options.consumers))
        tokens = installation.tokens()
        ours = stack.enter_context(our_process(installation, installation.folder))
        copy_answers(installation, port=ours.port, token=tokens[0])
        bench = Bench(installation, tokens, options)
        servers = [ours] + [stack.enter_context(server) for server in server_processes(installation)]
        for server in servers:
            bench.add(server)
        for _ in range(options.rounds):
            for server in servers:
                results[server.name].append(bench.saturate(server.name, SCORE_PATH))
    print("\n| application on server | req/s | CPU µs a request | p99 ms |\n|---|---:|---:|---:|")
    for name, items in results.items():
        rate, cpu, p99 = (
            statistics.median(values)
            for values in (
                [item.rate for item in items],
                [item.cpu_us for item in items],
                [item.report.latency_ms["p99"] for item in items],
            )
        )
        print(f"| {name} | {rate:,.0f} | {cpu:.0f} | {p99:.2f} |", flush=True)


def published_scores(count: int) -> list[PublishedScore]:
    """Return scores with four reasons each, as a store's reader returns them."""
    texts = {
        code: {"aumenta": f"Não há dívidas em atraso ({code})", "reduz": f"Há dívidas vencidas não baixadas ({code})"}
        for code in CODES
    }
    run = RunInfo(UUID(int=1), date(2026, 11, 22), "cartao-2026-11", "cartao", 12, texts, datetime.now(UTC), "0" * 64)
    return [
        PublishedScore(
            row["cliente_id"],
            row["cpf"][3:9],
            row["score"],
            row["probabilidade"],
            row["faixa"],
            row["status"],
            tuple(Reason(reason["codigo"], reason["pontos"]) for reason in row["motivos"]),
            run,
        )
        for row in make_scores(count).to_pylist()
    ]


def json_paths() -> dict[str, Render]:
    """Return the ways from scores to the bytes of the answer of `POST /scores/consultar`, by name."""
    writer = ScoreWriter(validity_days=VALIDITY_DAYS)
    model: TypeAdapter[Any] = TypeAdapter(ResultadosDeConsulta)

    def as_values(scores: Sequence[PublishedScore]) -> dict[str, Any]:
        return {
            "resultados": [
                {"encontrado": True, "resultado": score.to_json(validity_days=VALIDITY_DAYS)} for score in scores
            ]
        }

    def write_prepared(scores: Sequence[PublishedScore]) -> bytes:
        items = ",".join([f'{{"encontrado":true,"resultado":{writer.text(score)}}}' for score in scores])
        return f'{{"resultados":[{items}]}}'.encode()

    paths: dict[str, Render] = {
        "prepared texts (`ScoreWriter`)": write_prepared,
        "dictionaries, json.dumps": lambda scores: json.dumps(
            as_values(scores), ensure_ascii=False, separators=(",", ":")
        ).encode(),
        "dictionaries, pydantic (`response_model`)": lambda scores: model.dump_json(
            model.validate_python(as_values(scores))
        ),
    }
    if importlib.util.find_spec("orjson"):
        import orjson  # noqa: PLC0415 - not one of our dependencies

        paths["dictionaries, orjson"] = lambda scores: orjson.dumps(as_values(scores))
    if importlib.util.find_spec("rest_framework"):
        from django.conf import settings  # noqa: PLC0415 - only where it is installed

        settings.configure()
        from rest_framework.renderers import JSONRenderer  # noqa: PLC0415 - reads the settings as it is imported

        renderer = JSONRenderer()
        paths["dictionaries, DRF's JSONRenderer"] = lambda scores: renderer.render(as_values(scores))
    return paths


def compare_json() -> None:
    """Print microseconds an answer of each way to JSON, which must all say the same."""
    scores = published_scores(MANY)
    assert Score.model_validate(scores[0].to_json(validity_days=VALIDITY_DAYS))
    paths = json_paths()
    said = {name: json.loads(render(scores)) for name, render in paths.items()}
    expected = said["dictionaries, json.dumps"]
    print(f"\n| way to JSON | one score, µs | {MANY:,} scores, µs |\n|---|---:|---:|")
    for name, render in paths.items():
        assert name.endswith("(`response_model`)") or said[name] == expected, name
        one = _microseconds(partial(render, scores[:1]), calls=2_000)
        many = _microseconds(partial(render, scores), calls=10)
        print(f"| {name} | {one:.1f} | {many:,.0f} |", flush=True)


def _microseconds(work: Callable[[], object], *, calls: int) -> float:
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        for _ in range(calls):
            work()
        taken.append((time.perf_counter() - started) / calls * 1e6)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consumers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--json-only", action="store_true", help="the ways to JSON alone")
    options = parser.parse_args()
    logging.disable()
    print(machine_line())
    compare_json()
    if not options.json_only:
        compare_servers(options)


if __name__ == "__main__":
    main()
