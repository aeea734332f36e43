"""MongoDB's wire protocol over documents that are given out byte for byte, whatever they hold.

The embedded server decodes what it is sent, and refuses or alters what its own library cannot hold (dates beyond
the year 9999, text that is not UTF-8, a field twice); MongoDB itself stores bytes. So this stands in for it: it
knows the handshake, ``find`` of a range of CPFs, of the strays or of everything, and ``getMore``. Projections are
not honoured: readers meet every field. Texts are compared as bytes, as MongoDB does.
"""

from __future__ import annotations

import socketserver
import struct
import threading
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from operator import itemgetter
from typing import Any

import bson

from tests.extract_samples import bson_array
from tests.hostile.elements import TEXT_TYPES, elements_of, text_of

MESSAGE = 2013
BATCH_BYTES = 15 * 2**20


def texts_of(raw: bytes) -> list[bytes]:
    """Return the texts by which an index on ``cpf`` holds a document: several if it is an array, none of a stray."""
    for kind, name, payload in elements_of(raw):
        if name == b"cpf":
            items = elements_of(payload) if kind == 0x04 else [(kind, b"", payload)]
            return [text_of(item) for of, _, item in items if of in TEXT_TYPES]
    return []


class Documents:
    """The collections, and the cursors that are open on them."""

    def __init__(self, collections: Mapping[str, Sequence[bytes]]) -> None:
        self._sorted: dict[str, list[tuple[bytes, bytes]]] = {}
        self._lists: dict[str, list[tuple[list[bytes], bytes]]] = {}
        self._strays: dict[str, list[bytes]] = {}
        for name, documents in collections.items():
            held = [(texts_of(raw), raw) for raw in documents]
            self._sorted[name] = sorted((texts[0], raw) for texts, raw in held if len(texts) == 1)
            self._lists[name] = [(texts, raw) for texts, raw in held if len(texts) > 1]
            self._strays[name] = [raw for texts, raw in held if not texts]
        self._cursors: dict[int, list[bytes]] = {}
        self._numbers = count(1)

    def answer(self, command: Mapping[str, Any]) -> bytes:
        """Return the reply to a command."""
        match next(iter(command)):
            case "find":
                return self._reply(command["find"], "firstBatch", self._find(command["find"], command["filter"]))
            case "getMore":
                return self._reply(command["collection"], "nextBatch", self._cursors.pop(command["getMore"]))
            case "hello" | "ismaster" | "isMaster":
                limits = {"maxBsonObjectSize": 2**24, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000}
                return bson.encode(
                    {"isWritablePrimary": True, "maxWireVersion": 21, "minWireVersion": 0, **limits, "ok": 1}
                )
            case "ping" | "endSessions" | "killCursors":
                return bson.encode({"ok": 1})
            case _:
                return bson.encode({"ok": 0, "errmsg": "unknown command", "code": 59})

    def _find(self, collection: str, query: Mapping[str, Any]) -> list[bytes]:
        bounds = query["cpf"]
        if "$not" in bounds:
            return self._strays[collection]
        low, high = bounds["$gte"].encode(), bounds["$lt"].encode() if "$lt" in bounds else None
        held = self._sorted[collection]
        start = bisect_left(held, low, key=itemgetter(0))
        end = len(held) if high is None else bisect_left(held, high, key=itemgetter(0))
        lists = [
            raw
            for texts, raw in self._lists[collection]
            if max(texts) >= low and (high is None or min(texts) < high)  # any item may meet either bound
        ]
        return [*(raw for _, raw in held[start:end]), *lists]

    def _reply(self, collection: str, batch_name: str, left: list[bytes]) -> bytes:
        size, end = 0, 0
        while end < len(left) and (not end or size + len(left[end]) < BATCH_BYTES):
            size, end = size + len(left[end]), end + 1
        cursor = 0
        if left[end:]:
            cursor = next(self._numbers)
            self._cursors[cursor] = left[end:]
        batch = bson_array(left[:end])
        head = bson.encode({"id": bson.Int64(cursor), "ns": f"base_c.{collection}"})[4:-1]
        body = head + b"\x04" + batch_name.encode() + b"\0" + batch
        inner = struct.pack("<i", len(body) + 5) + body + b"\0"
        whole = b"\x03cursor\0" + inner + b"\x01ok\0" + struct.pack("<d", 1.0)
        return struct.pack("<i", len(whole) + 5) + whole + b"\0"


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        while head := self.rfile.read(16):
            length, request, _, kind = struct.unpack("<iiii", head)
            body = self.rfile.read(length - 16)
            old = kind != MESSAGE  # a client's first hello comes as OP_QUERY
            command = bson.decode(body[body.index(b"\0", 4) + 9 :] if old else _first_section(body))
            if command.get("$db") is None and not old:
                return
            with self.server.lock:
                answer = self.server.documents.answer(command)
            flags = struct.pack("<iqii", 8, 0, 0, 1) if old else struct.pack("<iB", 0, 0)
            length = 16 + len(flags) + len(answer)
            self.wfile.write(struct.pack("<iiii", length, 0, request, 1 if old else MESSAGE) + flags + answer)


def _first_section(body: bytes) -> bytes:
    size = struct.unpack_from("<i", body, 5)[0]
    return body[5 : 5 + size]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    documents: Documents
    lock: threading.Lock


@contextmanager
def serving(collections: Mapping[str, Sequence[bytes]]) -> Iterator[str]:
    """Serve the collections, and yield the URL of their database."""
    with _Server(("127.0.0.1", 0), _Connection) as server:
        server.documents, server.lock = Documents(collections), threading.Lock()
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"mongodb://127.0.0.1:{server.server_address[1]}/base_c?directConnection=true"
        server.shutdown()
        thread.join()
