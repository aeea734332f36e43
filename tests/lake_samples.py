"""Random lake tables whose instants and dates crowd the borders of every rule."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from contracts.tables import TABLES, TABLES_BY_NAME

Rows = dict[str, list[dict[str, Any]]]
Tables = dict[str, pa.Table]
ZONE = ZoneInfo("America/Sao_Paulo")
FREQUENCIES = (
    "diaria",
    "semanal",
    "quinzenal",
    "mensal",
    "bimestral",
    "trimestral",
    "semestral",
    "anual",
    "unica",
)


def end_of_day(as_of: date) -> datetime:
    midnight = datetime.combine(as_of + timedelta(days=1), time(), tzinfo=ZONE)
    return midnight.astimezone(UTC).replace(tzinfo=None)


def any_instant(rng: random.Random, as_of: date) -> datetime:
    """An instant up to three years before the cutoff or one after, often right at a window's border."""
    cutoff = end_of_day(as_of)
    if rng.random() < 0.4:
        days = rng.choice((0, 30, 60, 90, 180, 360, 365, 730))
        return cutoff - timedelta(days=days, microseconds=rng.choice((-1, 0, 1)))
    return cutoff - timedelta(seconds=rng.randrange(-86400 * 365, 86400 * 900), microseconds=rng.randrange(10**6))


def any_due_date(rng: random.Random, as_of: date) -> date:
    five_years_ago = date(as_of.year - 5, as_of.month, min(as_of.day, 28))
    if rng.random() < 0.3:
        return rng.choice((as_of, five_years_ago, as_of - timedelta(days=90), as_of + timedelta(days=90))) + timedelta(
            days=rng.randint(-1, 1)
        )
    return as_of - timedelta(days=rng.randint(-200, 2200))


def any_end(rng: random.Random, as_of: date, start: datetime) -> datetime | None:
    """None, or an instant not before the start, sometimes within minutes of a local midnight."""
    if rng.random() < 0.4:
        return None
    end = any_instant(rng, as_of) if rng.random() < 0.8 else end_of_day(as_of)
    if rng.random() < 0.4:
        end = end_of_day(end.date()) + timedelta(minutes=rng.choice((-61, -59, -1, 0, 1, 59, 61)))
    return max(end, start)


def random_rows(seed: int, *, clients: int, as_of: date) -> Rows:
    rng = random.Random(seed)
    rows: Rows = {table.name: [] for table in TABLES}
    for number in range(clients):
        cpf = f"{rng.randrange(10**9) * 100 + number % 100:011d}"
        if any(client["cpf"] == cpf for client in rows["cliente"]):
            continue
        add_client(rows, rng, cpf=cpf, as_of=as_of)
    return rows


def add_client(rows: Rows, rng: random.Random, *, cpf: str, as_of: date) -> None:
    registered = any_instant(rng, as_of) if rng.random() < 0.3 else end_of_day(as_of) - timedelta(days=2000)
    common = {"cpf": cpf, "cliente_id": f"id-{cpf}"}
    rows["cliente"].append(
        {
            "cpf": cpf,
            "id": f"id-{cpf}",
            "data_nascimento": rng.choice((as_of, date(2000, 2, 29), date(1960, as_of.month, min(as_of.day, 28))))
            + timedelta(days=rng.randint(-1, 1)),
            "sexo": rng.choice(("F", "M", None)),
            "estado_civil": rng.choice(("casado", None)),
            "uf": rng.choice(("SP", "AC")),
            "registrado_em": registered,
            "atualizado_em": registered,
        }
    )
    rows["pessoa"].append({**common, "atualizado_em": registered})
    for name in ("divida", "fonte_de_renda", "bem", "consultas", "movimentacoes", "compras"):
        for _ in range(rng.choice((0, 1, 2, 9))):
            rows[name].append(random_record(rng, name, cpf=cpf, as_of=as_of))


def random_record(rng: random.Random, name: str, *, cpf: str, as_of: date) -> dict[str, Any]:
    known = any_instant(rng, as_of)
    cents = rng.choice((1, 99, 10_000, rng.randrange(1, 10**7)))
    end = any_end(rng, as_of, known)
    identifier = f"{rng.randrange(16**12):012x}"
    company = rng.choice(("Banco A", "banco a", "Loja Ç", "Telefonia 🙂"))
    if name == "divida":
        return {
            "cpf": cpf, "id": identifier, "cliente_id": f"id-{cpf}", "empresa": company, "valor_centavos": cents,
            "vencimento": any_due_date(rng, as_of), "registrada_em": known, "baixada_em": end,
        }  # fmt: skip
    if name == "fonte_de_renda":
        return {
            "cpf": cpf, "id": identifier, "tipo": rng.choice(("salario", "aluguel")), "valor_centavos": cents,
            "frequencia": rng.choice(FREQUENCIES), "registrada_em": known, "encerrada_em": end,
        }  # fmt: skip
    if name == "bem":
        return {
            "cpf": cpf, "id": identifier, "tipo": rng.choice(("imovel", "veiculo")), "valor_estimado_centavos": cents,
            "registrado_em": known, "alienado_em": end,
        }  # fmt: skip
    if name == "consultas":
        kind = rng.choice(("banco", "varejo", "titular"))
        return {"cpf": cpf, "empresa": company, "tipo_empresa": kind, "data_consulta": known}
    if name == "movimentacoes":
        kind = rng.choice(("credito", "debito"))
        return {"cpf": cpf, "tipo_movimentacao": kind, "data_movimentacao": known, "valor_centavos": cents}
    return {
        "cpf": cpf, "data_compra": known, "valor_centavos": cents, "bandeira_cartao": rng.choice(("A", "B", None)),
        "tipo": rng.choice(("credito", "debito", "parcelado", None)), "codigo_transacao": identifier,
    }  # fmt: skip


def to_tables(rows: Rows) -> Tables:
    """The lake's form: every table of its schema, sorted by cpf."""
    return {
        name: pa.Table.from_pylist(found, schema=TABLES_BY_NAME[name].lake_schema).sort_by("cpf")
        for name, found in rows.items()
    }
