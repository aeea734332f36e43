"""The link to Redis takes what is no answer of Redis's for a Redis that is out."""

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, resource, sys
from contracts.errors import StoreUnavailableError
from serve.sources.redis_link import RedisLink

GIB = 2**30
resource.setrlimit(resource.RLIMIT_AS, (4 * GIB, 4 * GIB))

class Transport(asyncio.Transport):
    def write(self, data): pass
    def abort(self): pass

async def ask():
    link = RedisLink(asyncio.get_running_loop(), timeout=5)
    link.connection_made(Transport())
    waiting = link.send(b"", 1)
    link.data_received(sys.argv[1].encode())
    try:
        await waiting
    except StoreUnavailableError as error:
        print(error)

asyncio.run(ask())
"""


@pytest.mark.parametrize("answer", ["*2147483647\r\n", "%1\r\n*1000\r\n", "?\r\n"])
def test_what_redis_never_answers_is_told(answer):
    """hiredis makes room for all the items that an array announces, and takes a list for a map's key."""
    command = [sys.executable, "-c", PROGRAM, answer]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "an answer that is not Redis's" in done.stdout
