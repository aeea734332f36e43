"""What Redis holds and answers: replies on the wire, the pointer, a run's description, records, what the API keeps."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

import pyarrow as pa
from hypothesis import strategies as st

from contracts.errors import DataIntegrityError, StoreUnavailableError
from contracts.score_terms import SCORE_MAX, SCORE_MIN
from serve.published.key_layout import RECORD, Pointer
from serve.published.person_hash import PersonHash
from serve.published.run_info import GenerationInfo
from serve.published.stored_scores import read_redis
from serve.publishing.generations import Generations
from serve.publishing.record_encoding import encode_records, entries_by_client, entries_by_cpf
from serve.scores.redis_scores import RedisScores
from serve.scores.score_json import ScoreWriter
from serve.sources.redis_link import RedisLink, RedisReplyError
from serve.systems.score_data import score_data_seal
from tests.fuzz.target import CPF, Target
from tests.score_samples import CODES, make_run, make_scores

_HASHES = PersonHash(b"k" * 32)
_RUN = make_run(7)
_KEY = "escore:dados:x"
_CLIENT = "7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e"
_POINTER = Pointer(_RUN.execucao_id, None).encode()
_INFO = GenerationInfo(_RUN, 64).encode()


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


class _Redis:
    """Answers as a Redis does that holds these values: to the API's pipe, and to redis-py's callers."""

    def __init__(self, *, pointer: bytes = _POINTER, info: bytes = _INFO, record: bytes | None = None) -> None:
        self._values = {"escore:vigente": pointer}
        self._info = info
        self._record = record

    def send(self, *commands: Any) -> asyncio.Future[list[Any]]:
        future = asyncio.get_running_loop().create_future()
        future.set_result([self._answer(*command) for command in commands])
        return future

    def get(self, key: str) -> bytes:
        return self._values.get(key, self._info)

    def hget(self, _key: str, _field: bytes) -> bytes | None:
        return self._record

    def _answer(self, name: str, key: str, *_rest: Any) -> Any:
        if name == "GET":
            return self.get(key)
        return self._record if name == "HGET" else 1


def _ask(held: _Redis) -> None:
    """Ask for one consumer by id and by CPF; what is answered is a score as documented."""
    scores = RedisScores(held, _HASHES)  # type: ignore[arg-type]

    async def read() -> list[Any]:
        found = []
        for ask in (lambda: scores.by_client(_CLIENT), lambda: scores.by_cpfs([CPF])):
            try:
                answer = await ask()
            except StoreUnavailableError as error:
                refused.append(error)
            else:
                found += answer if isinstance(answer, list) else [answer]
        return found

    refused: list[StoreUnavailableError] = []
    for found in filter(None, _runner().run(read())):
        written = json.loads(ScoreWriter(validity_days=7).text(found), parse_constant=_refuse)
        assert written["score"] is None or SCORE_MIN <= written["score"] <= SCORE_MAX
        assert written["probabilidade_inadimplencia"] is None or 0 <= written["probabilidade_inadimplencia"] <= 1
        assert len(written["cpf_mascarado"]) == len("***.982.247-**")
        assert len(written["cliente_id"]) <= 36
    if len(refused) == 2:
        raise refused[0]


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def _read_record(data: bytes) -> None:
    _ask(_Redis(record=data))


def _review_record(data: bytes) -> None:
    read_redis(_Redis(record=data), _HASHES, _RUN.execucao_id, client_id=_CLIENT, cpf=CPF)  # type: ignore[arg-type]


def _read_both(data: bytes) -> None:
    """Read a record as the API does, and as a review does; each refuses it with an error of its own."""
    refused = []
    for read in (_read_record, _review_record):
        try:
            read(data)
        except (StoreUnavailableError, DataIntegrityError) as error:
            refused.append(error)
    if refused:
        raise refused[0]


def _read_description(data: bytes) -> None:
    held = _Redis(info=data, record=_records()[0])
    refused = []
    for read in (lambda: _ask(held), lambda: Generations(held, _HASHES).info(_RUN.execucao_id)):  # type: ignore[arg-type]
        try:
            read()
        except (StoreUnavailableError, DataIntegrityError) as error:
            refused.append(error)
    if refused:
        raise refused[0]


def _read_pointer(data: bytes) -> None:
    held = _Redis(pointer=data)
    refused = []
    for read in (lambda: _ask(held), Generations(held, _HASHES).pointer):  # type: ignore[arg-type]
        try:
            read()
        except (StoreUnavailableError, DataIntegrityError) as error:
            refused.append(error)
    if refused:
        raise refused[0]


@cache
def _records() -> list[bytes]:
    """Return records of the one consumer, by id and by CPF, with scores of others."""
    scores = make_scores(20)
    for name, value in (("cliente_id", _CLIENT), ("cpf", CPF)):
        scores = scores.set_column(scores.column_names.index(name), name, pa.array([value] * 20))
    records = encode_records(scores, CODES)
    texts = scores.set_column(0, "cliente_id", pa.array(["cliente-1"] * 20))
    parts = [entries_by_client(scores, records, _HASHES)]
    parts += [*entries_by_cpf(scores, records, _HASHES), *entries_by_cpf(texts, records, _HASHES)]
    return [row.tobytes() for part in parts for row in part.values[:10]]


class _Transport(asyncio.Transport):
    def write(self, _data: Any) -> None:
        return

    def abort(self) -> None:
        return


def _read_replies(data: bytes) -> None:
    """Take bytes, in two pieces, for the replies to three commands: each is answered or told that Redis is out."""

    async def read() -> None:
        link = RedisLink(asyncio.get_running_loop(), timeout=5)
        link.connection_made(_Transport())
        futures = [link.send(b"", 1), link.send(b"", 2)]
        half = data[0] if data else 0
        link.data_received(data[1 : 1 + half])
        link.data_received(data[1 + half :])
        link.connection_lost(None)
        for future in futures:
            assert future.done()
            try:
                await future
            except (StoreUnavailableError, RedisReplyError):
                continue

    _runner().run(read())


_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SEAL = score_data_seal(b"s" * 32, lambda: _NOW)


def _open_sealed(data: bytes) -> None:
    found = _SEAL.open(_KEY, data)
    assert found is None or found == b'{"cpf":"1"}'


_ODD_RUNS: tuple[dict[str, Any], ...] = (
    {"baldes": 0},
    {"baldes": "1"},
    {"baldes": -1},
    {"textos": "x"},
    {"textos": {"A": {"aumenta": "x"}}},
    {"textos": {"A": "x"}},
    {"calculado_em": "9999-12-31T23:59:59+00:00"},
    {"modelo_nome": 5},
)
_fields = st.tuples(
    st.integers(-(2**15), 2**15 - 1), st.floats(width=32), st.integers(0, 255), *[st.integers(0, 255)] * 4,
    *[st.integers(-(2**15), 2**15 - 1)] * 4,
)  # fmt: skip
_described = st.fixed_dictionaries(
    {
        "baldes": st.integers() | st.text(max_size=3) | st.floats(),
        "textos": st.dictionaries(
            st.sampled_from(CODES), st.none() | st.dictionaries(st.just("aumenta"), st.text(max_size=3))
        ),
        "calculado_em": st.datetimes().map(datetime.isoformat) | st.just("9999-12-31T23:59:59+00:00"),
    }
)

TARGETS = (
    Target(
        "published/record",
        "a score's record in Redis, served and reviewed",
        (
            "serve.published.key_layout:read_record",
            "serve.published.key_layout:read_client_id",
            "serve.published.key_layout:read_masked_digits",
            "serve.published.stored_scores:read_redis",
        ),
        _records,
        _read_both,
        (StoreUnavailableError, DataIntegrityError),
        grammar=lambda: st.builds(lambda fields, rest: RECORD.pack(*fields) + rest, _fields, st.binary(max_size=40)),
        regressions=(
            b"",
            RECORD.pack(5, float("nan"), *[0] * 9) + bytes(3),
            RECORD.pack(-1, 0.5, *[0] * 9),
            RECORD.pack(5, 0.5, 7, *[9] * 8),
            b"\xff" * 60,
            RECORD.pack(5, 0.5, *[0] * 9) + b"\xff\xff\xff",
        ),
    ),
    Target(
        "published/run",
        "a run's description in Redis",
        (
            "serve.published.run_info:GenerationInfo.decode",
            "serve.published.run_info:RunInfo.from_json",
            "serve.publishing.generations:Generations.info",
            "serve.scores.redis_scores:RedisScores._load_generation",
        ),
        lambda: [_INFO],
        _read_description,
        (StoreUnavailableError, DataIntegrityError),
        tokens=(b'"baldes": 0', b'"textos": {}', b'"calculado_em": "9999-12-31"'),
        grammar=lambda: _described.map(lambda part: json.dumps({**json.loads(_INFO), **part}).encode()),
        regressions=(
            b"[" * 60_000,
            *(json.dumps({**json.loads(_INFO), **part}).encode() for part in _ODD_RUNS),
        ),
    ),
    Target(
        "published/pointer",
        "the pointer to the run in force",
        (
            "serve.published.key_layout:Pointer.decode",
            "serve.published.key_layout:parse_generation",
            "serve.publishing.generations:Generations.pointer",
        ),
        lambda: [_POINTER, Pointer(UUID(int=1), UUID(int=2)).encode()],
        _read_pointer,
        (StoreUnavailableError, DataIntegrityError),
        tokens=(b" ", b"{", b"urn:uuid:", b"-"),
        regressions=(
            b"",
            b"\xff",
            b"x",
            b"0" * 33,
        ),
    ),
    Target(
        "published/replies",
        "Redis's replies on the wire",
        ("serve.sources.redis_link:RedisLink.data_received", "serve.sources.redis_link:RedisLink.__init__"),
        lambda: [
            b"\x03+OK\r\n:1\r\n$3\r\nabc\r\n",
            b"\x04*2\r\n$-1\r\n:5\r\n-ERR x\r\n*0\r\n",
            b"\x00*1000\r\n",
            b"\x01$536870912\r\n",
        ],
        _read_replies,
        tokens=(b"\r\n", b"*", b"$", b":", b"-ERR ", b"$-1\r\n", b"*-1\r\n", b"%1\r\n", b"_\r\n", b"*99999\r\n"),
    ),
    Target(
        "published/sealed",
        "what the API keeps of a person, sealed",
        ("serve.systems.seal:Seal.open",),
        lambda: [_SEAL.close(_KEY, b'{"cpf":"1"}'), _SEAL.close("outra", b"x")],
        _open_sealed,
    ),
)
