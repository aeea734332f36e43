"""Requests of erasure wait sealed, are worked on in their turn, killed and again, and are proved one by one."""

from __future__ import annotations

import json
from types import SimpleNamespace
from uuid import uuid4

import pytest
import sqlalchemy as sa

from contracts.errors import DataIntegrityError, StoreUnavailableError
from contracts.settings import Settings
from flows import erasure_queue
from flows.erasure_queue import list_requests, request_erasure, work_queue
from flows.resources import open_results
from flows.rotate_key import key_uses
from serve.published.person_hash import PersonHash
from stores import erasure_requests, run_locks
from tests.incremental_samples import Town
from tests.town_nights import publish

CLOSE = "update pedido_apagamento set situacao = 'desconhecido', cliente_selado = null where id = :id"


@pytest.fixture(scope="module")
def house(make_installation, tmp_path_factory):
    made = make_installation("fila")
    given = {name: getattr(made, name) for name in made.model_fields_set}
    settings = Settings(**given | {"lake": str(tmp_path_factory.mktemp("lago"))})
    Town(settings).reset()
    publish(settings, incremental=False)
    return SimpleNamespace(settings=settings, hashes=PersonHash(settings.secret("cache_key").encode()))


def rows(house, sql, **values):
    with open_results(house.settings) as results, results.engine.begin() as connection:
        found = connection.execute(sa.text(sql), values)
        return [tuple(row) for row in found] if found.returns_rows else []


def someone(house) -> str:
    [(client_id,)] = rows(house, "select cliente_id from score_vigente order by cpf limit 1")
    return client_id


def published(house, client_id: str) -> bool:
    return bool(rows(house, "select 1 from score where cliente_id = :id", id=client_id))


def test_a_request_waits_under_a_seal_and_is_done_in_its_turn(house):
    client_id = someone(house)
    asked = request_erasure(house.settings, client_id)
    assert request_erasure(house.settings, client_id).id == asked.id, "one request a person waits"
    assert published(house, client_id), "nothing is erased yet"
    [row] = rows(house, "select * from pedido_apagamento")
    assert client_id not in str(row)
    assert client_id.encode() not in bytes(row[2])
    assert client_id not in json.dumps(asked.to_json())
    outcome = work_queue(house.settings, limit=10)
    assert (outcome.concluidos, outcome.falharam, outcome.pendentes, outcome.espera_desde) == (1, 0, 0, None)
    assert not published(house, client_id)
    [done] = list_requests(house.settings, limit=5)
    assert (done.situacao, done.cliente_selado, done.tentativas, done.motivo) == ("concluido", None, 1, None)
    assert done.prova["encontrados_depois"] == 0
    assert done.prova["removidos"]["score"] == 1
    assert done.prova["titular"] == house.hashes.subject_by_client(client_id)
    assert work_queue(house.settings, limit=10).to_json() == {
        "concluidos": 0, "desconhecidos": 0, "falharam": 0, "pendentes": 0, "espera_desde": None,
    }  # fmt: skip


def test_a_request_is_entered_though_the_one_that_waited_is_done_meanwhile(house):
    client_id = someone(house)
    waiting = request_erasure(house.settings, client_id)
    hashes, done = house.hashes, []

    def close_the_other(connection, _cursor, statement, *_rest):
        if statement.startswith("select") and not done:
            done.append(True)
            rows(house, CLOSE, id=waiting.id)

    with open_results(house.settings) as results:
        sa.event.listen(results.engine, "before_cursor_execute", close_the_other)
        titular, names = hashes.subject_by_client(client_id), hashes.all_by_client(client_id)
        again = erasure_requests.add_request(results.engine, uuid4(), titular=titular, names=names, sealed=b"x")
    assert done
    assert (again.situacao, again.id == waiting.id) == ("pendente", False)
    rows(house, CLOSE, id=again.id)


def test_a_seal_that_was_put_into_anothers_request_erases_nobody(house):
    [(mine,), (other,)] = rows(house, "select cliente_id from score_vigente order by cpf limit 2")
    asked, waiting = request_erasure(house.settings, mine), request_erasure(house.settings, other)
    swap = "update pedido_apagamento set cliente_selado = :sealed where id = :id"
    rows(house, swap, id=asked.id, sealed=waiting.cliente_selado)
    outcome = work_queue(house.settings, limit=10)
    assert (outcome.concluidos, outcome.falharam) == (1, 1)
    assert published(house, mine)
    rows(house, CLOSE, id=asked.id)


def test_a_turn_that_was_killed_before_the_proof_was_entered_is_completed_by_the_next(house, monkeypatch):
    """The person is gone already; the proof tells what was removed all the same."""
    client_id = someone(house)
    asked = request_erasure(house.settings, client_id)

    def die(*_args: object, **_values: object) -> None:
        raise SystemExit("killed")

    with monkeypatch.context() as patched:
        patched.setattr(erasure_requests, "close_request", die)
        with pytest.raises(SystemExit):
            work_queue(house.settings, limit=10)
    assert not published(house, client_id)
    assert rows(house, "select situacao from pedido_apagamento where id = :id", id=asked.id) == [("pendente",)]
    assert work_queue(house.settings, limit=10).concluidos == 1
    [(proof,)] = rows(house, "select prova from pedido_apagamento where id = :id", id=asked.id)
    assert proof["removidos"]["score"] == 1


def test_a_run_under_way_ends_the_turn_and_the_request_waits(house):
    client_id = someone(house)
    asked = request_erasure(house.settings, client_id)
    with open_results(house.settings) as results, run_locks.erasure_lock(results.engine):
        outcome = work_queue(house.settings, limit=10)
    assert (outcome.concluidos, outcome.falharam, outcome.pendentes) == (0, 0, 1)
    assert outcome.espera_desde == asked.pedido_em
    [waiting, *_] = list_requests(house.settings, limit=5)
    assert (waiting.id, waiting.tentativas, waiting.motivo) == (asked.id, 1, "RunConflictError")
    assert work_queue(house.settings, limit=10).concluidos == 1


def test_one_that_cannot_be_done_holds_nobody_else_up(house):
    client_id = someone(house)
    broken = request_erasure(house.settings, "quem-nao-se-le")
    rows(house, "update pedido_apagamento set cliente_selado = 'x' where id = :id", id=broken.id)
    stranger = request_erasure(house.settings, "ninguem")
    request_erasure(house.settings, client_id)
    outcome = work_queue(house.settings, limit=10)
    assert (outcome.concluidos, outcome.desconhecidos, outcome.falharam, outcome.pendentes) == (1, 1, 1, 1)
    found = {one.id: one for one in list_requests(house.settings, limit=10)}
    assert found[stranger.id].situacao == "desconhecido"
    assert found[broken.id].motivo == DataIntegrityError.__name__
    rows(house, CLOSE, id=broken.id)


def test_a_store_that_does_not_answer_fails_the_turn(house, monkeypatch):
    request_erasure(house.settings, someone(house))

    def unreachable(*_args: object) -> None:
        raise StoreUnavailableError("redis: 127.0.0.1:1 does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(erasure_queue, "erase_client", unreachable)
        with pytest.raises(StoreUnavailableError):
            work_queue(house.settings, limit=10)
    assert work_queue(house.settings, limit=10).concluidos == 1


def test_a_key_is_needed_while_somebody_waits_under_it(house):
    """A request that was entered before a change of keys is read by the key that it was sealed with."""
    client_id = someone(house)
    request_erasure(house.settings, client_id)
    earlier = house.settings.cache_key
    given = {name: getattr(house.settings, name) for name in house.settings.model_fields_set}
    changed = Settings(**given | {"cache_key": "n" * 40, "cache_keys_earlier": earlier})
    [use] = [one for one in key_uses(changed) if one.chave == house.hashes.key_id]
    assert use.is_needed
    assert request_erasure(changed, client_id).titular.startswith(house.hashes.key_id)
    assert work_queue(changed, limit=10).concluidos == 1
    assert not published(house, client_id)
