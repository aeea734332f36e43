"""A published score can be recomputed from the lake alone: the snapshot of what was known, and the model.

LGPD art. 20 and Lei 12.414 art. 5 VI: the review of a decision sees exactly what the decision saw.
"""

from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contracts.artifacts import ArtifactStore
from extract.lake import read_extraction
from features.build import build_features
from flows.range_work import SCORES_FILE
from flows.replay import replay_score
from flows.run_plan import RunIdentity, read_plan
from models.points.apply import apply_points, contributions
from models.registry import load_model
from serve.publishing.content_digest import ContentDigest
from tests.flows.conftest import AS_OF


@pytest.fixture(scope="module")
def replayed(night) -> tuple[pa.Table, pa.Table, int]:
    """Scores and contributions of every range, computed anew with no store at hand, and the model's base points."""
    lake = ArtifactStore(night.settings.lake_root)
    points_table = load_model(lake, night.run["modelo_versao"]).points
    run = RunIdentity(UUID(night.run["execucao_id"]), AS_OF, night.run["modelo_versao"])
    parts = []
    for cpf_range in read_plan(lake, run.snapshot_id) or ():
        table = build_features(read_extraction(lake, run.snapshot_id, cpf_range.index).tables, AS_OF, threads=1)
        scores = apply_points(points_table, table)
        assert scores.equals(lake.read_table(run.scores_path(cpf_range.index), SCORES_FILE))
        parts.append((scores, contributions(points_table, table)))
    scores, points = (pa.concat_tables(tables) for tables in zip(*parts, strict=True))
    return scores, points, points_table.base_points


def test_the_whole_run_has_the_fingerprint_that_was_published(night, replayed):
    digest = ContentDigest()
    digest.update(replayed[0])
    assert digest.hexdigest() == night.run["impressao"]


def test_every_published_row_is_the_recomputed_one_bit_for_bit(night, replayed):
    """Also the probability, as the float32 that PostgreSQL's real holds."""
    columns = ("cliente_id", "cpf", "score", "probabilidade", "faixa", "status", "motivos")
    published = night.query(
        f"select {', '.join(columns)} from score where execucao_id = :id order by cpf", id=night.run["execucao_id"]
    )
    recomputed = replayed[0].select(columns).to_pylist()
    assert len(published) == len(recomputed) > 1_500
    wide = pa.array([row[3] for row in published], pa.float64()).cast(pa.float32())
    assert wide.equals(replayed[0]["probabilidade"].combine_chunks())
    without = [name for name in columns if name != "probabilidade"]
    assert [dict(zip(columns, row, strict=True)) | {"probabilidade": None} for row in published] == [
        {name: row[name] for name in without} | {"probabilidade": None} for row in recomputed
    ]


def test_base_points_and_all_contributions_are_each_published_score(replayed):
    """Lei 12.414 art. 5 IV: of the trained model too, summed before clipping."""
    scores, points, base = replayed
    total = pa.array([base] * len(points), pa.int32())
    for name in points.column_names:
        total = pc.add(total, points[name].cast(pa.int32()))
    assert pc.all(pc.equal(total, scores["score_bruto"])).as_py()
    clipped = pc.min_element_wise(pc.max_element_wise(total, 0), 1000, skip_nulls=False)
    scored = pc.equal(scores["status"], "OK")
    assert clipped.filter(scored).cast(pa.int16()).equals(scores["score"].filter(scored))


def test_the_model_in_force_is_described_in_public_by_its_own_description(night):
    """Lei 12.414 art. 5 IV: every term that can be a reason is in the text that `/modelo` shows."""
    model = load_model(ArtifactStore(night.settings.lake_root), night.run["modelo_versao"])
    [(description,)] = night.query("select descricao from modelo where versao = :v", v=model.version)
    assert description == model.description
    for term in model.points.terms:
        assert f"| {term.code} |" in description
        assert f"| {term.text_raises} | {term.text_lowers} |" in description
    assert model.training["copias_procuradas_de"] == ["sexo", "estado_civil"]
    assert "cópias codificadas de sexo e estado civil" in description


def test_any_published_score_is_replayed_by_the_command(night):
    """Of the trained model, as an auditor asks: the score in force, one with data and one without."""
    for status in ("OK", "DADOS_INSUFICIENTES"):
        [(client_id,)] = night.query(
            "select cliente_id from score_vigente where status = :status order by cliente_id limit 1", status=status
        )
        replay = replay_score(night.settings, UUID(night.run["execucao_id"]), client_id)
        assert replay.result.score.status == status
        assert [one.differences for one in replay.comparisons if one.store == "PostgreSQL"] == [()]
        assert not replay.differing
