"""A steady load on the API and what came of each request: the right answer, a documented refusal, or a fault.

Requests leave at a constant rate whatever becomes of the earlier ones, in a thread of their own. Each answer
is compared with the truth as it arrives.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from tests.api_server import token
from tests.faults.house import House
from tests.faults.starvation import Starvation
from tests.faults.truth import STRANGERS, Person, Run, make_known_run, same_score

CLIENT_TIMEOUT_SECONDS = 20.0
TICK_SECONDS = 0.02
LOT = 12
"""CPFs in one POST."""

RATES = {
    "score": 16.0,
    "scores": 4.0,
    "cliente": 6.0,
    "score-data": 8.0,
    "eventos": 6.0,
    "pronto": 4.0,
    "vivo": 10.0,
}
"""Requests a second of each kind; ``vivo`` touches no store and tells how long the machine itself lets one wait."""

PERSONAL = frozenset({"score", "scores", "cliente", "score-data", "eventos"})


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, and what is wrong with an answer of 200 to it (None: nothing)."""

    kind: str
    path: str
    persons: frozenset[frozenset[str]] = frozenset()
    body: Mapping[str, Any] | None = None
    fault_of: Callable[[Any], str | None] = lambda _answer: None
    right_status: int = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request; ``fault`` says why it must not be so. ``status`` 0: no answer at all.

    ``body`` is readiness's alone; ``run`` is when the run of a score was computed.
    """

    ask: Ask
    began: float
    seconds: float
    status: int
    request_id: str
    fault: str | None
    body: Any = None
    run: str | None = None

    @property
    def kind(self) -> str:
        """Return the kind of request."""
        return self.ask.kind

    @property
    def ended(self) -> float:
        """Return when the answer was there."""
        return self.began + self.seconds

    @property
    def is_served(self) -> bool:
        """Return whether it got what it asked for."""
        return self.fault is None and self.status == self.ask.right_status


class Asks:
    """Makes requests about known persons; the runs that may be in force are given, one or several."""

    def __init__(self, persons: Sequence[Person], runs: Iterable[Run], *, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._persons = persons
        self._runs = {run.computed_at: run for run in runs}

    def make(self, kind: str) -> Ask:
        """Return the next request of a kind."""
        person = self._random.choice(self._persons)
        if kind in ("pronto", "vivo"):
            return Ask(kind, f"/saude/{kind}")
        if kind == "scores":
            return self._scores()
        if kind == "score":
            return self._score(person)
        path, wanted = {
            "cliente": (f"/clientes/{person.id}", person.client),
            "score-data": (f"/clientes/{person.id}/score-data", person.score_data),
            "eventos": (f"/clientes/{person.cpf}/consultar", person.events),
        }[kind]
        return _known(kind, path, person, wanted)

    def _score(self, person: Person) -> Ask:
        if self._random.random() < 0.1:
            return Ask("score", "/clientes/ninguem/score", right_status=404)

        def fault_of(answer: Any) -> str | None:
            run = self._runs.get(answer["calculado_em"])
            return None if run and same_score(answer, run.scores[person.id]) else "a score that is not the truth"

        return Ask("score", f"/clientes/{person.id}/score", frozenset({person.names}), None, fault_of)

    def _scores(self) -> Ask:
        chosen = self._random.sample(list(self._persons), LOT)
        cpfs = [person.cpf for person in chosen]
        place = self._random.randrange(LOT)
        cpfs.insert(place, self._random.choice(STRANGERS))
        wanted: list[Person | None] = [*chosen]
        wanted.insert(place, None)

        def fault_of(answer: Any) -> str | None:
            found = [item["resultado"] for item in answer["resultados"]]
            stamps = {item["calculado_em"] for item in found if item}
            if len(stamps) != 1:
                return f"scores of {len(stamps)} runs in one answer"
            run = self._runs.get(stamps.pop())
            right = run is not None and all(
                item is None if person is None else same_score(item, run.scores[person.id])
                for item, person in zip(found, wanted, strict=True)
            )
            return None if right else "scores that are not the truth"

        names = frozenset(person.names for person in chosen)
        return Ask("scores", "/scores/consultar", names, {"cpfs": cpfs}, fault_of)


@dataclass(slots=True)
class Load:
    """The load as a context manager; ``outcomes`` grows while it runs."""

    url: str
    token: str
    asks: Asks
    rates: Mapping[str, float] = field(default_factory=lambda: RATES)
    starvation: Starvation | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    slack: list[tuple[float, float]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join(CLIENT_TIMEOUT_SECONDS + 10)

    def since(self, moment: float) -> list[Outcome]:
        """Return what came of the requests that began at or after a moment."""
        return [outcome for outcome in list(self.outcomes) if outcome.began >= moment]

    def forgiven(self, outcome: Outcome) -> float:
        """Return for how long load or API were kept from running while an answer was awaited."""
        own = sum(lag for at, lag in list(self.slack) if outcome.began <= at <= outcome.ended + TICK_SECONDS)
        return own + self.starved(outcome.began, outcome.ended)

    def starved(self, began: float, ended: float) -> float:
        """Return for how long the API was kept from running."""
        return self.starvation.between(began, ended) if self.starvation else 0.0

    async def _run(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=2)
        async with (
            httpx.AsyncClient(
                base_url=self.url, headers=headers, timeout=CLIENT_TIMEOUT_SECONDS, limits=limits
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(self._watch_itself())
            for number, (kind, rate) in enumerate(self.rates.items()):
                group.create_task(self._send_steadily(client, kind, rate, shift=number / 37, group=group))

    async def _send_steadily(
        self, client: httpx.AsyncClient, kind: str, rate: float, *, shift: float, group: asyncio.TaskGroup
    ) -> None:
        start = time.monotonic() + shift
        for number in itertools.count():
            await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
            if self._stop.is_set():
                return
            group.create_task(self._send(client, self.asks.make(kind)))

    async def _watch_itself(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            now = time.monotonic()
            if self.starvation is not None:
                self.starvation.sample()
            if now - began > 2 * TICK_SECONDS:
                self.slack.append((now, now - began - TICK_SECONDS))

    async def _send(self, client: httpx.AsyncClient, ask: Ask) -> None:
        self.outcomes.append(await send(client, ask))


def make_load(house: House) -> Load:
    """Return a steady load of every kind on a house whose run in force stays the same."""
    run = make_known_run(house.run_in_force())
    starvation = Starvation(house.api.process.pid)
    return Load(house.api.url, token(house.settings), Asks(house.persons, [run]), starvation=starvation)


async def send(client: httpx.AsyncClient, ask: Ask) -> Outcome:
    """Send one request and judge what comes back."""
    began = time.monotonic()
    try:
        answer = await client.request("POST" if ask.body else "GET", ask.path, json=ask.body)
    except httpx.TransportError as error:
        return Outcome(ask, began, time.monotonic() - began, 0, "", f"no answer: {type(error).__name__}")
    seconds = time.monotonic() - began
    body = answer.json() if "json" in answer.headers.get("content-type", "") else None
    fault = _fault_of(ask, answer, body)
    kept = body if ask.kind == "pronto" else None
    identifier = answer.headers.get("x-request-id", "")
    return Outcome(ask, began, seconds, answer.status_code, identifier, fault, kept, _run_of(ask, answer, body))


def _run_of(ask: Ask, answer: httpx.Response, body: Any) -> str | None:
    if answer.status_code != 200 or ask.kind not in ("score", "scores"):
        return None
    found = [body] if ask.kind == "score" else [item["resultado"] for item in body["resultados"]]
    return next((str(item["calculado_em"]) for item in found if item), None)


def _fault_of(ask: Ask, answer: httpx.Response, body: Any) -> str | None:
    if ask.kind == "pronto":
        return None if answer.status_code in (200, 503) and "bancos" in (body or {}) else "readiness says nothing"
    if answer.status_code == ask.right_status:
        return ask.fault_of(body) if answer.status_code == 200 else None
    if answer.status_code != 503:
        return f"answered {answer.status_code}"
    if answer.headers.get("content-type") != "application/problem+json" or body.get("status") != 503:
        return "503 that is no Problem"
    return None if answer.headers.get("retry-after", "").isdigit() else "503 without Retry-After"


def _known(kind: str, path: str, person: Person, wanted: dict[str, Any]) -> Ask:
    return Ask(
        kind,
        path,
        frozenset({person.names}),
        None,
        lambda answer: None if answer == wanted else "an answer that is not the truth",
    )
