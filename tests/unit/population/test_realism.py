"""Shares of a generated population against the public figures it is drawn from."""

from collections import Counter
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contracts.cpf import has_valid_digits
from population.consumers import AGE_BANDS, FEMALE_SHARE, THIN_FILE_SHARE
from population.generate import generate_blocks
from population.parameters import PopulationParameters
from population.places import STATES

PARAMETERS = PopulationParameters(8_000, 17, date(2025, 6, 30))


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    blocks = list(generate_blocks(PARAMETERS))
    return {name: pa.concat_tables([block.tables[name] for block in blocks]) for name in blocks[0].tables}


def _near(share: float, expected: float) -> bool:
    return abs(share - expected) < 4.5 * np.sqrt(expected * (1 - expected) / PARAMETERS.clients) + 0.002


def test_states_have_their_share_of_the_country(tables):
    found = Counter(tables["cliente"]["uf"].to_pylist())
    total = sum(state.residents for state in STATES)
    for state in STATES:
        assert _near(found[state.code] / PARAMETERS.clients, state.residents / total), state.code


def test_cpf_region_is_that_of_the_state(tables):
    region = {state.code: str(state.fiscal_region) for state in STATES}
    clients = tables["cliente"]
    pairs = zip(clients["uf"].to_pylist(), clients["cpf"].to_pylist(), strict=True)
    assert all(cpf[8] == region[uf] for uf, cpf in pairs)
    assert all(has_valid_digits(clients["cpf"]).to_pylist())


def test_cities_belong_to_their_state(tables):
    cities = {state.code: {name for name, _ in state.cities} for state in STATES}
    pairs = zip(tables["cliente"]["uf"].to_pylist(), tables["cliente"]["cidade"].to_pylist(), strict=True)
    assert all(city in cities[uf] for uf, city in pairs)
    assert all(3 <= len(names) <= 10 for names in cities.values())


def test_sexes_and_ages_follow_the_census(tables):
    sexes = Counter(tables["cliente"]["sexo"].to_pylist())
    assert _near(sexes["F"] / (sexes["F"] + sexes["M"]), FEMALE_SHARE)
    birth = np.array(tables["cliente"]["data_nascimento"]).astype("datetime64[D]")
    age = (np.datetime64(PARAMETERS.as_of) - birth).astype(int) / 365.2425
    assert age.min() >= 18
    assert age.max() < 96.1
    total = sum(people for _, _, people in AGE_BANDS)
    for lower, upper, people in AGE_BANDS:
        assert _near(float(((age >= lower) & (age < upper)).mean()), people / total), lower


def test_the_commonest_names_are_the_countrys(tables):
    names = tables["cliente"].filter(pc.equal(tables["cliente"]["sexo"], "F"))["nome"].to_pylist()
    given = Counter(name.split()[0] for name in names)
    assert [name for name, _ in given.most_common(2)] == ["Maria", "Ana"]
    surnames = Counter(name.split()[-1] for name in tables["cliente"]["nome"].to_pylist())
    assert [name for name, _ in surnames.most_common(2)] == ["Silva", "Santos"]


def test_thin_files_have_no_record_at_all(tables):
    known = set(tables["divida"]["cliente_id"].to_pylist())
    cpfs: set[str] = set()
    for name in ("fonte_de_renda", "bem", "consultas", "movimentacoes", "compras"):
        cpfs |= set(tables[name]["cpf"].to_pylist())
    rows = zip(tables["cliente"]["id"].to_pylist(), tables["cliente"]["cpf"].to_pylist(), strict=True)
    empty = sum(identifier not in known and cpf not in cpfs for identifier, cpf in rows)
    assert THIN_FILE_SHARE * 0.8 < empty / PARAMETERS.clients < THIN_FILE_SHARE * 2


def test_pay_follows_the_month_and_december_brings_the_thirteenth(tables):
    movements = tables["movimentacoes"]
    month = np.asarray(pc.month(movements["data_movimentacao"]))
    text = movements["descricao"].to_numpy(zero_copy_only=False)
    thirteenth = np.array([isinstance(t, str) and t.startswith("13º") for t in text])
    assert set(month[thirteenth]) == {11, 12}
    spent = tables["compras"]
    counts = np.bincount(np.asarray(pc.month(spent["data_compra"])), minlength=13)
    assert counts[12] > 1.1 * counts[2]
    pay_days = np.asarray(pc.day(movements["data_movimentacao"]))[text == "SALÁRIO"]
    assert (pay_days <= 11).mean() > 0.99


def test_some_consumers_look_at_themselves_and_some_debts_are_prescribed(tables):
    kinds = Counter(tables["consultas"]["tipo_empresa"].to_pylist())
    assert 0.01 < kinds["titular"] / tables["consultas"].num_rows < 0.2
    assert len(kinds) >= 6
    assert pc.min(tables["divida"]["vencimento"]).as_py() < date(2020, 6, 30)


def test_no_clean_record_repeats_another(tables):
    for name, table in tables.items():
        key = {"cliente": "id", "pessoa": "cpf"}.get(name, "_id" if "_id" in table.column_names else "id")
        contents = table.drop_columns([key])
        assert contents.group_by(contents.column_names).aggregate([]).num_rows == table.num_rows, name
        assert len(table[key].unique()) == table.num_rows
