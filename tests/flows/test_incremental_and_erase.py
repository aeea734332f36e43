"""By the command line: an incremental run publishes what a full one would, and who was erased stays out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis

from contracts.settings import Settings
from flows.erase_lake import Person, count_in_lake
from flows.resources import open_lake
from models.registry import promote_model
from serve.published.person_hash import PersonHash
from stores.connections import mongo_database
from tests.flows.conftest import AS_OF, environment_of, escore, succeed
from tests.model_samples import crossed_table, write_model
from tests.store_queries import query

CLIENTS = 250
NEXT = AS_OF + timedelta(days=1)


@pytest.fixture(scope="module")
def house(make_installation: Callable[[str], Settings], prefect_api: str) -> Settings:
    """A small installation of its own, with a hand-made model in force and a first, full run."""
    made = make_installation("incremental")
    given = {name: getattr(made, name) for name in made.model_fields_set}
    settings = Settings(**given | {"prefect_api_url": prefect_api, "range_size": 100})
    lake, when = open_lake(settings), datetime.now(UTC)
    version = write_model(lake, crossed_table())
    promote_model(lake, version, who="teste", why="teste", when=when, despite_gate=True)
    options = ("--clients", str(CLIENTS), "--dirty", "0.02", "--events", "20", "--months", "14", "--seed", "5")
    succeed(escore(settings, "populate", "--as-of", AS_OF.isoformat(), *options))
    run(settings, AS_OF)
    return settings


def run(settings: Settings, as_of: Any, *options: str) -> dict[str, Any]:
    done: dict[str, Any] = json.loads(
        succeed(escore(settings, "run", "--as-of", str(as_of), "--json", *options)).stdout
    )
    return done


def change_the_stores(settings: Settings) -> None:
    """A day goes by: a debt is paid, one is put right, an income ends, events come, some late, and one goes."""
    noon = datetime.combine(NEXT, datetime.min.time()) + timedelta(hours=12)
    own = {"store": "base_a_admin_url", "now": noon}
    query(settings, "update divida set baixada_em = :now where id in (select min(id) from divida)", **own)
    query(settings, "update divida set valor = 777.77 where id in (select max(id) from divida)", store=own["store"])
    query(
        settings, "update cliente set uf = 'AC', atualizado_em = :now where id in (select min(id) from cliente)", **own
    )
    events = mongo_database(settings.secret("base_c_admin_url"), timeout=10)
    cpfs = [cpf for (cpf,) in query(settings, "select cpf from score_vigente order by cpf limit 20")]
    events["consultas"].insert_many(
        {"cpf": cpf, "empresa": "Banco", "tipo_empresa": "banco", "data_consulta": noon - timedelta(hours=7 * number)}
        for number, cpf in enumerate(cpfs)
    )
    gone = events["movimentacoes"].find_one({"cpf": {"$in": cpfs}})
    events["movimentacoes"].delete_one({"_id": gone["_id"]})
    events.client.close()


def test_an_incremental_night_publishes_what_a_full_one_would(house):
    change_the_stores(house)
    incremental = run(house, NEXT, "--incremental")
    full = run(house, NEXT)
    assert incremental["leitura"].startswith("incremental, from run ")
    assert full["leitura"].startswith("full")
    assert incremental["impressao"] == full["impressao"]
    counts = "select contagens from execucao where id = :id"
    first, second = (query(house, counts, id=done["execucao_id"]) for done in (incremental, full))
    assert first == second
    again = run(house, NEXT, "--incremental")
    assert again["impressao"] == full["impressao"]
    assert again["leitura"].endswith("damaged: none")


@pytest.mark.long
def test_a_damaged_snapshot_is_said_and_read_anew(house):
    before = run(house, NEXT)
    [file] = Path(house.lake_root, "snapshots", before["execucao_id"]).glob("faixa-00001/compras.parquet")
    file.write_bytes(b"\0" * file.stat().st_size)
    after = run(house, NEXT, "--incremental")
    assert "compras in 1, consultas in 1, movimentacoes in 1, pessoa in 1 of 3 ranges" in after["leitura"]
    assert after["impressao"] == before["impressao"]
    shutil.rmtree(Path(house.lake_root, "snapshots", after["execucao_id"], "avulsos"))
    last = run(house, NEXT, "--incremental")
    assert last["leitura"].startswith("full, for there is nothing to go on from: ")
    assert last["impressao"] == before["impressao"]


def test_who_is_erased_is_nowhere_and_stays_out(house):
    run(house, NEXT)
    [(client_id, cpf)] = query(house, "select cliente_id, cpf from score_vigente order by cpf offset 120 limit 1")
    person = Person(client_id, frozenset([cpf]))
    lake = open_lake(house)
    assert count_in_lake(lake, person) > 0
    printed = succeed(escore(house, "erase", "--cliente", client_id, "--json"))
    proof = json.loads(printed.stdout)
    assert cpf not in printed.stdout + printed.stderr
    assert client_id not in printed.stdout + printed.stderr
    assert proof["encontrados_depois"] == 0
    assert proof["removidos"]["score"] >= 2
    assert proof["removidos"]["redis"] >= 2
    assert count_in_lake(lake, person) == 0
    assert not files_with(Path(house.lake_root), cpf, client_id)
    assert query(house, "select 1 from score where cliente_id = :id or cpf = :cpf", id=client_id, cpf=cpf) == []
    [entry] = query(house, "select titular, cpfs, cpfs_selados, concluido_em is not null from apagamento")
    hashes = PersonHash(house.secret("cache_key").encode())
    assert entry == (hashes.subject_by_client(client_id), [hashes.subject_by_cpf(cpf)], None, True)
    everyone = query(house, "select cliente_id from score_vigente order by 1")
    incremental, full = run(house, NEXT, "--incremental"), run(house, NEXT)
    assert incremental["leitura"].startswith("incremental")
    assert incremental["impressao"] == full["impressao"]
    assert query(house, "select cliente_id from score_vigente order by 1") == everyone
    [(a,)], [(b,)] = (
        query(house, "select contagens from execucao where id = :id", id=done["execucao_id"])
        for done in (incremental, full)
    )
    assert a == b
    assert a["cliente"]["ignorados"]["titular_apagado"] == 1
    again = json.loads(succeed(escore(house, "erase", "--cliente", client_id, "--json")).stdout)
    assert set(again["removidos"].values()) == {0}
    assert not files_with(Path(house.lake_root), cpf, client_id)


def test_a_killed_erasure_is_completed_by_the_next(house):
    """Whatever was emptied first: the sealed CPFs tell where else to look."""
    [(client_id, cpf)] = query(house, "select cliente_id, cpf from score_vigente order by cpf offset 40 limit 1")
    cache = redis.Redis.from_url(house.secret("redis_url"))
    before = cache.dbsize()
    kill = "import os\nimport flows.erase as e\ne.erase_from_lake = lambda *_: os._exit(9)\n"
    kill += f"from contracts.settings import load_settings\ne.erase_client(load_settings(), {client_id!r})"
    killed = escore_code(house, kill)
    assert killed == 9
    assert query(house, "select 1 from score where cliente_id = :id", id=client_id) == []
    assert count_in_lake(open_lake(house), Person(client_id, frozenset([cpf]))) > 0
    proof = json.loads(succeed(escore(house, "erase", "--cliente", client_id, "--json")).stdout)
    assert proof["encontrados_depois"] == 0
    assert not files_with(Path(house.lake_root), cpf, client_id)
    assert cache.dbsize() <= before


def test_nobody_is_erased_who_is_not_known(house):
    done = escore(house, "erase", "--cliente", "ninguem")
    assert done.returncode == 10


def escore_code(settings: Settings, code: str) -> int:
    """Run code with the installation's settings in a process of its own; return its exit code."""
    return subprocess.run(
        [sys.executable, "-c", code], env=environment_of(settings), cwd=Path(__file__).parents[2], check=False
    ).returncode


def files_with(root: Path, *texts: str) -> list[Path]:
    """Return the lake's files that hold any of the texts, in whatever column."""
    return [file for file in root.rglob("*") if file.is_file() and any(text in _content(file) for text in texts)]


def _content(file: Path) -> str:
    if file.suffix != ".parquet":
        return file.read_bytes().decode("utf-8", "replace")
    table = pq.read_table(file)
    columns = [column for column in table.columns if pa.types.is_string(column.type)]
    return " ".join(str(text) for column in columns for text in column.unique().to_pylist())
