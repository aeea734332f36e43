"""A generated population in real stores: everything arrives, and the engine refuses what was planted, as planted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from contracts.errors import UsageError
from contracts.rules import RULES, Outcome
from contracts.settings import Settings
from contracts.table_declaration import Store
from contracts.tables import TABLES
from extract.extraction import extract_range, extract_strays
from extract.partitions import plan_ranges
from extract.sources import Sources
from population.generate import generate_blocks
from population.load import PopulationStores, PopulationSummary, populate
from population.parameters import PopulationParameters
from population.truth import DEFECTS_NAME, PROBABILITIES_NAME
from stores.connections import mongo_database, sql_engine

PARAMETERS = PopulationParameters(700, 31, date(2025, 6, 30), dirty=0.03, mean_events=20)


@pytest.fixture(scope="module")
def installed(make_installation) -> Settings:
    return make_installation("populacao")


@pytest.fixture(scope="module")
def stores(installed: Settings) -> Iterator[PopulationStores]:
    base_a, base_b = (sql_engine(installed.secret(f"base_{name}_admin_url"), timeout=10) for name in "ab")
    base_c = mongo_database(installed.secret("base_c_admin_url"), timeout=20)
    yield PopulationStores(base_a, base_b, base_c)
    base_a.dispose()
    base_b.dispose()
    base_c.client.close()


@pytest.fixture(scope="module")
def truth_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("verdade")


@pytest.fixture(scope="module")
def summary(stores, truth_dir) -> PopulationSummary:
    steps: list[int] = []
    found = populate(stores, PARAMETERS, truth_dir, progress=steps.append)
    assert steps == [PARAMETERS.clients]
    return found


def test_every_record_counted_is_in_its_store(stores, summary):
    found = {}
    for table in TABLES:
        if table.store is Store.C:
            found[table.name] = stores.base_c[table.name].count_documents({})
        else:
            engine = stores.base_a if table.store is Store.A else stores.base_b
            with engine.connect() as connection:
                found[table.name] = connection.scalar(sa.text(f"SELECT count(*) FROM {table.name}"))
    assert found == dict(summary.records)
    assert summary.clients == PARAMETERS.clients


def test_planted_defects_meet_exactly_the_expected_rules(stores, summary, truth_dir):
    sources = Sources(stores.base_a, stores.base_b, stores.base_c)
    ranges = plan_ranges(stores.base_a, range_size=300)
    extractions = [extract_range(sources, cpf_range, as_of=PARAMETERS.as_of) for cpf_range in ranges]
    extractions.append(extract_strays(sources, as_of=PARAMETERS.as_of))
    rejected = Counter(
        (row["tabela"], row["chave"], row["regra"]) for part in extractions for row in part.rejects.to_pylist()
    )
    defects = pq.read_table(truth_dir / DEFECTS_NAME).to_pylist()
    expected = Counter(
        (row["tabela"], row["chave"], row["regra_esperada"])
        for row in defects
        if RULES[row["regra_esperada"]].outcome is Outcome.REJECTED
    )
    assert rejected == expected
    ignored: Counter[str] = Counter()
    for part in extractions:
        for counts in part.counts.values():
            ignored.update(counts.ignored)
            assert counts.difference == 0
    for name in ("posterior_a_data_referencia", "titular_rejeitado", "titular_posterior"):
        assert ignored[name] == summary.defects[name], name


def test_a_dirty_population_leaves_the_clean_money_as_it_was(stores, summary):
    """Defects that the engine refuses are copies: the sums of what it uses are those of the clean population."""
    clean = next(generate_blocks(replace(PARAMETERS, dirty=0.0)))
    sources = Sources(stores.base_a, stores.base_b, stores.base_c)
    (cpf_range,) = plan_ranges(stores.base_a, range_size=100_000)
    used = extract_range(sources, cpf_range, as_of=PARAMETERS.as_of).tables
    for name in ("movimentacoes", "compras"):
        assert sum(used[name]["valor_centavos"].to_pylist()) == sum(clean.tables[name]["valor_centavos"].to_pylist())
    debts = sum(clean.tables["divida"]["valor"].to_pylist())
    assert sum(used["divida"]["valor_centavos"].to_pylist()) == int(debts * 100)


def test_truth_names_the_consumers_of_base_a(stores, summary, truth_dir):
    truth = pq.read_table(truth_dir / PROBABILITIES_NAME)
    with stores.base_a.connect() as connection:
        clients = {row.id: row.cpf for row in connection.execute(sa.text("SELECT id, cpf FROM cliente"))}
    pairs = set(zip(truth["cliente_id"].to_pylist(), truth["cpf"].to_pylist(), strict=True))
    assert len(pairs) == PARAMETERS.clients
    assert all(clients[identifier] == cpf for identifier, cpf in pairs)


def test_occupied_stores_are_refused_then_replaced(stores, summary, truth_dir):
    with pytest.raises(UsageError, match="already hold records"):
        populate(stores, PARAMETERS, truth_dir)
    before = _indexes(stores)
    again = populate(stores, PARAMETERS, truth_dir, replace=True)
    assert again == summary
    assert _indexes(stores) == before
    assert all("ix_cpf" in " ".join(names) for names in before.values())


def _indexes(stores: PopulationStores) -> dict[str, list[str]]:
    return {
        table.name: sorted(stores.base_c[table.name].index_information()) for table in TABLES if table.store is Store.C
    }
