"""Guards the law gate: a forbidden column is refused by name, whatever its disguise of prefix or suffix."""

from __future__ import annotations

import pytest

from contracts.errors import TrainingRefusedError
from contracts.feature_terms import InputType, RiskDirection
from contracts.tables import FORBIDDEN_INPUTS
from models.inputs import InputFeature, check_inputs, is_forbidden


@pytest.mark.parametrize("name", FORBIDDEN_INPUTS)
def test_every_forbidden_column_is_refused(name, synthetic):
    with pytest.raises(TrainingRefusedError, match=name):
        check_inputs([*synthetic.inputs(), synthetic.number(name, RiskDirection.FREE)])


@pytest.mark.parametrize("name", ["sexo_codigo", "log_estado_civil", "SEXO", "bairro_woe"])
def test_an_encoded_copy_under_a_derived_name_is_refused(name):
    assert is_forbidden(name)


@pytest.mark.parametrize("name", ["numero_de_dividas", "renda", "uf", "idade", "produtos_distintos"])
def test_lawful_names_pass(name):
    assert not is_forbidden(name)


def test_all_problems_are_listed_together(synthetic):
    category = InputFeature("uf", "UF2", InputType.CATEGORY, RiskDirection.MORE_RISK, "", "")
    with pytest.raises(TrainingRefusedError) as error:
        check_inputs(
            [*synthetic.inputs(), category, *(synthetic.number(n, RiskDirection.FREE) for n in ("cpf", "uf2"))]
        )
    for part in ("uf: declared twice", "UF2: code used twice", "cpf: identifies", "category has no direction"):
        assert part in str(error.value)


def test_no_inputs_at_all():
    with pytest.raises(TrainingRefusedError, match="no inputs"):
        check_inputs([])
