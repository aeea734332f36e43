"""A person leaves every artifact of the lake, whatever state the lake was left in, and others' rows stay."""

import pyarrow as pa
import pytest

from contracts.artifacts import ArtifactStore
from contracts.extraction import REJECTS_SCHEMA, CpfRange
from flows.erase_lake import Person, count_in_lake, erase_from_lake, find_cpfs
from flows.run_plan import read_plan, write_plan

ERASED, OTHER = "52998224725", "11144477735"
PERSON = Person("c1", frozenset([ERASED]))
KEPT, DEAD = "run-1", "run-2"


def write_run(lake: ArtifactStore, run: str) -> None:
    both = {"cpf": [ERASED, OTHER], "cliente_id": ["c1", "c2"]}
    rejects = pa.table(
        {"base": ["A", "B"], "tabela": ["cliente", "bem"], "chave": ["c1", "b7"], "regra": ["orfao", "orfao"]},
        schema=REJECTS_SCHEMA,
    )
    files = {
        "cliente.parquet": pa.table({"cpf": [ERASED, OTHER], "id": ["c1", "c2"]}),
        "compras.parquet": pa.table({"cpf": [ERASED, ERASED, OTHER]}),
        "aparte-cliente.parquet": pa.table({"cpf": ["123"], "id": ["c1"]}),
        "rejeitado.parquet": rejects,
    }
    lake.write(f"snapshots/{run}/faixa-00000", files, meta={"contagens": {"cliente": 3}})
    lake.write(f"snapshots/{run}/avulsos", {"rejeitado.parquet": REJECTS_SCHEMA.empty_table()}, meta={})
    lake.write(f"scores/{run}/faixa-00000", {"pontuacao.parquet": pa.table(both)}, meta={"execucao": run})
    write_plan(lake, run, [CpfRange(0, None, ERASED), CpfRange(1, ERASED, None)])


@pytest.fixture
def lake(tmp_path) -> ArtifactStore:
    store = ArtifactStore(tmp_path)
    write_run(store, KEPT)
    return store


def test_every_cpf_of_the_person_is_found(lake):
    assert find_cpfs(lake, "c1") == {ERASED, "123"}
    assert find_cpfs(lake, "nobody") == set()


def test_the_person_goes_and_others_stay(lake):
    assert count_in_lake(lake, PERSON) == 8
    assert erase_from_lake(lake, PERSON, {KEPT}) == {"snapshots": 7, "scores": 1, "training": 0}
    assert count_in_lake(lake, PERSON) == 0
    path = f"snapshots/{KEPT}/faixa-00000"
    assert lake.verify(path).meta == {"contagens": {"cliente": 3}}
    assert lake.read_table(path, "compras.parquet")["cpf"].to_pylist() == [OTHER]
    assert lake.read_table(path, "rejeitado.parquet")["chave"].to_pylist() == [None, "b7"]
    assert lake.read_table(f"scores/{KEPT}/faixa-00000", "pontuacao.parquet")["cliente_id"].to_pylist() == ["c2"]
    assert [(r.lower, r.upper) for r in read_plan(lake, KEPT)] == [(None, "529982247"), ("529982247", None)]
    assert erase_from_lake(lake, PERSON, {KEPT}) == {"snapshots": 0, "scores": 0, "training": 0}


def test_a_record_set_aside_with_punctuation_in_its_cpf_goes(lake):
    written = pa.table({"cpf": ["529.982.247-25", " 52998224725", "111.444.777-35", None]})
    lake.write(f"snapshots/{KEPT}/avulsos", {"aparte-compras.parquet": written}, meta={})
    erase_from_lake(lake, PERSON, {KEPT})
    left = lake.read_table(f"snapshots/{KEPT}/avulsos", "aparte-compras.parquet")
    assert left["cpf"].to_pylist() == ["111.444.777-35", None]


def test_a_run_that_never_ended_loses_all_that_would_be_made_again(lake):
    write_run(lake, DEAD)
    lake.write("training/treino-1/2025-01-31/faixa-00000", {"rotulos.parquet": pa.table({"cpf": [ERASED]})}, meta={})
    erase_from_lake(lake, PERSON, {KEPT})
    assert lake.list("snapshots") == lake.list("scores") == (KEPT,)
    assert lake.list("training") == ()
    assert count_in_lake(lake, PERSON) == 0


@pytest.mark.parametrize("is_gone", [True, False])
def test_one_killed_between_laying_aside_and_putting_in_place_is_completed(lake, is_gone):
    """The target was deleted, or half written, when the power went: the form laid aside is whole."""
    path = f"scores/{KEPT}/faixa-00000"
    clean = pa.table({"cpf": [OTHER], "cliente_id": ["c2"]})
    lake.write("apagamentos/scores~x", {"pontuacao.parquet": clean}, meta={"execucao": KEPT, "caminho": path})
    if is_gone:
        lake.delete(path)
    erase_from_lake(lake, PERSON, {KEPT})
    assert lake.read_table(path, "pontuacao.parquet").equals(clean)
    assert lake.verify(path).meta == {"execucao": KEPT}
    assert lake.list("apagamentos") == ()


def test_what_was_not_laid_aside_whole_is_laid_aside_again(lake, tmp_path):
    (tmp_path / "apagamentos" / "half").mkdir(parents=True)
    (tmp_path / "apagamentos" / "half" / "pontuacao.parquet").write_bytes(b"PAR1")
    erase_from_lake(lake, PERSON, {KEPT})
    assert count_in_lake(lake, PERSON) == 0
    assert lake.list("apagamentos") == ()


def test_what_cannot_be_read_is_removed_and_not_believed_empty(lake, tmp_path):
    damaged = tmp_path / "scores" / KEPT / "faixa-00000" / "pontuacao.parquet"
    damaged.write_bytes(b"\0" * damaged.stat().st_size)
    assert count_in_lake(lake, PERSON) > 0
    erase_from_lake(lake, PERSON, {KEPT})
    assert not damaged.exists()
    assert count_in_lake(lake, PERSON) == 0
