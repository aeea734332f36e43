"""Whether the process lives, and whether it can answer: which stores do, asked at most once a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from contracts.errors import StoreUnavailableError
from serve.api.draining import DRAINING
from serve.api.json_text import encode_json
from serve.api.metrics import MEDIA_TYPE, Metrics

Check = Callable[[], Awaitable[bool]]
STORES = ("base_a", "base_b", "base_c", "results", "redis")
PROBE_SECONDS = 0.8
"""Longest wait for all stores together; orchestrators give a probe one second unless told otherwise."""
FRESH_SECONDS = 1.0
"""Age up to which the last look at the stores is told again: probing more often costs them nothing."""


def needs_of(stores: Collection[str], *, audit_waits: bool) -> tuple[frozenset[str], ...]:
    """Return what answers need: of each group, one store. Scores lie in two; an audit that waits needs none.

    >>> [sorted(group) for group in needs_of(["base_b", "redis", "results"], audit_waits=True)]
    [['base_b'], ['redis', 'results']]
    """
    groups = [{store} for store in stores if store.startswith("base_")]
    if "redis" in stores:
        groups.append({"redis", "results"} & set(stores))
    if "results" in stores and not audit_waits:
        groups.append({"results"})
    return tuple(frozenset(group) for group in groups)


class StoreWatch:
    """Asks the stores, all at once, in bounded time, at most once a second and never twice at a time."""

    def __init__(self, checks: Mapping[str, Check], *, timeout: float, clock: Callable[[], float]) -> None:
        self._checks = checks
        self._timeout = timeout
        self._clock = clock
        self._asked: dict[str, asyncio.Task[bool]] = {}
        self._look: asyncio.Task[dict[str, bool]] | None = None
        self._seen: dict[str, bool] = {}
        self._seen_at = float("-inf")

    async def states(self) -> dict[str, bool]:
        """Return for each store whether it answers; one that does not in time does not."""
        if self._clock() - self._seen_at < FRESH_SECONDS:
            return self._seen
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._ask())
        return await asyncio.shield(self._look)

    async def _ask(self) -> dict[str, bool]:
        for name, check in self._checks.items():
            if name not in self._asked:
                self._asked[name] = asyncio.create_task(_answers(check))
        if self._asked:
            await asyncio.wait(self._asked.values(), timeout=self._timeout)
        ended = {name: task for name, task in self._asked.items() if task.done()}
        for name in ended:  # a check that hangs is left to end, and not asked again meanwhile
            del self._asked[name]
        self._seen = {name: name in ended and ended[name].result() for name in self._checks}
        self._seen_at = self._clock()
        return self._seen


async def _answers(check: Check) -> bool:
    try:
        return await check()
    except (StoreUnavailableError, OSError, TimeoutError):
        return False


def make_router(
    checks: Mapping[str, Check],
    metrics: Metrics,
    *,
    timeout: float = PROBE_SECONDS,
    needs: Sequence[frozenset[str]] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> APIRouter:
    """Return the routes that need no token: ``/saude/vivo``, ``/saude/pronto``, ``/metrics``.

    ``needs`` are groups of stores; while one of each group answers, so does the process (``needs_of``).
    """
    router = APIRouter(tags=["Operação"])
    watch = StoreWatch(checks, timeout=min(timeout, PROBE_SECONDS), clock=clock)
    groups = needs_of(tuple(checks), audit_waits=False) if needs is None else needs

    @router.get("/saude/vivo", operation_id="saude_vivo")
    async def alive() -> dict[str, str]:
        """Diz que o processo atende."""
        return {"situacao": "vivo"}

    @router.get(
        "/saude/pronto",
        operation_id="saude_pronto",
        responses={503: {"description": "um banco necessário não responde, ou o processo está encerrando"}},
    )
    async def ready(request: Request) -> Response:
        """Diz quais bancos respondem: 503 se falta um sem o qual não há resposta, ou se o processo está encerrando."""
        if DRAINING in request.scope.get("state", {}):
            return _told("encerrando", {})
        states = await watch.states()
        up = {name for name, answers in states.items() if answers}
        if not all(group & up for group in groups):
            return _told("indisponivel", states)
        return _told("pronto" if len(up) == len(states) else "degradado", states)

    @router.get("/metrics", operation_id="metricas")
    async def show_metrics() -> Response:
        """Contadores no formato do Prometheus."""
        return Response(metrics.render(), media_type=MEDIA_TYPE)

    return router


def _told(situation: str, states: Mapping[str, bool]) -> Response:
    stores = {name: "ok" if up else "fora" for name, up in states.items()}
    unused = {name: "dispensado" for name in STORES if name not in states} if states else {}
    status = HTTPStatus.OK if situation in {"pronto", "degradado"} else HTTPStatus.SERVICE_UNAVAILABLE
    body = {"situacao": situation, "bancos": stores | unused}
    return Response(encode_json(body), status, {"Cache-Control": "no-store"}, "application/json")
