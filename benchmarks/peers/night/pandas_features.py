"""The features in pandas, as an analyst's nightly script computes them: whole tables in memory, one ``groupby`` each.

Written to be fast in pandas: only the needed columns are read, in parallel; every measure is a masked column and one
compiled ``groupby`` aggregation, and no Python function runs a group.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmarks.peers.night.snapshot import Night

TWELFTHS = {
    "diaria": 360,
    "semanal": 52,
    "quinzenal": 26,
    "mensal": 12,
    "bimestral": 6,
    "trimestral": 4,
    "semestral": 2,
    "anual": 1,
    "unica": 0,
}
PERIODS = range(12)
LARGEST_TOTAL = 2**28
"""Largest credit of a period, in cents, whose sums of squares fit 64 bits."""


def write_features(night: Night, result: Path) -> None:
    """Write the features of every known client, sorted by CPF, as one Parquet file."""
    build_features(night).to_parquet(result, index=False)


def build_features(night: Night) -> pd.DataFrame:
    """Return one row a known client, sorted by CPF, with every feature."""
    families = [debts(night), income(night), assets(night), movements(night), consultations(night), purchases(night)]
    table = clients(night).join(families)
    present = [frame.columns[0] for frame in families]
    table["sem_dados"] = table[present].isna().all(axis=1)
    table["dividas_sobre_renda"] = ratio(12 * table["_abertas"], table["_renda"])
    table["dividas_vencidas_sobre_renda"] = ratio(12 * table["_vencidas"], table["_renda"])
    table["bens_sobre_dividas"] = ratio(table["_bens"], table["_abertas"])
    table["movimentacoes_credito_sobre_renda"] = ratio(4 * table["_credito_90"], table["_renda"])
    table["compras_sobre_credito_90_dias"] = ratio(table["_compras_90"], table["_credito_90"])
    return table.drop(columns=[name for name in table if name.startswith("_")]).sort_index().reset_index()


def ratio(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    return numerator / denominator.where(denominator > 0)


def read(night: Night, table: str, columns: list[str]) -> pd.DataFrame:
    return pq.read_table(night.files(table), columns=columns).to_pandas(date_as_object=False)


def age_in_days(night: Night, instants: pd.Series) -> pd.Series:
    return (night.last_instant - instants).dt.days


def clients(night: Night) -> pd.DataFrame:
    rows = read(night, "cliente", ["cpf", "id", "data_nascimento", "uf", "registrado_em"])
    rows = rows[rows["registrado_em"] < night.cutoff].set_index("cpf")
    birth, as_of = rows["data_nascimento"], pd.Timestamp(night.as_of)
    had_birthday = 100 * birth.dt.month + birth.dt.day <= 100 * as_of.month + as_of.day
    age = (as_of.year - birth.dt.year - ~had_birthday).where(birth <= as_of)
    return pd.DataFrame({"cliente_id": rows["id"], "idade_anos": age, "uf": rows["uf"]})


def debts(night: Night) -> pd.DataFrame:
    rows = read(night, "divida", ["cpf", "empresa", "valor_centavos", "vencimento", "registrada_em", "baixada_em"])
    as_of = pd.Timestamp(night.as_of)
    rows = rows[(rows["registrada_em"] < night.cutoff) & (rows["vencimento"] >= pd.Timestamp(night.oldest_due))]
    is_open = ~(rows["baixada_em"] < night.cutoff)
    paid = ~is_open
    local = rows["baixada_em"].dt.tz_localize("UTC").dt.tz_convert("America/Sao_Paulo").dt.tz_localize(None)
    late = (local.dt.normalize().where(paid, as_of) - rows["vencimento"]).dt.days.clip(lower=0).astype("int64")
    due_in = (rows["vencimento"] - as_of).dt.days
    known = age_in_days(night, rows["registrada_em"])
    overdue, cents = is_open & (late > 0), rows["valor_centavos"]
    measures = pd.DataFrame(
        {
            "cpf": rows["cpf"],
            "abertas": is_open,
            "abertas_centavos": cents.where(is_open, 0),
            "vencidas": overdue,
            "vencidas_centavos": cents.where(overdue, 0),
            "centavos_dias": (cents * late).where(overdue, 0),
            "vencidas_90": is_open & (late > 90),
            "a_vencer": cents.where(is_open & due_in.between(0, 90), 0),
            "novas_90": known < 90,
            "novas_90_antes": known.between(90, 179),
            "novas_365": known < 365,
            "pagas": paid,
            "pagas_em_dia": paid & (late == 0),
            "pagas_atraso": paid & (late > 0) & (age_in_days(night, rows["baixada_em"]) < 365),
            "inadimplencias": late > 90,
        }
    )
    days = pd.DataFrame(
        {"cpf": rows["cpf"], "aberto": late.where(is_open, 0), "maximo": late, "ultima": known.where(known < 365)}
    )
    sums = measures.groupby("cpf", sort=False).sum()
    extremes = days.groupby("cpf", sort=False).agg({"aberto": "max", "maximo": "max", "ultima": "min"})
    creditors = rows[is_open].groupby("cpf", sort=False)["empresa"].nunique()
    return pd.DataFrame(
        {
            "dividas_abertas_qtd": sums["abertas"],
            "dividas_abertas_valor": sums["abertas_centavos"] / 100,
            "dividas_vencidas_qtd": sums["vencidas"],
            "dividas_vencidas_valor": sums["vencidas_centavos"] / 100,
            "dividas_vencidas_proporcao": ratio(sums["vencidas_centavos"], sums["abertas_centavos"]),
            "dividas_atraso_maximo_dias": extremes["aberto"],
            "dividas_atraso_medio_dias": ratio(sums["centavos_dias"], sums["vencidas_centavos"]),
            "dividas_vencidas_mais_90_dias_qtd": sums["vencidas_90"],
            "dividas_credores_qtd": creditors.reindex(sums.index, fill_value=0),
            "dividas_a_vencer_90_dias_valor": sums["a_vencer"] / 100,
            "dividas_novas_90_dias_qtd": sums["novas_90"],
            "dividas_novas_365_dias_qtd": sums["novas_365"],
            "dividas_novas_tendencia_90_dias": sums["novas_90"] - sums["novas_90_antes"],
            "dividas_dias_desde_ultima": extremes["ultima"],
            "dividas_pagas_com_atraso_365_dias_qtd": sums["pagas_atraso"],
            "dividas_pagas_em_dia_proporcao": ratio(sums["pagas_em_dia"], sums["pagas"]),
            "dividas_atraso_maximo_historico_dias": extremes["maximo"],
            "dividas_inadimplencias_qtd": sums["inadimplencias"],
            "_abertas": sums["abertas_centavos"],
            "_vencidas": sums["vencidas_centavos"],
        }
    )


def income(night: Night) -> pd.DataFrame:
    columns = ["cpf", "valor_centavos", "frequencia", "registrada_em", "encerrada_em"]
    rows = read(night, "fonte_de_renda", columns)
    rows = rows[rows["registrada_em"] < night.cutoff]
    ended = rows["encerrada_em"] < night.cutoff
    one_off = rows["frequencia"] == "unica"
    recurrent = ~ended & ~one_off
    monthly = rows["valor_centavos"] * rows["frequencia"].map(TWELFTHS)
    known, since_end = age_in_days(night, rows["registrada_em"]), age_in_days(night, rows["encerrada_em"])
    measures = pd.DataFrame(
        {
            "cpf": rows["cpf"],
            "fontes": recurrent,
            "mensal": monthly.where(recurrent, 0),
            "mensal_antes": monthly.where((known >= 365) & (~ended | (since_end < 365)), 0),
            "encerradas": ended & (since_end < 365),
            "unicas": rows["valor_centavos"].where(one_off & (known < 365), 0),
        }
    )
    sums = measures.groupby("cpf", sort=False).sum()
    oldest = known.where(recurrent).groupby(rows["cpf"], sort=False).max()
    return pd.DataFrame(
        {
            "renda_fontes_qtd": sums["fontes"],
            "renda_mensal_valor": sums["mensal"] / 1200,
            "renda_antiguidade_dias": oldest,
            "renda_encerradas_365_dias_qtd": sums["encerradas"],
            "renda_variacao_365_dias": ratio(sums["mensal"], sums["mensal_antes"]),
            "renda_unica_365_dias_valor": sums["unicas"] / 100,
            "_renda": sums["mensal"],
        }
    )


def assets(night: Night) -> pd.DataFrame:
    rows = read(night, "bem", ["cpf", "tipo", "valor_estimado_centavos", "registrado_em", "alienado_em"])
    rows = rows[rows["registrado_em"] < night.cutoff]
    sold = rows["alienado_em"] < night.cutoff
    measures = pd.DataFrame(
        {
            "cpf": rows["cpf"],
            "proprios": ~sold,
            "centavos": rows["valor_estimado_centavos"].where(~sold, 0),
            "alienados": sold & (age_in_days(night, rows["alienado_em"]) < 365),
        }
    )
    sums = measures.groupby("cpf", sort=False).sum()
    kinds = rows[~sold].groupby("cpf", sort=False)["tipo"].nunique()
    return pd.DataFrame(
        {
            "bens_qtd": sums["proprios"],
            "bens_valor": sums["centavos"] / 100,
            "bens_tipos_qtd": kinds.reindex(sums.index, fill_value=0),
            "bens_alienados_365_dias_qtd": sums["alienados"],
            "_bens": sums["centavos"],
        }
    )


def events(night: Night, table: str, instant: str, columns: list[str]) -> pd.DataFrame:
    """Return the events of the year before the cutoff, with their age as ``dias``."""
    rows = read(night, table, ["cpf", instant, *columns])
    rows = rows[(rows[instant] < night.cutoff) & (rows[instant] >= night.window_start)]
    return rows.assign(dias=age_in_days(night, rows[instant])).drop(columns=instant)


def movements(night: Night) -> pd.DataFrame:
    rows = events(night, "movimentacoes", "data_movimentacao", ["tipo_movimentacao", "valor_centavos"])
    is_credit = rows["tipo_movimentacao"] == "credito"
    rows = rows.assign(
        periodo=rows["dias"] // 30,
        credito=rows["valor_centavos"].where(is_credit, 0),
        debito=rows["valor_centavos"].where(~is_credit, 0),
        dias_credito=rows["dias"].where(is_credit),
    )
    year = rows.groupby("cpf", sort=False).agg(
        registros=("dias", "size"),
        ultima=("dias", "min"),
        ultimo_credito=("dias_credito", "min"),
        credito=("credito", "sum"),
        debito=("debito", "sum"),
    )
    by_period = rows.groupby(["cpf", "periodo"], sort=False)[["credito", "debito"]].sum().unstack(fill_value=0)
    by_period = by_period.reindex(year.index)
    credit, debit = (by_period[kind].reindex(columns=PERIODS, fill_value=0) for kind in ("credito", "debito"))
    if credit.to_numpy().max(initial=0) > LARGEST_TOTAL:
        raise OverflowError("a sum of squares would not fit 64 bits")
    total, squares = credit.sum(axis=1), (credit**2).sum(axis=1)
    credit_30, credit_90, credit_180 = (credit.loc[:, :last].sum(axis=1) for last in (0, 2, 5))
    debit_30, debit_90, debit_180 = (debit.loc[:, :last].sum(axis=1) for last in (0, 2, 5))
    return pd.DataFrame(
        {
            "movimentacoes_365_dias_qtd": year["registros"],
            "movimentacoes_credito_90_dias_valor": credit_90 / 100,
            "movimentacoes_credito_365_dias_valor": year["credito"] / 100,
            "movimentacoes_debito_sobre_credito_30_dias": ratio(debit_30, credit_30),
            "movimentacoes_debito_sobre_credito_90_dias": ratio(debit_90, credit_90),
            "movimentacoes_debito_sobre_credito_365_dias": ratio(year["debito"], year["credito"]),
            "movimentacoes_credito_tendencia_90_dias": ratio(credit_90, credit_180 - credit_90),
            "movimentacoes_debito_tendencia_90_dias": ratio(debit_90, debit_180 - debit_90),
            "movimentacoes_credito_volatilidade": ratio(np.sqrt(12 * squares - total * total), total),
            "movimentacoes_meses_credito_regular_qtd": ((credit > 0) & (24 * credit).ge(total, axis=0)).sum(axis=1),
            "movimentacoes_meses_saldo_negativo_qtd": (debit > credit).sum(axis=1),
            "movimentacoes_dias_desde_ultima": year["ultima"],
            "movimentacoes_dias_desde_ultimo_credito": year["ultimo_credito"],
            "_credito_90": credit_90,
        }
    )


def consultations(night: Night) -> pd.DataFrame:
    rows = events(night, "consultas", "data_consulta", ["empresa", "tipo_empresa"])
    rows = rows[rows["tipo_empresa"].str.strip(" ").str.lower() != "titular"]
    rows = rows.assign(**{f"em_{days}": rows["dias"] < days for days in (30, 90, 180)})
    counts = rows.groupby("cpf", sort=False).agg(
        em_30=("em_30", "sum"),
        em_90=("em_90", "sum"),
        em_180=("em_180", "sum"),
        em_365=("dias", "size"),
        ultima=("dias", "min"),
    )
    companies = rows[rows["em_90"]].groupby("cpf", sort=False)["empresa"].nunique()
    return pd.DataFrame(
        {
            "consultas_30_dias_qtd": counts["em_30"],
            "consultas_90_dias_qtd": counts["em_90"],
            "consultas_180_dias_qtd": counts["em_180"],
            "consultas_365_dias_qtd": counts["em_365"],
            "consultas_empresas_90_dias_qtd": companies.reindex(counts.index, fill_value=0),
            "consultas_tendencia_90_dias": 2 * counts["em_90"] - counts["em_180"],
            "consultas_dias_desde_ultima": counts["ultima"],
        }
    )


def purchases(night: Night) -> pd.DataFrame:
    rows = events(night, "compras", "data_compra", ["valor_centavos", "bandeira_cartao", "tipo"])
    cents, kind = rows["valor_centavos"], rows["tipo"].str.strip(" ").str.lower()
    rows = rows.assign(
        em_30=rows["dias"] < 30,
        total_90=cents.where(rows["dias"] < 90, 0),
        total_180=cents.where(rows["dias"] < 180, 0),
        parceladas=cents.where(kind == "parcelado", 0),
        a_credito=cents.where(kind.isin(["credito", "parcelado"]), 0),
    )
    year = rows.groupby("cpf", sort=False).agg(
        em_30=("em_30", "sum"),
        registros=("dias", "size"),
        total=("valor_centavos", "sum"),
        total_90=("total_90", "sum"),
        total_180=("total_180", "sum"),
        parceladas=("parceladas", "sum"),
        a_credito=("a_credito", "sum"),
        bandeiras=("bandeira_cartao", "nunique"),
        ultima=("dias", "min"),
    )
    return pd.DataFrame(
        {
            "compras_30_dias_qtd": year["em_30"],
            "compras_365_dias_qtd": year["registros"],
            "compras_90_dias_valor": year["total_90"] / 100,
            "compras_ticket_medio_valor": ratio(year["total"], 100 * year["registros"]),
            "compras_parcelado_proporcao_365_dias": ratio(year["parceladas"], year["total"]),
            "compras_credito_proporcao_365_dias": ratio(year["a_credito"], year["total"]),
            "compras_tendencia_90_dias": ratio(year["total_90"], year["total_180"] - year["total_90"]),
            "compras_dias_desde_ultima": year["ultima"],
            "compras_bandeiras_qtd": year["bandeiras"],
            "_compras_90": year["total_90"],
        }
    )
