"""What one read costs the API's process: the shared pipe beside redis-py's asynchronous client and a bare socket.

Usage: SCORE_REDIS_URL set (or `escore up`), then python -m benchmarks.redis_clients. 32 callers at once, each
after a record, the pointer and a counter (the three commands of a cached score); medians of five alternating rounds.
"""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import date
from urllib.parse import urlsplit

import hiredis
import redis.asyncio
import uvloop

from contracts.settings import load_settings
from serve.sources.redis_pipe import RedisPipe

CALLERS = 32
READS = 300
ROUNDS = 5
COMMANDS = (("HGET", "escore:medida:h", "campo"), ("GET", "escore:medida:p"), ("INCR", "escore:medida:n"))


async def measure(read: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return wall and CPU microseconds a read."""

    async def caller() -> None:
        for _ in range(READS):
            await read()

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    reads = CALLERS * READS / 1e6
    return (time.perf_counter() - wall) / reads, (time.process_time() - cpu) / reads


def measure_floor(url: str) -> tuple[float, float]:
    """Return microseconds a read of the same bytes through one blocking socket, 32 reads a write."""
    parts = urlsplit(url)
    payload = b"".join(hiredis.pack_command(command) for command in COMMANDS) * CALLERS
    reader = hiredis.Reader()
    with socket.create_connection((parts.hostname, parts.port)) as link:
        if parts.password:
            link.sendall(hiredis.pack_command(("AUTH", parts.username or "default", parts.password)))
            link.recv(65536)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(READS):
            link.sendall(payload)
            missing = len(COMMANDS) * CALLERS
            while missing:
                reader.feed(link.recv(65536))
                while missing and reader.gets() is not False:
                    missing -= 1
    reads = CALLERS * READS / 1e6
    return (time.perf_counter() - wall) / reads, (time.process_time() - cpu) / reads


async def main() -> None:
    url = load_settings().require("redis_url").secret("redis_url")
    pipe = RedisPipe(url, timeout=5)
    async with redis.asyncio.Redis.from_url(url, max_connections=CALLERS) as client:
        await client.hset("escore:medida:h", "campo", "x" * 30)
        await client.set("escore:medida:p", "y" * 32)

        async def by_pipeline() -> object:
            pipeline = client.pipeline(transaction=False)
            for command in COMMANDS:
                pipeline.execute_command(*command)
            return await pipeline.execute()

        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "the shared pipe, 3 commands": lambda: pipe.send(*COMMANDS),
            "redis-py, a pipeline of 3": by_pipeline,
            "redis-py, one GET": lambda: client.get("escore:medida:p"),
        }
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        floor = []
        for _ in range(ROUNDS):
            for name, read in ways.items():
                figures[name].append(await measure(read))
            floor.append(await asyncio.to_thread(measure_floor, url))
        await client.delete("escore:medida:h", "escore:medida:p", "escore:medida:n")
    await pipe.close()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {date.today()}")
    least = statistics.median(cpu for _, cpu in floor)
    for name, taken in {"floor: bare socket, 3 commands": floor, **figures}.items():
        wall, cpu = (statistics.median(column) for column in zip(*taken, strict=True))
        print(f"{name:34} {wall:7.1f} µs  CPU {cpu:7.1f} µs  {cpu / least:5.1f} x the floor")


if __name__ == "__main__":
    uvloop.run(main())
