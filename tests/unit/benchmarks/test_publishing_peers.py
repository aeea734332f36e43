"""Feast gets the scores that we publish: every value, in the types that its project declares."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks.made_up_scores import make_scores
from benchmarks.peers.feast.environment import REQUIREMENTS, missing
from benchmarks.publishing_peers import FEAST_SCRIPT, feast_address, feast_rows
from contracts.settings import Settings


def test_the_rows_are_the_published_scores_with_reasons_as_two_lists():
    scores = make_scores(500)
    rows = feast_rows(scores)
    assert rows["cliente_id"].equals(scores["cliente_id"])
    assert rows["score"].to_pylist() == scores["score"].to_pylist()
    pairs = zip(rows["motivos"].to_pylist(), rows["pontos"].to_pylist(), strict=True)
    expected = [[(reason["codigo"], reason["pontos"]) for reason in every] for every in scores["motivos"].to_pylist()]
    assert [list(zip(*pair, strict=True)) for pair in pairs] == expected
    assert rows.schema.field("momento").type == pa.timestamp("us", "UTC")
    assert not any(column.null_count for column in rows.columns)


def test_a_part_of_the_scores_has_its_own_reasons():
    scores = make_scores(500)
    assert (
        feast_rows(scores.slice(100, 50))
        .select(["cpf", "motivos"])
        .equals(feast_rows(scores).slice(100, 50).select(["cpf", "motivos"]))
    )


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://:segredo@127.0.0.1:6400/3", "127.0.0.1:6400,db=3,password=segredo"),
        ("redis://eu:segredo@h:1/0", "h:1,db=0,username=eu,password=segredo"),
    ],
)
def test_the_address_is_in_feast_s_form(url: str, address: str):
    assert feast_address(Settings(redis_url=url)) == address


def test_without_feast_it_is_said_how_to_get_it(tmp_path: Path):
    assert "--make-feast" in missing(tmp_path / "bin" / "python")
    assert "feast[redis]==" in REQUIREMENTS.read_text()
    compile(FEAST_SCRIPT.read_text(), str(FEAST_SCRIPT), "exec")
