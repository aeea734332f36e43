"""The floor of publishing: the bytes that a run sends, made beforehand and moved with nothing computed.

The rows go by COPY into the same table, which then gets the same key, index and check and is attached and put in
force; the Redis commands go down a plain socket and their replies are counted. Two threads, one a store.
"""

from __future__ import annotations

import io
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from contracts.settings import Settings
from serve.published.key_layout import POINTER_KEY, bucket_count, client_prefix, cpf_prefix
from serve.published.person_hash import PersonHash
from serve.published.run_info import RunInfo
from serve.publishing import score_partitions
from serve.publishing.bulk_hset import encode_commands
from serve.publishing.copy_rows import COPY_COLUMNS, HEADER, TRAILER, encode_rows
from serve.publishing.entry_groups import EntryGroup
from serve.publishing.staging import COPY_ROWS
from stores.connections import sql_engine

RECEIVED = 1 << 16


@dataclass(frozen=True, slots=True)
class Payload:
    """What publishing one run sends: COPY's stream, Redis commands, and how many replies they get."""

    rows: bytes
    commands: list[bytes]
    replies: int

    @property
    def size(self) -> int:
        """Return the bytes in all."""
        return len(self.rows) + sum(map(len, self.commands))


def prepare(settings: Settings, run: RunInfo, scores: pa.Table) -> Payload:
    """Return the bytes that `Publisher` would send for a run of these scores."""
    hashes = PersonHash(settings.secret("cache_key").encode())
    rows = [HEADER]
    commands: list[bytes] = []
    replies = 0
    group = EntryGroup()
    buckets = bucket_count(len(scores))
    for start in range(0, len(scores), COPY_ROWS):
        part = scores.slice(start, COPY_ROWS)
        rows.append(encode_rows(part, run).to_pybytes())
        group.add(part, run.codes, hashes)
        if group.is_full or start + COPY_ROWS >= len(scores):
            for prefix, parts in (
                (client_prefix(run.execucao_id), group.by_client()),
                (cpf_prefix(run.execucao_id), group.by_cpf()),
            ):
                for entries in parts:
                    for stream, count in encode_commands(entries, prefix=prefix, buckets=buckets):
                        commands.append(stream)
                        replies += count
            group = EntryGroup()
    return Payload(b"".join([*rows, TRAILER]), commands, replies)


def move(settings: Settings, run: RunInfo, payload: Payload) -> None:
    """Publish a payload with nothing computed; the ledger must hold the run."""
    engine = sql_engine(settings.secret("results_url"), timeout=10)
    with ThreadPoolExecutor(2) as threads:
        for done in [
            threads.submit(_fill_table, engine, run, payload.rows),
            threads.submit(_send, settings, payload.commands, payload.replies),
        ]:
            done.result()
    with engine.begin() as connection:
        score_partitions.lock_readers_out(connection)
        score_partitions.attach_partition(connection, run.execucao_id)
        connection.execute(
            sa.text("UPDATE execucao SET situacao = 'publicada', publicada_em = now() WHERE id = :id"),
            {"id": run.execucao_id},
        )
    _send(settings, [_command("SET", POINTER_KEY, run.execucao_id.hex)], 1)
    engine.dispose()


def _fill_table(engine: sa.Engine, run: RunInfo, rows: bytes) -> None:
    name = score_partitions.partition_name(run.execucao_id)
    with engine.begin() as connection:
        score_partitions.create_partition(connection, run.execucao_id)
    with engine.begin() as connection:
        cursor: Any = connection.connection.cursor()
        cursor.copy_expert(
            f"COPY {name} ({', '.join(COPY_COLUMNS)}) FROM STDIN (FORMAT binary)", io.BytesIO(rows), 1 << 20
        )
        for statement in (
            f"ALTER TABLE {name} ADD PRIMARY KEY (execucao_id, cliente_id)",
            f"CREATE INDEX ON {name} (execucao_id, cpf)",
            f"ALTER TABLE {name} ADD CHECK (execucao_id = '{run.execucao_id}'::uuid)",
        ):
            connection.execute(sa.text(statement))


def _send(settings: Settings, commands: list[bytes], replies: int) -> None:
    address = sa.make_url(settings.secret("redis_url"))
    opening = [_command("AUTH", address.password or ""), _command("SELECT", address.database or "0")]
    with socket.create_connection((address.host or "", address.port or 0)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with ThreadPoolExecutor(1) as reader:
            counted = reader.submit(_count_replies, link, len(opening) + replies)
            for command in (*opening, *commands):
                link.sendall(command)
            counted.result()


def _command(*words: str) -> bytes:
    parts = [b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words]
    return b"*%d\r\n%s" % (len(words), b"".join(parts))


def _count_replies(link: socket.socket, expected: int) -> None:
    counted = 0
    while counted < expected:
        received = link.recv(RECEIVED)
        if not received or b"-" in received:
            raise SystemExit("Redis refused a command")
        counted += received.count(b"\n")
