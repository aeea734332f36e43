"""One person out of what is published: the score partitions of every run, and every generation in Redis.

``rejeitado`` keeps its rows, for a run's counts must add up, but loses the key where it is the person's id.
``auditoria`` stays: it is the record of processing that the law asks for (LGPD art. 37), and names the person by a
keyed hash alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import redis
import sqlalchemy as sa

from serve.published.kept_answers import LEASE_ENDING, score_data_key
from serve.published.key_layout import client_prefix, cpf_prefix, info_key, locate
from serve.published.person_hash import PersonHash
from serve.published.run_info import GenerationInfo
from serve.publishing.generations import Generations, reading_redis, redis_errors
from serve.publishing.score_partitions import partition_name, stored_runs

_IS_PERSON = "cliente_id = :client_id OR cpf = ANY(:cpfs)"
_BLANK_KEYS = """
WITH gone AS (DELETE FROM rejeitado WHERE chave = ANY(:keys) RETURNING execucao_id, base, tabela, regra)
INSERT INTO rejeitado (execucao_id, base, tabela, chave, regra) SELECT execucao_id, base, tabela, NULL, regra FROM gone
"""


def cpfs_published(results: sa.Engine, client_id: str) -> frozenset[str]:
    """Return the CPFs under which a consumer stands in any run's scores."""
    with results.connect() as connection:
        return frozenset(
            cpf
            for run_id in stored_runs(connection)
            for cpf in connection.scalars(
                sa.text(f"SELECT cpf FROM {partition_name(run_id)} WHERE cliente_id = :client_id"),
                {"client_id": client_id},
            )
        )


def cpfs_of_others(results: sa.Engine, client_id: str, cpfs: Collection[str]) -> frozenset[str]:
    """Return which CPFs the run in force gives to another consumer."""
    query = sa.text("SELECT cpf FROM score_vigente WHERE cliente_id <> :client_id AND cpf = ANY(:cpfs)")
    with results.connect() as connection:
        return frozenset(connection.scalars(query, {"client_id": client_id, "cpfs": sorted(cpfs)}))


def erase_rows(results: sa.Engine, client_id: str, cpfs: Collection[str], *, keys: Collection[str]) -> dict[str, int]:
    """Remove a person's scores of every run, attached or not, and reviews, and blank ``keys`` among the refused.

    Returns how many, by table.
    """
    person = {"client_id": client_id, "cpfs": sorted(cpfs)}
    with results.begin() as connection:
        scores = sum(
            connection.execute(sa.text(f"DELETE FROM {partition_name(run)} WHERE {_IS_PERSON}"), person).rowcount
            for run in stored_runs(connection)
        )
        refused = connection.execute(sa.text(_BLANK_KEYS), {"keys": sorted(keys)}).rowcount
        reviews = connection.execute(sa.text("DELETE FROM revisao WHERE cliente_id = :client_id"), person).rowcount
    return {"score": scores, "rejeitado": refused, "revisao": reviews}


def count_person(results: sa.Engine, client_id: str, cpfs: Collection[str], *, keys: Collection[str]) -> int:
    """Return how many rows of the results still hold a person."""
    person = {"client_id": client_id, "cpfs": sorted(cpfs)}
    with results.connect() as connection:
        scores = sum(
            int(
                connection.scalar(sa.text(f"SELECT count(*) FROM {partition_name(run)} WHERE {_IS_PERSON}"), person)
                or 0
            )
            for run in stored_runs(connection)
        )
        others = connection.scalar(
            sa.text(
                "SELECT (SELECT count(*) FROM rejeitado WHERE chave = ANY(:keys))"
                " + (SELECT count(*) FROM revisao WHERE cliente_id = :client_id)"
            ),
            {"client_id": client_id, "keys": sorted(keys)},
        )
    return scores + int(others or 0)


def erase_records(cache: redis.Redis, hashes: PersonHash, client_id: str, cpfs: Collection[str]) -> int:
    """Remove a person's records, by id and by CPF, of every generation, and what the API keeps; return how many.

    SettingsError if a generation names persons by a key that is not known here.
    """
    removed = 0
    with redis_errors():
        for names in hashes.known:
            kept = score_data_key(names, client_id)
            removed += _number(cache.delete(kept))
            cache.delete(kept + LEASE_ENDING)  # a reading under way is not kept either
        for key, field in _places(cache, hashes, client_id, cpfs):
            removed += _number(cache.hdel(key, field))
    return removed


def count_records(cache: redis.Redis, hashes: PersonHash, client_id: str, cpfs: Collection[str]) -> int:
    """Return how many records of a person Redis still holds."""
    with redis_errors():
        return sum(bool(cache.hexists(key, field)) for key, field in _places(cache, hashes, client_id, cpfs))


def _places(
    cache: redis.Redis, hashes: PersonHash, client_id: str, cpfs: Collection[str]
) -> Iterator[tuple[str, bytes]]:
    for name in sorted(Generations(cache, hashes).listed()):
        text: Any = cache.get(info_key(*name))
        if text is not None:
            with reading_redis(f"the description of run {name[0]}"):
                info = GenerationInfo.decode(text)
            names = hashes.under(info.key_id)
            yield locate(names.of_client(client_id), client_prefix(*name), info.buckets)
            for cpf in sorted(cpfs):
                yield locate(names.of_cpf(cpf), cpf_prefix(*name), info.buckets)


def _number(reply: Any) -> int:
    return int(reply)
