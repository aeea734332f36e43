"""Nothing known after the reference date moves a bit of any feature, score or reason as of it."""

import random
import secrets
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import uuid4

import pyarrow as pa
import pytest
import sqlalchemy as sa

from contracts.artifacts import ArtifactStore
from contracts.reference_date import cutoff_utc
from extract.extraction import extract_range
from extract.partitions import plan_ranges
from extract.sources import Sources
from features.build import build_features
from flows.populate import populate_stores
from models.points.apply import apply_points, contributions
from models.registry import current_model
from population.parameters import PopulationParameters
from stores.connections import mongo_database, sql_engine

AS_OF = date(2025, 3, 31)
PERIOD_END = date(2025, 12, 31)
CLIENTS = 400


@pytest.fixture
def stores(installation) -> Iterator[Sources]:
    """Populated stores that already hold nine months after the reference date, open for writing."""
    populate_stores(installation, PopulationParameters(CLIENTS, 5, PERIOD_END, mean_events=40), replace=False)
    engines = [sql_engine(installation.secret(f"{base}_admin_url"), timeout=10) for base in ("base_a", "base_b")]
    database = mongo_database(installation.secret("base_c_admin_url"), timeout=10)
    yield Sources(*engines, database)
    for engine in engines:
        engine.dispose()
    database.client.close()


def scored(stores: Sources, points_table, as_of: date = AS_OF) -> dict[str, pa.Table]:
    """Return features, scores with reasons, and contributions as of a date, over all ranges."""
    parts = []
    for cpf_range in plan_ranges(stores.base_a, range_size=150):
        table = build_features(extract_range(stores, cpf_range, as_of=as_of).tables, as_of)
        parts.append((table, apply_points(points_table, table), contributions(points_table, table)))
    names = ("features", "scores", "contributions")
    return {
        name: pa.concat_tables(one).combine_chunks() for name, one in zip(names, zip(*parts, strict=True), strict=True)
    }


def people(stores: Sources) -> list[tuple[str, str]]:
    with stores.base_a.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text("select id, cpf from cliente order by cpf"))]


def add_later_facts(stores: Sources, chosen: list[tuple[str, str]], draw: random.Random, *, each: int) -> None:
    """Add to every store, for every person chosen, facts known only after the reference date ended."""
    start = cutoff_utc(AS_OF)

    def later() -> datetime:
        return start + timedelta(milliseconds=draw.choice([0, 1, draw.randrange(200 * 86_400_000)]))

    debts, incomes, assets = [], [], []
    events = {"consultas": [], "movimentacoes": [], "compras": []}
    for client_id, cpf in chosen:
        for _ in range(each):
            due = AS_OF + timedelta(days=draw.randrange(-900, 400))
            debts.append(
                {"id": str(uuid4()), "c": client_id, "v": draw.randrange(1, 10**7) / 100, "d": due, "r": later()}
            )
            incomes.append({"id": str(uuid4()), "cpf": cpf, "v": draw.randrange(1, 10**7) / 100, "r": later()})
            assets.append({"id": str(uuid4()), "cpf": cpf, "v": draw.randrange(1, 10**8) / 100, "r": later()})
            value = draw.randrange(1, 10**6) / 100
            events["consultas"].append({"cpf": cpf, "empresa": "X", "tipo_empresa": "banco", "data_consulta": later()})
            events["movimentacoes"].append(
                {
                    "cpf": cpf,
                    "tipo_movimentacao": draw.choice(["credito", "debito"]),
                    "data_movimentacao": later(),
                    "valor": value,
                }
            )
            events["compras"].append(
                {
                    "cpf": cpf,
                    "data_compra": later(),
                    "valor": value,
                    "tipo": "parcelado",
                    "codigo_transacao": secrets.token_hex(8),
                }
            )
    with stores.base_a.begin() as connection:
        connection.execute(
            sa.text(
                "insert into divida (id, cliente_id, empresa, valor, vencimento, registrada_em)"
                " values (:id, :c, 'Credor', :v, :d, :r)"
            ),
            debts,
        )
    with stores.base_b.begin() as connection:
        connection.execute(
            sa.text(
                "insert into fonte_de_renda (id, cpf, tipo, descricao, valor, frequencia, registrada_em)"
                " values (:id, :cpf, 'salario', 'x', :v, 'mensal', :r)"
            ),
            incomes,
        )
        connection.execute(
            sa.text(
                "insert into bem (id, cpf, tipo, descricao, valor_estimado, registrado_em)"
                " values (:id, :cpf, 'imovel', 'x', :v, :r)"
            ),
            assets,
        )
    for name, documents in events.items():
        stores.base_c[name].insert_many(documents)


def add_later_ends(stores: Sources, draw: random.Random) -> int:
    """End after the reference date every other debt, income and asset that was still open then."""
    start, changed = cutoff_utc(AS_OF), 0
    for engine, table, known, ended in (
        (stores.base_a, "divida", "registrada_em", "baixada_em"),
        (stores.base_b, "fonte_de_renda", "registrada_em", "encerrada_em"),
        (stores.base_b, "bem", "registrado_em", "alienado_em"),
    ):
        with engine.begin() as connection:
            query = f"select id from {table} where {ended} is null and {known} < :start order by id"
            open_ids = [row[0] for row in connection.execute(sa.text(query), {"start": start})][::2]
            values = [{"id": i, "t": start + timedelta(seconds=draw.randrange(10**7))} for i in open_ids]
            connection.execute(sa.text(f"update {table} set {ended} = :t where id = :id"), values)
            changed += len(values)
    return changed


def test_later_facts_change_nothing(stores, night):
    """At random for some and in bulk for all: every feature, score, reason and contribution stays as it was."""
    points_table = current_model(ArtifactStore(night.settings.lake_root)).points
    before = scored(stores, points_table)
    draw = random.Random(11)
    everybody = people(stores)
    add_later_facts(stores, draw.sample(everybody, 40), draw, each=1)
    add_later_facts(stores, everybody, draw, each=3)
    assert add_later_ends(stores, draw) > 300
    after = scored(stores, points_table)
    for name, table in before.items():
        assert after[name].equals(table), name
    assert before["scores"].num_rows > 300
    moved = scored(stores, points_table, PERIOD_END)["scores"]
    assert not moved["score_bruto"].equals(before["scores"]["score_bruto"]), "the facts added do count later on"


def test_a_debt_paid_after_the_date_was_open_on_it(stores):
    """And one paid at the last instant of the date was not."""
    start = cutoff_utc(AS_OF)
    client_id, cpf = people(stores)[0]
    ids = [str(uuid4()) for _ in range(2)]
    instants = [start, start - timedelta(microseconds=1)]
    with stores.base_a.begin() as connection:
        connection.execute(sa.text("delete from divida where cliente_id = :c"), {"c": client_id})
        connection.execute(
            sa.text(
                "insert into divida (id, cliente_id, empresa, valor, vencimento, registrada_em, baixada_em)"
                " values (:id, :c, 'Credor ' || :id, 250, :d, :r, :b)"
            ),
            [
                {"id": i, "c": client_id, "d": AS_OF - timedelta(days=10), "r": start - timedelta(days=60), "b": paid}
                for i, paid in zip(ids, instants, strict=True)
            ],
        )
        connection.execute(
            sa.text("update cliente set registrado_em = :r where id = :c"),
            {"c": client_id, "r": start - timedelta(days=400)},
        )
    [cpf_range] = plan_ranges(stores.base_a, range_size=10_000)
    table = build_features(extract_range(stores, cpf_range, as_of=AS_OF).tables, AS_OF)
    [row] = [row for row in table.to_pylist() if row["cpf"] == cpf]
    assert row["dividas_abertas_qtd"] == 1
    assert row["dividas_vencidas_qtd"] == 1
    assert row["dividas_abertas_valor"] == 250
    assert row["dividas_atraso_maximo_dias"] == 10
