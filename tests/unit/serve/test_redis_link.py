"""The link to Redis takes what is no answer of Redis's for a Redis that is out."""

import subprocess
import sys

PROGRAM = """
import asyncio, resource
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
    link.data_received(b"*2147483647\\r\\n")
    try:
        await waiting
    except StoreUnavailableError as error:
        print(error)

asyncio.run(ask())
"""


def test_an_array_longer_than_memory_is_no_answer():
    """hiredis makes room for as many items as an array announces before the first of them has come."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "an answer that is not Redis's" in done.stdout
