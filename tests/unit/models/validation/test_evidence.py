"""Guards the evidence: one document, read back equal, the same for the same rows, refused in any other form."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from typing import get_args, get_type_hints

import numpy as np
import pytest

from contracts.canonical_json import canonical_json
from contracts.errors import DataIntegrityError
from models.points.apply import raw_scores
from models.validation.evidence import Evidence, gather_evidence
from models.validation.evidence_json import NAMES, encode
from models.validation.intervals import Interval
from models.validation.proxies import ProxyFinding, Verdict
from tests.evidence_samples import judge, two_feature_points, two_feature_rows

POINTS = two_feature_points()
FINDING = ProxyFinding("renda", "sexo", "F", 500, Interval(0.7, 0.68, 0.72), 0.65, 0.1, 0.5, Verdict.REPORTED)


def gather(rows: int = 900, **changes) -> Evidence:
    parts = {}
    for name, seed in (("fit", 1), ("calibration", 2), ("out_of_time", 3)):
        table = two_feature_rows(rows, seed)
        raw = raw_scores(POINTS, table)
        p = POINTS.scale.probability(raw).astype(np.float64)
        parts[name] = replace(judge(rows, seed), raw_score=raw, probability=p)
        parts[f"{name}_table"] = table
    del parts["calibration_table"]
    challengers = {"vidente": 0.9 * parts["out_of_time"].probability}
    given = {**parts, "challengers": challengers, "proxies": (FINDING,), "seed": 1, **changes}
    return gather_evidence(POINTS, **given)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return gather()


def test_the_document_reads_back_equal(evidence):
    document = json.loads(canonical_json(evidence.to_json()))
    assert Evidence.from_json(document) == evidence
    assert document["fora_do_tempo"]["auc"]["valor"] == evidence.out_of_time.auc.estimate
    assert document["fora_do_tempo_todos"] is None


def test_the_same_rows_and_seed_give_the_same_bytes(evidence):
    assert canonical_json(gather().to_json()) == canonical_json(evidence.to_json())
    assert gather(seed=2) != evidence


def test_it_holds_every_part(evidence):
    assert [one.name for one in evidence.stability] == ["score", "renda", "uf"]
    assert [one.attribute for one in evidence.fairness] == ["faixa_etaria", "sexo"]
    assert [one.code for one in evidence.terms] == [term.code for term in POINTS.terms]
    assert sum(evidence.terms[0].rows) == evidence.fit.rows == 900
    assert sum(evidence.terms[0].bads) == evidence.fit.bads
    assert evidence.proxies == (FINDING,)
    assert evidence.price_of_transparency == evidence.challengers[0].auc_difference == Interval(0.0, 0.0, 0.0)
    assert evidence.score_stability.index.estimate >= 0


def test_everybody_out_of_time_is_a_second_figure(evidence):
    everybody = gather(out_of_time_all=judge(1_500, 9))
    assert everybody.out_of_time == evidence.out_of_time
    assert everybody.out_of_time_all.rows == 1_500


def test_tables_of_other_rows_are_refused():
    with pytest.raises(DataIntegrityError, match="out of time: 900 judged rows and 10 of features"):
        gather(out_of_time_table=two_feature_rows(10))


def test_every_field_has_a_name_of_its_own():
    kinds, seen = [Evidence], set()
    while kinds:
        kind = kinds.pop()
        for name, hint in get_type_hints(kind).items():
            seen.add(name)
            kinds += [one for one in (hint, *get_args(hint)) if is_dataclass(one)]
    assert seen == set(NAMES)
    assert len(set(NAMES.values())) == len(NAMES)
    assert {field.name for field in fields(Evidence)} <= seen


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["formato"], 2, "format 2"),
        (["semente"], "1", "seed is no int"),
        (["fora_do_tempo", "auc", "valor"], None, "auc.estimate is no float"),
        (["fora_do_tempo", "auc"], {"valor": 1.0}, "auc has not the fields of Interval"),
        (["fora_do_tempo", "faixas"], {}, "bands is no list"),
        (["substitutas", 0, "veredito"], "talvez", "verdict is no Verdict"),
        (["ajuste"], [], "fit has not the fields of SetFigures"),
    ],
)
def test_another_form_is_refused(evidence, path, value, said):
    document = json.loads(canonical_json(evidence.to_json()))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(DataIntegrityError, match=said):
        Evidence.from_json(document)


def test_what_is_not_a_number_is_not_written():
    with pytest.raises(DataIntegrityError, match="not a finite number"):
        encode(Interval(float("nan"), 0.0, 1.0))
