"""The digest depends on what is published and on nothing else."""

from __future__ import annotations

import pyarrow as pa
import pytest

from contracts.score_scale import SCORES_SCHEMA
from serve.publishing.content_digest import ContentDigest
from tests.score_samples import make_scores


def digest(*tables: pa.Table) -> str:
    content = ContentDigest()
    for table in tables:
        content.update(table)
    return content.hexdigest()


def test_batches_do_not_matter():
    scores = make_scores(50)
    whole = digest(scores)
    assert digest(scores.slice(0, 1), scores.slice(1, 30), scores.slice(31)) == whole
    assert digest(scores, SCORES_SCHEMA.empty_table()) == whole
    assert len(whole) == 64


@pytest.mark.parametrize("column", ["cliente_id", "score", "probabilidade", "faixa", "status", "motivos"])
def test_every_published_column_matters(column):
    scores = make_scores(50)
    values = scores[column].to_pylist()
    values[1], values[2] = values[2], values[1] if values[1] != values[2] else values[9]
    index = SCORES_SCHEMA.get_field_index(column)
    changed = scores.set_column(index, SCORES_SCHEMA.field(column), pa.array(values, SCORES_SCHEMA.field(column).type))
    assert digest(changed) != digest(scores)


def test_a_null_is_not_a_zero_and_text_does_not_flow_over():
    rows = make_scores(2).to_pylist()
    rows[0]["cliente_id"], rows[1]["cliente_id"] = "ab", "c"
    first = digest(pa.Table.from_pylist(rows, SCORES_SCHEMA))
    rows[0]["cliente_id"], rows[1]["cliente_id"] = "a", "bc"
    assert digest(pa.Table.from_pylist(rows, SCORES_SCHEMA)) != first
    rows = make_scores(1).to_pylist()
    rows[0]["score"] = 0
    zero = digest(pa.Table.from_pylist(rows, SCORES_SCHEMA))
    rows[0]["score"] = None
    assert digest(pa.Table.from_pylist(rows, SCORES_SCHEMA)) != zero
