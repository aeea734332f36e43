"""A person is erased from real stores, lake and cache, completed after a kill, and kept out of the runs that follow."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.errors import ClientNotFoundError, GateError, RunConflictError
from contracts.settings import Settings
from flows import erase_lake
from flows.base_snapshot import find_base
from flows.erase import erase_client
from flows.half_finished import confirm_right
from flows.readmit import readmit_client
from flows.resources import open_lake, open_results
from serve.published.kept_answers import LEASE_ENDING, score_data_key
from serve.published.person_hash import PersonHash
from serve.publishing import erasure
from stores import ledger, run_locks
from tests.incremental_samples import CPFS, SPARE_CPFS, START, Town
from tests.store_queries import query
from tests.town_nights import publish


@pytest.fixture(scope="module")
def house(make_installation, tmp_path_factory):
    made = make_installation("apagar")
    given = {name: getattr(made, name) for name in made.model_fields_set}
    settings = Settings(**given | {"lake": str(tmp_path_factory.mktemp("lago"))})
    town = Town(settings)
    town.reset()
    stage = SimpleNamespace(settings=settings, town=town, hashes=PersonHash(settings.secret("cache_key").encode()))
    publish(settings, incremental=False)
    publish(settings, incremental=False)
    return stage


def rows(house, sql, **values):
    return query(house.settings, sql, **values)


def someone(house, number: int) -> tuple[str, str]:
    [found] = rows(house, f"select cliente_id, cpf from score_vigente order by cpf offset {number} limit 1")
    return found


def places_with(house, client_id: str, cpf: str) -> int:
    person = erase_lake.Person(client_id, frozenset([cpf]))
    with open_results(house.settings) as results:
        return (
            erasure.count_person(results.engine, client_id, [cpf], keys=person.keys)
            + erasure.count_records(results.cache, house.hashes, client_id, [cpf])
            + erase_lake.count_in_lake(open_lake(house.settings), person)
        )


def texts_of_the_lake(root: Path) -> str:
    columns = []
    for file in root.rglob("*.parquet"):
        columns += [c for c in pq.read_table(file).columns if pa.types.is_string(c.type)]
    others = [f.read_text() for f in root.rglob("*.json")]
    return " ".join([*others, *(str(text) for column in columns for text in column.to_pylist())])


def test_who_is_erased_is_nowhere_and_stays_out(house):
    client_id, cpf = someone(house, 3)
    assert places_with(house, client_id, cpf) > 10
    proof = erase_client(house.settings, client_id)
    assert proof.found_after == 0
    assert proof.removed["score"] == 2
    assert proof.removed["redis"] == 4
    assert proof.removed["snapshots"] > 0
    assert places_with(house, client_id, cpf) == 0
    root = Path(house.settings.lake_root)
    assert cpf not in texts_of_the_lake(root)
    assert client_id not in texts_of_the_lake(root).split()
    entry = rows(house, "select titular, cpfs, cpfs_selados, concluido_em is not null from apagamento")
    assert entry == [(house.hashes.subject_by_client(client_id), [house.hashes.subject_by_cpf(cpf)], None, True)]
    others = rows(house, "select cliente_id from score_vigente order by 1")
    incremental, full = publish(house.settings, incremental=True), publish(house.settings, incremental=False)
    assert incremental == full
    assert full[1]["cliente"] == 1
    assert full[1]["compras"] >= 1
    assert rows(house, "select cliente_id from score_vigente order by 1") == others
    assert cpf not in texts_of_the_lake(root)
    again = erase_client(house.settings, client_id)
    assert set(again.removed.values()) == {0}


def test_a_killed_erasure_is_completed_by_the_next(house):
    """All that told the CPF was emptied before the kill but some of the lake: the sealed CPF tells where to look."""
    client_id, cpf = someone(house, 1)
    person = erase_lake.Person(client_id, frozenset([cpf]))
    with open_results(house.settings) as results:
        from flows.erase import _seal  # noqa: PLC0415
        from stores.erasures import begin_erasure  # noqa: PLC0415

        key = house.settings.secret("cache_key").encode()
        hashed = [house.hashes.subject_by_cpf(cpf)]
        sealed = _seal(person.cpfs, key, client_id)
        begin_erasure(results.engine, house.hashes.subject_by_client(client_id), hashed, sealed)
        erasure.erase_rows(results.engine, client_id, [cpf], keys=person.keys)
    assert cpf.encode() not in sealed
    assert places_with(house, client_id, cpf) > 0
    assert erase_client(house.settings, client_id).found_after == 0
    assert places_with(house, client_id, cpf) == 0


def test_a_run_under_way_is_waited_for_and_the_person_is_listed(house):
    client_id, _ = someone(house, 2)
    day = START + timedelta(days=1)
    with open_results(house.settings) as results:
        run_id = UUID(int=7)
        ledger.open_run(results.engine, execucao_id=run_id, data_referencia=day, modelo_versao="m")
        with run_locks.reference_date_lock(results.engine, day), pytest.raises(RunConflictError):
            erase_client(house.settings, client_id)
        listed = "select count(*) from apagamento where titular = :t and concluido_em is null"
        assert rows(house, listed, t=house.hashes.subject_by_client(client_id)) == [(1,)]
        ledger.fail_run(results.engine, run_id, motivo="teste", retomavel=False)
    assert erase_client(house.settings, client_id).found_after == 0


def test_a_run_that_lost_its_right_while_somebody_was_erased_is_not_published(house):
    """It may hold in memory, and write afterwards, what the erasure could not find."""
    client_id, _ = someone(house, 4)
    with (
        open_results(house.settings) as results,
        run_locks.reference_date_lock(results.engine, START + timedelta(days=1)) as right,
    ):
        right.release()
        confirm_right(results, right)
        right.release()
        erase_client(house.settings, client_id)
        with pytest.raises(GateError, match="was erased"):
            confirm_right(results, right)


def test_nobody_is_erased_who_is_not_known(house):
    assert CPFS
    with pytest.raises(ClientNotFoundError):
        erase_client(house.settings, "ninguem")


def sql_on(house, name: str, text: str, **values):
    query(house.settings, text, store=name, **values)


def test_a_cpf_that_another_consumer_has_by_now_is_not_the_erased_ones(house):
    """It was corrected: what names the CPF alone, and the other's scores, stay, and the other is scored on."""
    mistaken, cpf = someone(house, 0)
    right = "outro-titular"
    sql_on(house, "base_a_admin_url", "update cliente set cpf = :new where id = :id", new=SPARE_CPFS[1], id=mistaken)
    sql_on(
        house,
        "base_a_admin_url",
        "insert into cliente select :right, :cpf, nome, data_nascimento, sexo, estado_civil, uf, cidade, bairro,"
        " longadouro, numero, complemento, registrado_em, atualizado_em from cliente where id = :id",
        right=right,
        cpf=cpf,
        id=mistaken,
    )
    publish(house.settings, incremental=False)
    assert (right, cpf) in rows(house, "select cliente_id, cpf from score_vigente")
    assert erase_client(house.settings, mistaken).found_after == 0
    assert rows(house, "select 1 from score where cliente_id = :id", id=mistaken) == []
    assert (right, cpf) in rows(house, "select cliente_id, cpf from score_vigente")
    assert publish(house.settings, incremental=True) == publish(house.settings, incremental=False)
    assert (right, cpf) in rows(house, "select cliente_id, cpf from score_vigente")


def test_who_is_taken_in_again_is_read_with_all_that_they_had(house):
    """An incremental run cannot: the snapshot lacks the person. It is refused, and a full one makes a new start."""
    client_id, _ = rows(house, "select cliente_id, cpf from score_vigente order by cpf desc limit 1")[0]
    before = publish(house.settings, incremental=False)
    erase_client(house.settings, client_id)
    assert publish(house.settings, incremental=True)[0] != before[0]
    assert readmit_client(house.settings, client_id) == 1
    with open_results(house.settings) as results:
        found = find_base(house.settings, open_lake(house.settings), results.engine)
    assert "taken in again" in found.reason
    assert publish(house.settings, incremental=False) == before
    assert publish(house.settings, incremental=True) == before
    with pytest.raises(ClientNotFoundError):
        readmit_client(house.settings, client_id)


def test_two_erasures_do_not_work_at_once(house):
    """Each would put back what the other took out of the same file."""
    client_id, _ = rows(house, "select cliente_id, cpf from score_vigente order by cpf limit 1")[0]
    with (
        open_results(house.settings) as results,
        run_locks.erasure_lock(results.engine),
        pytest.raises(RunConflictError),
    ):
        erase_client(house.settings, client_id)


def test_what_the_api_keeps_of_the_person_goes(house):
    client_id, _ = rows(house, "select cliente_id, cpf from score_vigente order by cpf limit 1")[0]
    key = score_data_key(house.hashes, client_id)
    with open_results(house.settings) as results:
        results.cache.set(key, b"sealed", ex=60)
        results.cache.set(key + LEASE_ENDING, b"nonce", ex=60)
        erase_client(house.settings, client_id)
        assert results.cache.exists(key, key + LEASE_ENDING) == 0
