"""A TLS server before a store that speaks none, so that its driver's checks can be tried: bytes go through as they are.

Without a store behind, a connection ends once the handshake is done.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.certificates import Certificate

Address = tuple[str, int]


@contextmanager
def tls_front(certificate: Certificate, behind: Address | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield the front's port on loopback and the TLS versions of the connections that came through."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    loop = asyncio.new_event_loop()
    versions: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        versions.append(writer.get_extra_info("ssl_object").version())
        with suppress(OSError):
            if behind is not None:
                inner_reader, inner_writer = await asyncio.open_connection(*behind)
                await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(serve, "localhost", 0, ssl=context, family=2))
    loop.set_exception_handler(lambda _loop, _context: None)  # clients that break the handshake off are what is tried
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], versions
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
