"""What no model may know is refused, by name or as an encoded copy, and moves no score (Lei 12.414 art. 7-A I)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa

from contracts.errors import TrainingRefusedError
from contracts.feature_terms import InputType, RiskDirection
from contracts.table_declaration import Nature
from contracts.tables import FORBIDDEN_INPUTS, MEASURED_ATTRIBUTES, TABLES
from features.catalog import FAMILIES, FEATURES, make_catalog
from features.declaration import RowColumn
from models.inputs import InputFeature
from models.label import LABELS_SCHEMA
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from models.registered_model import refuse_unlawful
from models.training.selection import Candidate
from models.training.train import DatedSample, TrainingData, TrainingOptions, train_scorecard
from stores.connections import sql_engine
from tests.extract_samples import cpf_of
from tests.law_samples import consumer, insert_consumers, judge_stores

ROWS = 3_000
DATES = (date(2023, 9, 30), date(2023, 12, 31), date(2024, 3, 31))
HONEST = InputFeature("atraso", "ATR", InputType.NUMBER, RiskDirection.MORE_RISK, "Sobe.", "Desce.")
PROFILE = FAMILIES[0]
SEX = np.array(["F", "M"])
STATUS = np.array(["solteiro", "casado", "viuvo"])


def training(copies: dict[str, pa.Array], *, noise: float = 0.0) -> TrainingData:
    """Return data in which sex and marital status move the risk, and with them the copies planted as columns.

    ``copies`` maps a column's name to one value a sex (two) or a marital status (three).
    """
    rng = np.random.default_rng(7)
    sex, status, late = rng.integers(0, 2, ROWS), rng.integers(0, 3, ROWS), rng.gamma(1.0, 30.0, ROWS)
    cpf = pa.array([f"{number:011d}" for number in range(ROWS)])
    is_bad = rng.random(ROWS) < 1 / (1 + np.exp(2.2 - late / 40 - 0.8 * sex - 0.4 * status))
    columns = {"cpf": cpf, "cliente_id": cpf, "sem_dados": pa.array(np.zeros(ROWS, bool)), "atraso": pa.array(late)}
    for name, values in copies.items():
        true = sex if len(values) == len(SEX) else status
        drawn = np.where(rng.random(ROWS) < noise, rng.integers(0, len(values), ROWS), true)
        columns[name] = values.take(pa.array(drawn))
    labels = pa.table([cpf, cpf, pa.array(is_bad)], schema=LABELS_SCHEMA)
    samples = [DatedSample(day, pa.table(columns), labels) for day in DATES]
    protected = pa.table({"cpf": cpf, "sexo": SEX[sex], "estado_civil": STATUS[status]})
    return TrainingData(samples[:-1], samples[-1:], date(2025, 6, 30), protected)


def as_input(name: str, kind: InputType) -> InputFeature:
    return InputFeature(name, name.upper(), kind, RiskDirection.FREE, f"{name} sobe.", f"{name} desce.")


def test_the_list_covers_all_that_the_law_and_our_own_rule_name():
    """Lei 12.414 art. 3 §3 and art. 7-A I; marital status and addresses finer than the state are ours."""
    telling = {Nature.IDENTIFIER, Nature.NAME, Nature.CONTACT, Nature.FREE_TEXT}
    personal = {column.name for table in TABLES for column in table.columns if column.nature in telling}
    profile = {column.name for table in TABLES for column in table.columns if column.nature is Nature.PROFILE}
    assert personal - {"cpf"} <= set(FORBIDDEN_INPUTS), "the CPF links records"
    assert profile - {"data_nascimento", "uf"} <= set(FORBIDDEN_INPUTS), "only age and state may be inputs"
    assert {"sexo", "estado_civil", "produto", "descricao"} <= set(FORBIDDEN_INPUTS)
    read = {c.name for table in TABLES for c in table.read_columns}
    assert read & set(FORBIDDEN_INPUTS) == set(MEASURED_ATTRIBUTES) == {"sexo", "estado_civil"}


@pytest.mark.parametrize("column", FORBIDDEN_INPUTS)
@pytest.mark.parametrize("sql", ["{}", "CASE {} WHEN 'F' THEN 17 ELSE 4 END", 'length(md5("{}"))'])
def test_a_feature_cannot_be_declared_on_one_under_an_innocent_name(column, sql):
    """Lei 12.414 art. 7-A I: refused at declaration, before any data is read."""
    planted = replace(PROFILE, row_columns=(*PROFILE.row_columns, RowColumn("perfil_a", sql.format(column), "")))
    feature = replace(FEATURES[0], name="indice_a", code="XXX01", family="perfil", formula="perfil.perfil_a")
    with pytest.raises(TrainingRefusedError, match=column):
        make_catalog([planted], [feature])


@pytest.mark.parametrize("name", ["sexo", "estado_civil_cod", "log_bairro", "SEXO"])
def test_a_training_frame_that_holds_one_is_refused_whether_it_is_an_input_or_not(name):
    """Lei 12.414 art. 7-A I."""
    data = training({name: pa.array([0.0, 1.0])})
    with pytest.raises(TrainingRefusedError, match=name):
        train_scorecard(data, [HONEST])


@pytest.mark.parametrize(
    ("values", "kind", "attribute"),
    [
        (pa.array([0.0, 1.0]), InputType.NUMBER, "sexo"),
        (pa.array([1_234.5, -8.0]), InputType.NUMBER, "sexo"),
        (pa.array([None, 3.0]), InputType.NUMBER, "sexo"),
        (pa.array(["x9", "k2"]), InputType.CATEGORY, "sexo"),
        (pa.array([7.0, 2.0, 5.0]), InputType.NUMBER, "estado_civil"),
        (pa.array([0.0, 1.0, 0.0]), InputType.NUMBER, "estado_civil"),
    ],
)
def test_an_encoded_copy_under_another_name_is_refused(values, kind, attribute):
    """Lei 12.414 art. 7-A I: found by what it tells, not by what it is called; also where some values are wrong."""
    for noise in (0.0, 0.1):
        data = training({"indice_a": values}, noise=noise)
        with pytest.raises(TrainingRefusedError, match=f"indice_a tells {attribute}") as error:
            train_scorecard(data, [HONEST, as_input("indice_a", kind)])
        assert "viuvo" not in str(error.value)


def test_a_copy_hidden_in_a_scale_of_its_own_is_refused():
    """Lei 12.414 art. 7-A I: a value added to another input does not hide it."""
    data = training({"indice_a": pa.array([0.0, 1.0])})
    jitter = np.random.default_rng(1).normal(size=ROWS)

    def hidden(sample: DatedSample) -> DatedSample:
        place = sample.features.column_names.index("indice_a")
        mixed = 1e3 * sample.features["indice_a"].to_numpy() + jitter
        return replace(sample, features=sample.features.set_column(place, "indice_a", pa.array(mixed)))

    mixed = replace(data, samples=list(map(hidden, data.samples)), validation=list(map(hidden, data.validation)))
    with pytest.raises(TrainingRefusedError, match="indice_a tells sexo"):
        train_scorecard(mixed, [HONEST, as_input("indice_a", InputType.NUMBER)])


def test_an_honest_input_trains_and_the_record_says_what_was_looked_for():
    """Lei 12.414 art. 7-A I: a weak association is no copy; fairness figures are for that."""
    model = train_scorecard(
        training({"indice_a": pa.array([0.0, 1.0])}, noise=0.7),
        [HONEST, as_input("indice_a", InputType.NUMBER)],
        options=TrainingOptions(candidates=(Candidate(0, 16),), jobs=1),
    )
    assert "indice_a" in model.points.features
    assert model.record.to_json()["copias_procuradas_de"] == ["sexo", "estado_civil"]
    assert ("indice_a", "sexo") in {(finding.feature, finding.attribute) for finding in model.evidence.proxies}
    assert all(check.passed for check in model.decision.checks if check.name == "lei")


def test_a_registered_model_that_reads_one_is_not_loaded():
    """Lei 12.414 art. 7-A I: nor by editing what was registered."""
    axis = Axis("sexo", InputType.NUMBER, edges=(0.5,))
    points = PointsTable("x", 12, ScoreScale(), 600, (Term("S", (axis,), (3, -3, 0, 0)),))
    with pytest.raises(TrainingRefusedError, match="sexo"):
        refuse_unlawful("models/x", points)


def test_whatever_stands_in_them_no_feature_score_or_reason_moves(installation):
    """Lei 12.414 art. 7-A I, art. 3 §3: through the stores, as the nightly run reads them."""
    cpfs, as_of = [cpf_of(number) for number in range(400_000_000, 400_000_020)], date(2025, 6, 30)
    people = [
        consumer(f"c{n}", cpf, known=datetime(2024, 1, 1), events=datetime(2025, 6, 1)) for n, cpf in enumerate(cpfs)
    ]
    insert_consumers(installation, *people)
    before = judge_stores(installation, as_of)
    assert before.scores.num_rows == len(cpfs)
    engine = sql_engine(installation.secret("base_a_admin_url"), timeout=10)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "update cliente set sexo = 'M', estado_civil = 'viuvo', nome = 'Outro Nome', cidade = 'Recife',"
                " bairro = 'Boa Viagem', longadouro = 'Rua B', numero = '99', complemento = 'fundos'"
            )
        )
    engine.dispose()
    after = judge_stores(installation, as_of)
    assert after == before
