"""Erased persons stay out across changes of the key by which the list knows them; without that key nothing is read."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from contracts.errors import SettingsError
from contracts.settings import Settings
from flows.erase import _seal, erase_client
from flows.readmit import readmit_client
from flows.resources import open_results, open_sources
from flows.rotate_key import key_uses, refuse_unknown
from serve.published.person_hash import PersonHash
from serve.publishing import erasure
from stores.connections import redis_client, sql_engine
from stores.erasures import begin_erasure, rename_hashes
from tests.incremental_samples import Town
from tests.store_queries import query
from tests.town_nights import publish

FIRST, SECOND = "1" * 40, "2" * 40


@pytest.fixture(scope="module")
def installation(make_installation: Callable[[str], Settings]) -> Settings:
    return make_installation("chaves")


@pytest.fixture
def town(installation, tmp_path):
    """Return an installation whose people were published under the first key, and its settings by keys."""
    made = installation
    given = {name: getattr(made, name) for name in made.model_fields_set} | {"lake": str(tmp_path / "lago")}

    def settings_of(current: str, *earlier: str, to_come: str | None = None) -> Settings:
        keys = {"cache_key": current, "cache_keys_earlier": " ".join(earlier), "cache_key_next": to_come}
        return Settings(_env_file=None, **given | keys)

    people = Town(made)
    people.reset()
    query(made, "delete from apagamento", store="results_admin_url")
    with redis_client(made.secret("redis_url"), timeout=10) as cache:
        cache.flushdb()
    publish(settings_of(FIRST), incremental=False)
    return SimpleNamespace(people=people, settings=settings_of)


def published(settings: Settings) -> dict[str, str]:
    return dict(query(settings, "select cliente_id, cpf from score_vigente order by cpf"))


def names_of(key: str, client_id: str, cpf: str) -> tuple[str, list[str]]:
    names = PersonHash(key.encode())
    return names.subject_by_client(client_id), [names.subject_by_cpf(cpf)]


def in_list(settings: Settings) -> list[tuple[str, list[str]]]:
    kept_out = "select titular, cpfs from apagamento where not titular = any(readmitidos) order by pedido_em, titular"
    return query(settings, kept_out)


def night(settings: Settings) -> int:
    """Do a night; return how many consumers were ignored as erased."""
    return publish(settings, incremental=False)[1]["cliente"]


def test_who_was_erased_stays_out_and_the_list_moves_to_the_new_key_by_itself(town):
    old, both, new = town.settings(FIRST), town.settings(SECOND, FIRST), town.settings(SECOND)
    (client_id, cpf), *others = published(old).items()
    erase_client(old, client_id)
    assert in_list(old) == [names_of(FIRST, client_id, cpf)]
    for settings in (town.settings(FIRST, to_come=SECOND), both, new):
        assert night(settings) == 1
        assert published(settings) == dict(others)
    assert in_list(old) == [names_of(SECOND, client_id, cpf)]


def test_without_the_key_that_the_list_knows_somebody_by_nothing_is_read(town):
    old, without = town.settings(FIRST), town.settings(SECOND)
    (client_id, _cpf), *others = published(old).items()
    erase_client(old, client_id)
    needed = PersonHash(FIRST.encode()).key_id
    with pytest.raises(SettingsError, match=f"SCORE_CACHE_KEYS_EARLIER.*{needed}"):
        night(without)
    assert published(old) == dict(others)
    uses = {use.chave: use for use in key_uses(without)}
    assert uses[needed].papel == "not known"
    assert uses[needed].apagamento == 2
    with pytest.raises(SettingsError, match=needed):
        refuse_unknown(tuple(uses.values()))


def test_an_entry_older_than_ids_of_keys_is_of_the_oldest_known_key(town):
    old = town.settings(FIRST)
    (client_id, cpf), *others = published(old).items()
    erase_client(old, client_id)
    strip = "update apagamento set titular = substr(titular, 11), cpfs = array[substr(cpfs[1], 11)]"
    for settings in (old, town.settings(SECOND, FIRST)):
        query(old, strip)
        assert in_list(old)[0][0].startswith("cliente:")
        assert night(settings) == 1
        assert published(old) == dict(others)
    assert in_list(old) == [names_of(SECOND, client_id, cpf)]


def test_status_counts_those_whom_no_run_meets_any_more(town):
    """The stores hold no record of them: their hashes cannot be made anew, and the key stays needed."""
    old, both = town.settings(FIRST), town.settings(SECOND, FIRST)
    (client_id, _cpf), (other_id, other_cpf), *_ = published(old).items()
    erase_client(old, client_id)
    erase_client(old, other_id)
    forget_in_the_stores(town, client_id, _cpf)
    assert night(both) == 1
    by_role = {use.papel: use for use in key_uses(both)}
    assert by_role["current"].apagamento == by_role["earlier"].apagamento == 2
    assert by_role["earlier"].is_needed
    assert names_of(SECOND, other_id, other_cpf) in in_list(both)


def forget_in_the_stores(town: SimpleNamespace, client_id: str, cpf: str) -> None:
    for name, statements in {
        "base_a_admin_url": ("delete from divida where cliente_id = :id", "delete from cliente where id = :id"),
        "base_b_admin_url": tuple(
            f"delete from {table} where cpf = :cpf" for table in ("pessoa", "fonte_de_renda", "bem")
        ),
    }.items():
        engine = sql_engine(town.settings(FIRST).secret(name), timeout=10)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement), {"id": client_id, "cpf": cpf})
        engine.dispose()
    for collection in ("consultas", "movimentacoes", "compras"):
        town.people._events[collection].delete_many({"cpf": cpf})


def test_an_erasure_begun_under_the_old_key_is_completed_under_the_new_one(town):
    """Its CPFs lie under a pad that the old key gives; all that told them otherwise is gone from the results."""
    old, both = town.settings(FIRST), town.settings(SECOND, FIRST)
    (client_id, cpf), *others = published(old).items()
    titular, hashed = names_of(FIRST, client_id, cpf)
    with open_results(old) as results:
        begin_erasure(results.engine, titular, hashed, _seal(frozenset([cpf]), FIRST.encode(), client_id))
    query(old, "delete from score where cliente_id = :id", id=client_id)
    forget_in_the_stores(town, client_id, cpf)
    with open_sources(both) as sources:
        assert sources.erased.is_cpf(cpf)  # met by a run before the erasure is completed
    assert in_list(old) == [(titular, hashed)]
    proof = erase_client(both, client_id)
    assert proof.removed["redis"] == 2
    assert proof.found_after == 0
    assert in_list(old) == [names_of(SECOND, client_id, cpf)]
    assert night(both) == 0
    assert published(old) == dict(others)


def test_erasing_again_under_the_new_key_moves_the_entry_and_readmitting_finds_it_under_any(town):
    old, both = town.settings(FIRST), town.settings(SECOND, FIRST)
    (client_id, cpf), (other_id, _), *_ = published(old).items()
    erase_client(old, client_id)
    erase_client(both, client_id)
    assert in_list(old) == [names_of(SECOND, client_id, cpf)]
    erase_client(old, other_id)
    assert readmit_client(both, other_id) == 1
    assert readmit_client(town.settings(FIRST, to_come=SECOND), client_id) == 1
    assert night(both) == 0
    assert {client_id, other_id} <= published(both).keys()
    assert not any(use.apagamento for use in key_uses(both))


def test_two_entries_that_become_one_person_s_keep_the_person_out(town):
    old, both, new = town.settings(FIRST), town.settings(SECOND, FIRST), town.settings(SECOND)
    (client_id, cpf), (_, other_cpf), *_ = published(old).items()
    titular, hashed = names_of(FIRST, client_id, cpf)
    new_titular, _ = names_of(SECOND, client_id, other_cpf)
    with open_results(both) as results:
        begin_erasure(results.engine, titular, hashed, b"")
        begin_erasure(results.engine, new_titular, [], b"")
        query(old, "update apagamento set readmitidos = array[titular] where titular = :t", t=new_titular)
        rename = {titular: new_titular, hashed[0]: names_of(SECOND, client_id, cpf)[1][0]}
        rename_hashes(results.engine, rename)
        query(old, "update apagamento set cpfs_selados = null")
        rename_hashes(results.engine, rename)
        rename_hashes(results.engine, rename)
    assert in_list(both) == [(new_titular, names_of(SECOND, client_id, cpf)[1])]
    assert night(new) == 1
    assert client_id not in published(new)


def test_a_person_s_records_under_every_known_key_are_erased(town):
    """Redis holds one run under one key and the next under another; who does not know both cannot erase."""
    old, both = town.settings(FIRST), town.settings(SECOND, FIRST)
    client_id = next(iter(published(old)))
    night(both)
    with pytest.raises(SettingsError, match=PersonHash(SECOND.encode()).key_id):
        erase_client(old, client_id)
    assert {use.papel: use.redis for use in key_uses(both)} == {"current": ("in force",), "earlier": ("before",)}
    proof = erase_client(both, client_id)
    assert proof.removed["redis"] + proof.found_after >= 2
    with open_results(both) as results:
        assert erasure.count_records(results.cache, PersonHash.from_settings(both), client_id, []) == 0
    assert in_list(both)[0][0] == proof.titular
