"""How often a consulente may ask, and about how many persons a day: counted in Redis, in one call of one script.

Requests: GCRA (the leaky bucket as a meter), one number a consulente, by Redis's own clock, so that the processes of
an installation agree however their clocks differ. Persons: one counter a consulente and day of São Paulo, the day by
the caller's clock, since a key has to be named before the script runs; clocks that differ by seconds shift what falls
on midnight. Both expire by themselves, and are named by a keyed hash. What is refused counts for nothing. The hash is
under the oldest known key, so that processes with and without a new one count together while keys are changed.

While Redis is out, a meter in each process allows the same rate; persons are then not counted, and a metric says so.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.errors import StoreUnavailableError
from contracts.reference_date import REFERENCE_ZONE
from contracts.settings import Settings
from serve.access.meters import MICROSECOND, Limits, LocalMeters
from serve.access.refusals import too_many
from serve.api.clock import Clock
from serve.api.problem_error import ProblemError
from serve.api.problem_types import DAILY_QUOTA, TOO_MANY_REQUESTS
from serve.published.person_hash import PersonHash, derive_key
from serve.sources.redis_link import RedisReplyError
from serve.sources.redis_pipe import RedisPipe, script_command

MAX_COMMANDS = 10_000
"""Commands that a process remembers."""
QUOTA_USED_UP = -1
_MIDNIGHT_MARGIN = timedelta(hours=1)

SCRIPT = """
local requests, interval, window = ARGV[1], ARGV[2], ARGV[3] + 0
local persons, quota = ARGV[4], ARGV[5] + 0
local now, ahead = 0, 0
if requests ~= '0' then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
  ahead = (redis.call('GET', KEYS[1]) or now) - now
  if ahead < 0 then ahead = 0 elseif ahead > window then ahead = window end
  ahead = ahead + requests * interval
  if ahead > window then return ahead - window end
end
if persons ~= '0' then
  local used = (redis.call('GET', KEYS[2]) or 0) + persons
  if used > quota then return -1 end
  redis.call('SET', KEYS[2], used, 'EX', ARGV[6])
end
if ahead > 0 then redis.call('SET', KEYS[1], now + ahead, 'PX', math.ceil(ahead / 1000) + 1) end
return 0
"""
"""Returns 0 if allowed, the microseconds to wait for the next request, or -1 if the day's quota does not suffice."""


class Ticket:
    """One question to the limiter, on its way while the caller does something else."""

    __slots__ = ("_limiter", "_name", "_reply", "_requests")

    def __init__(
        self, limiter: RateLimiter | None, reply: asyncio.Future[list[Any]] | None, *, name: bytes, requests: int
    ) -> None:
        self._limiter = limiter
        self._reply = reply
        self._name = name
        self._requests = requests

    async def settle(self) -> None:
        """Return if the request may go on, else raise its 429; asked again, it returns."""
        limiter, self._limiter = self._limiter, None
        if limiter is None:
            return
        try:
            wait = await self._ask()
        except (StoreUnavailableError, RedisReplyError) as error:
            limiter.stand_in(self._name, self._requests, error)
        else:
            if wait:
                raise limiter.refuse(wait)

    async def _ask(self) -> int:
        if self._reply is None:
            raise StoreUnavailableError("there is no Redis")
        return int((await self._reply)[0])


NOTHING_TO_ASK = Ticket(None, None, name=b"", requests=0)


class RateLimiter:
    """Limits each consulente; ``pipe`` is None where there is no Redis, and the local meters alone limit."""

    def __init__(
        self,
        pipe: RedisPipe | None,
        limits: Limits,
        *,
        clock: Clock,
        secret: bytes,
        on_unlimited: Callable[[], None] = lambda: None,
    ) -> None:
        self._pipe = pipe
        self._script = pipe.register(SCRIPT) if pipe is not None else None
        self._limits = limits
        self._clock = clock
        self._hash = hashlib.blake2b(digest_size=16, key=derive_key(secret, "escore-limite"))
        self._on_unlimited = on_unlimited
        self._local = LocalMeters(limits.interval, limits.burst)
        self._commands: dict[tuple[str, int, int], tuple[bytes, Any]] = {}
        self._day_starts = self._day_ends = datetime.min.replace(tzinfo=UTC)
        self._day = b""

    @classmethod
    def from_settings(
        cls, settings: Settings, pipe: RedisPipe | None, *, clock: Clock, on_unlimited: Callable[[], None]
    ) -> RateLimiter:
        """Return the limiter of an installation; ``on_unlimited`` is told of each request that Redis did not limit."""
        limits = Limits(settings.rate_limit_per_second, settings.rate_limit_burst, settings.daily_quota)
        secret = PersonHash.from_settings(settings).oldest.secret
        return cls(pipe, limits, clock=clock, secret=secret, on_unlimited=on_unlimited)

    def begin(self, consulente: str, *, persons: int = 1, requests: int = 1) -> Ticket:
        """Send the question whether a consulente may make these requests about so many persons."""
        persons = persons if self._limits.daily_quota else 0
        if not (persons or requests):
            return NOTHING_TO_ASK
        name, command = self._command(consulente, persons, requests)
        reply = None if self._pipe is None else self._pipe.send(command)
        return Ticket(self, reply, name=name, requests=requests)

    def stand_in(self, name: bytes, requests: int, error: Exception) -> None:
        """Decide without Redis: return, or raise the 429."""
        if isinstance(error, RedisReplyError) and self._pipe is not None and str(error).startswith("NOSCRIPT"):
            self._pipe.send(("SCRIPT", "LOAD", SCRIPT))
        if requests and (wait := self._local.wait(name, requests)):
            raise self.refuse(wait)
        self._on_unlimited()

    def refuse(self, wait: int) -> ProblemError:
        """Return the 429 for what the script returned."""
        if wait == QUOTA_USED_UP:
            kind, name = DAILY_QUOTA, "pessoas"
            seconds = (self._day_ends - self._clock()).total_seconds()
        else:
            kind, name, seconds = TOO_MANY_REQUESTS, "requisicoes", wait / MICROSECOND
        return too_many(kind, policy=self._limits.policy(), name=name, seconds=seconds)

    def _command(self, consulente: str, persons: int, requests: int) -> tuple[bytes, Any]:
        """Return a consulente's name in Redis and the command that asks for it; both are remembered for the day."""
        now = self._clock()
        if not self._day_starts <= now < self._day_ends:
            self._turn_day(now)
        known = self._commands.get((consulente, persons, requests))
        if known is not None:
            return known
        state = self._hash.copy()
        state.update(consulente.encode("utf-8", "surrogatepass"))
        name = base64.urlsafe_b64encode(state.digest()).rstrip(b"=")
        if len(self._commands) >= MAX_COMMANDS:
            self._commands.clear()
        made = self._commands[consulente, persons, requests] = (name, self._make_command(name, persons, requests))
        return made

    def _make_command(self, name: bytes, persons: int, requests: int) -> Any:
        if self._script is None:
            return None
        keys = (b"escore:limite:{%s}" % name, b"escore:cota:{%s}:%s" % (name, self._day))
        kept = int((self._day_ends - self._day_starts + _MIDNIGHT_MARGIN).total_seconds())
        interval, window = self._limits.interval, self._limits.burst * self._limits.interval
        numbers = (requests, interval, window, persons, self._limits.daily_quota, kept)
        return script_command(self._script, keys, numbers)

    def _turn_day(self, now: datetime) -> None:
        local = now.astimezone(REFERENCE_ZONE)
        start = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        self._day_starts = start.astimezone(UTC)
        self._day_ends = (start + timedelta(days=1)).astimezone(UTC)
        self._day = f"{local:%Y%m%d}".encode()
        self._commands.clear()
