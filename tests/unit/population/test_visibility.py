"""The hidden risk shows in what the stores hold, spreads over all bands, and knows nothing of sex."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contracts.score_terms import BAND_UPPER_SCORES
from population.generate import generate_blocks
from population.parameters import PopulationParameters

PARAMETERS = PopulationParameters(8_000, 29, date(2025, 6, 30))


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    blocks = list(generate_blocks(PARAMETERS))
    found = {name: pa.concat_tables([block.tables[name] for block in blocks]) for name in blocks[0].tables}
    truth = pa.concat_tables([block.truth for block in blocks])
    return found | {"truth": truth.filter(pc.equal(truth["data_referencia"], pa.scalar(PARAMETERS.as_of)))}


def _chances(tables) -> dict[str, float]:
    return dict(zip(tables["truth"]["cpf"].to_pylist(), tables["truth"]["probabilidade"].to_pylist(), strict=True))


def _last_year(events: pa.Table, instant: str) -> pa.Table:
    begin = pa.scalar(np.datetime64("2024-07-01", "ms"), events.schema.field(instant).type)
    return events.filter(pc.greater_equal(events[instant], begin))


def _sums(cpfs: pa.Array, values: pa.Array) -> dict[str, float]:
    summed = pa.table({"cpf": cpfs, "value": values}).group_by("cpf").aggregate([("value", "sum")])
    return dict(zip(summed["cpf"].to_pylist(), summed["value_sum"].to_pylist(), strict=True))


def _rank_correlation(values, chances) -> float:
    first, second = (np.argsort(np.argsort(x)) for x in (np.array(values), np.array(chances)))
    return float(np.corrcoef(first, second)[0, 1])


def test_who_spends_more_than_comes_in_is_riskier(tables):
    chances = _chances(tables)
    movements = _last_year(tables["movimentacoes"], "data_movimentacao")
    by_kind = {
        kind: _sums(part["cpf"], part["valor_centavos"])
        for kind in ("credito", "debito")
        for part in [movements.filter(pc.equal(movements["tipo_movimentacao"], kind))]
    }
    both = sorted(by_kind["credito"].keys() & by_kind["debito"].keys())
    assert len(both) > 0.9 * PARAMETERS.clients
    ratios = [by_kind["debito"][cpf] / by_kind["credito"][cpf] for cpf in both]
    assert _rank_correlation(ratios, [chances[cpf] for cpf in both]) > 0.75


def test_who_is_consulted_more_or_pays_in_instalments_is_riskier(tables):
    chances = _chances(tables)
    asked = _last_year(tables["consultas"], "data_consulta")
    asked = asked.filter(pc.not_equal(asked["tipo_empresa"], "titular"))
    counts = _sums(asked["cpf"], pa.array(np.ones(asked.num_rows)))
    everybody = sorted(chances)
    assert _rank_correlation([counts.get(cpf, 0) for cpf in everybody], [chances[cpf] for cpf in everybody]) > 0.5
    bought = _last_year(tables["compras"], "data_compra")
    kinds = bought.group_by("tipo").aggregate([("cpf", "list")]).to_pylist()
    mean = {row["tipo"]: np.mean([chances[cpf] for cpf in row["cpf_list"]]) for row in kinds}
    assert mean["parcelado"] > mean["credito"] > mean["debito"]


def test_all_bands_of_the_default_scale_hold_a_sensible_share(tables):
    chance = np.asarray(tables["truth"]["probabilidade"])
    chance = np.clip(chance[chance > 0], 1e-9, None)  # without any debt to come: never scored
    score = np.clip(600 + 80 / np.log(2) * (np.log(1 / chance - 1) - np.log(10)), 0, 1_000)
    limits = [upper for _, upper in BAND_UPPER_SCORES[:-1]]
    shares = np.bincount(np.searchsorted(limits, score), minlength=4) / len(score)
    assert (shares > 0.04).all(), shares


def test_risk_is_the_same_for_both_sexes_and_mild_in_age(tables):
    chances = _chances(tables)
    clients = tables["cliente"]
    chance = np.array([chances[cpf] for cpf in clients["cpf"].to_pylist()])
    sex = clients["sexo"].to_numpy(zero_copy_only=False)
    women, men = chance[sex == "F"], chance[sex == "M"]
    error = np.sqrt(women.var() / len(women) + men.var() / len(men))
    assert abs(women.mean() - men.mean()) < 4 * error
    years = (np.datetime64(PARAMETERS.as_of) - clients["data_nascimento"].to_numpy()).astype(int) / 365.2425
    young, old = chance[years < 25].mean(), chance[years >= 60].mean()
    assert 1.1 * old < young < 2.2 * old
