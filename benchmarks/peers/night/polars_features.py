"""The features in one lazy Polars query over the whole snapshot, run by its streaming engine."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks.peers.night.pandas_features import TWELFTHS
from benchmarks.peers.night.snapshot import Night

CENTS = pl.col("valor_centavos")
PERIODS = range(12)


def write_features(night: Night, result: Path) -> None:
    """Write the features of every known client, sorted by CPF, as one Parquet file."""
    feature_query(night).sink_parquet(result, compression="snappy", engine="streaming")


def feature_query(night: Night) -> pl.LazyFrame:
    """Return the query: one row a known client, sorted by CPF."""
    families = (debts(night), income(night), assets(night), movements(night), consultations(night), purchases(night))
    joined = clients(night)
    for family in families:
        joined = joined.join(family, on="cpf", how="left")
    return joined.sort("cpf").select(
        "cpf",
        "cliente_id",
        pl.all_horizontal(pl.col(f"{name}_ha").is_null() for name in ("d", "r", "b", "m", "q", "c")).alias("sem_dados"),
        *(value.cast(pl.Float64).alias(name) for name, value in formulas().items()),
        "uf",
    )


def ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    return pl.when(denominator > 0).then(numerator.cast(pl.Float64) / denominator.cast(pl.Float64))


def count_if(condition: pl.Expr) -> pl.Expr:
    return condition.cast(pl.Int64).sum()


def sum_if(value: pl.Expr, condition: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(value).otherwise(0).sum()


def age(night: Night, instant: str) -> pl.Expr:
    return (pl.lit(night.last_instant) - pl.col(instant)).dt.total_days()


def clients(night: Night) -> pl.LazyFrame:
    birth, as_of = pl.col("data_nascimento"), night.as_of
    birthday_to_come = 100 * birth.dt.month().cast(pl.Int32) + birth.dt.day() > 100 * as_of.month + as_of.day
    years = pl.lit(as_of.year) - birth.dt.year() - birthday_to_come.cast(pl.Int32)
    known = pl.scan_parquet(night.files("cliente")).filter(pl.col("registrado_em") < night.cutoff)
    return known.select(
        "cpf", pl.col("id").alias("cliente_id"), "uf", pl.when(birth <= as_of).then(years).alias("idade")
    )


def debts(night: Night) -> pl.LazyFrame:
    paid_on = pl.col("baixada_em").dt.replace_time_zone("UTC").dt.convert_time_zone("America/Sao_Paulo").dt.date()
    is_open, late = pl.col("aberta"), pl.col("atraso")
    overdue, known = is_open & (late > 0), pl.col("registro")
    due_in = (pl.col("vencimento") - pl.lit(night.as_of)).dt.total_days()
    rows = (
        pl.scan_parquet(night.files("divida"))
        .filter((pl.col("registrada_em") < night.cutoff) & (pl.col("vencimento") >= night.oldest_due))
        .with_columns(
            aberta=(pl.col("baixada_em") >= night.cutoff).fill_null(value=True),
            registro=age(night, "registrada_em"),
            baixa=age(night, "baixada_em"),
        )
        .with_columns(
            atraso=(pl.when(is_open).then(pl.lit(night.as_of)).otherwise(paid_on) - pl.col("vencimento"))
            .dt.total_days()
            .clip(lower_bound=0)
        )
    )
    return rows.group_by("cpf").agg(
        pl.len().alias("d_ha"),
        count_if(is_open).alias("d_abertas"),
        sum_if(CENTS, is_open).alias("d_abertas_centavos"),
        count_if(overdue).alias("d_vencidas"),
        sum_if(CENTS, overdue).alias("d_vencidas_centavos"),
        sum_if(CENTS * late, overdue).alias("d_centavos_dias"),
        pl.when(is_open).then(late).otherwise(0).max().alias("d_atraso_aberto"),
        count_if(is_open & (late > 90)).alias("d_vencidas_90"),
        pl.col("empresa").filter(is_open).n_unique().alias("d_credores"),
        sum_if(CENTS, is_open & due_in.is_between(0, 90)).alias("d_a_vencer"),
        count_if(known < 90).alias("d_novas_90"),
        count_if(known.is_between(90, 179)).alias("d_novas_90_antes"),
        count_if(known < 365).alias("d_novas_365"),
        pl.when(known < 365).then(known).min().alias("d_ultima"),
        count_if(~is_open).alias("d_pagas"),
        count_if(~is_open & (late == 0)).alias("d_pagas_em_dia"),
        count_if(~is_open & (late > 0) & (pl.col("baixa") < 365)).alias("d_pagas_atraso"),
        late.max().alias("d_atraso_maximo"),
        count_if(late > 90).alias("d_inadimplencias"),
    )


def income(night: Night) -> pl.LazyFrame:
    active, one_off = pl.col("ativa"), pl.col("frequencia") == "unica"
    known, ended, monthly = pl.col("registro"), pl.col("fim"), pl.col("doze_avos")
    recurrent = active & ~one_off
    rows = (
        pl.scan_parquet(night.files("fonte_de_renda"))
        .filter(pl.col("registrada_em") < night.cutoff)
        .with_columns(
            ativa=(pl.col("encerrada_em") >= night.cutoff).fill_null(value=True),
            registro=age(night, "registrada_em"),
            fim=age(night, "encerrada_em"),
            doze_avos=CENTS * pl.col("frequencia").replace_strict(TWELFTHS, return_dtype=pl.Int64),
        )
    )
    return rows.group_by("cpf").agg(
        pl.len().alias("r_ha"),
        sum_if(monthly, recurrent).alias("r_mensal"),
        sum_if(monthly, (known >= 365) & (active | (ended < 365))).alias("r_mensal_antes"),
        count_if(recurrent).alias("r_fontes"),
        count_if(~active & (ended < 365)).alias("r_encerradas"),
        pl.when(recurrent).then(known).max().alias("r_antiguidade"),
        sum_if(CENTS, one_off & (known < 365)).alias("r_unicas"),
    )


def assets(night: Night) -> pl.LazyFrame:
    owned = pl.col("proprio")
    rows = (
        pl.scan_parquet(night.files("bem"))
        .filter(pl.col("registrado_em") < night.cutoff)
        .with_columns(
            proprio=(pl.col("alienado_em") >= night.cutoff).fill_null(value=True), fim=age(night, "alienado_em")
        )
    )
    return rows.group_by("cpf").agg(
        pl.len().alias("b_ha"),
        count_if(owned).alias("b_proprios"),
        sum_if(pl.col("valor_estimado_centavos"), owned).alias("b_centavos"),
        pl.col("tipo").filter(owned).n_unique().alias("b_tipos"),
        count_if(~owned & (pl.col("fim") < 365)).alias("b_alienados"),
    )


def events(night: Night, table: str, instant: str) -> pl.LazyFrame:
    """Return the events of the year before the cutoff, with their age as ``dias``."""
    inside = (pl.col(instant) < night.cutoff) & (pl.col(instant) >= night.window_start)
    return pl.scan_parquet(night.files(table)).filter(inside).with_columns(dias=age(night, instant))


def movements(night: Night) -> pl.LazyFrame:
    is_credit, days = pl.col("tipo_movimentacao") == "credito", pl.col("dias")
    period = days // 30
    rows = events(night, "movimentacoes", "data_movimentacao")
    totals = {f"m_credito_{p}": sum_if(CENTS, is_credit & (period == p)) for p in PERIODS}
    totals |= {f"m_debito_{p}": sum_if(CENTS, ~is_credit & (period == p)) for p in PERIODS}
    return rows.group_by("cpf").agg(
        pl.len().alias("m_ha"),
        sum_if(CENTS, is_credit).alias("m_credito_ano"),
        sum_if(CENTS, ~is_credit).alias("m_debito_ano"),
        days.min().alias("m_ultima"),
        pl.when(is_credit).then(days).min().alias("m_ultimo_credito"),
        **totals,
    )


def consultations(night: Night) -> pl.LazyFrame:
    days = pl.col("dias")
    rows = events(night, "consultas", "data_consulta")
    others = rows.filter(pl.col("tipo_empresa").str.strip_chars(" ").str.to_lowercase() != "titular")
    return others.group_by("cpf").agg(
        pl.len().alias("q_ha"),
        *(count_if(days < window).alias(f"q_{window}") for window in (30, 90, 180)),
        pl.col("empresa").filter(days < 90).n_unique().alias("q_empresas"),
        days.min().alias("q_ultima"),
    )


def purchases(night: Night) -> pl.LazyFrame:
    days, kind = pl.col("dias"), pl.col("tipo").str.strip_chars(" ").str.to_lowercase()
    return (
        events(night, "compras", "data_compra")
        .with_columns(tipo=kind)
        .group_by("cpf")
        .agg(
            pl.len().alias("c_ha"),
            count_if(days < 30).alias("c_30"),
            *(sum_if(CENTS, days < window).alias(f"c_total_{window}") for window in (90, 180)),
            CENTS.sum().alias("c_total"),
            sum_if(CENTS, pl.col("tipo") == "parcelado").alias("c_parceladas"),
            sum_if(CENTS, pl.col("tipo").is_in(["credito", "parcelado"])).alias("c_a_credito"),
            pl.col("bandeira_cartao").drop_nulls().n_unique().alias("c_bandeiras"),
            days.min().alias("c_ultima"),
        )
    )


def formulas() -> dict[str, pl.Expr]:
    """Return the features but ``uf``, by name, over the families' measures."""
    c = pl.col
    credit = [c(f"m_credito_{p}") for p in PERIODS]
    debit = [c(f"m_debito_{p}") for p in PERIODS]
    credit_30, credit_90, credit_180, credit_360 = (pl.sum_horizontal(credit[:n]) for n in (1, 3, 6, 12))
    # A sum of nothing is 0: what has no movement at all must stay missing.
    credit_90, credit_180, credit_360 = (
        pl.when(c("m_ha").is_not_null()).then(total) for total in (credit_90, credit_180, credit_360)
    )
    debit_30, debit_90, debit_180 = (pl.sum_horizontal(debit[:n]) for n in (1, 3, 6))
    exact = [value.cast(pl.Int128) for value in credit]
    squares = pl.sum_horizontal(value * value for value in exact)
    variance = 12 * squares - credit_360.cast(pl.Int128) * credit_360.cast(pl.Int128)
    regular = [((value > 0) & (24 * value >= credit_360)).cast(pl.Int64) for value in credit]
    negative = [(out > into).cast(pl.Int64) for out, into in zip(debit, credit, strict=True)]
    moved = c("m_ha").is_not_null()
    return {
        "dividas_abertas_qtd": c("d_abertas"),
        "dividas_abertas_valor": c("d_abertas_centavos") / 100,
        "dividas_vencidas_qtd": c("d_vencidas"),
        "dividas_vencidas_valor": c("d_vencidas_centavos") / 100,
        "dividas_vencidas_proporcao": ratio(c("d_vencidas_centavos"), c("d_abertas_centavos")),
        "dividas_atraso_maximo_dias": c("d_atraso_aberto"),
        "dividas_atraso_medio_dias": ratio(c("d_centavos_dias"), c("d_vencidas_centavos")),
        "dividas_vencidas_mais_90_dias_qtd": c("d_vencidas_90"),
        "dividas_credores_qtd": c("d_credores"),
        "dividas_a_vencer_90_dias_valor": c("d_a_vencer") / 100,
        "dividas_novas_90_dias_qtd": c("d_novas_90"),
        "dividas_novas_365_dias_qtd": c("d_novas_365"),
        "dividas_novas_tendencia_90_dias": c("d_novas_90") - c("d_novas_90_antes"),
        "dividas_dias_desde_ultima": c("d_ultima"),
        "dividas_pagas_com_atraso_365_dias_qtd": c("d_pagas_atraso"),
        "dividas_pagas_em_dia_proporcao": ratio(c("d_pagas_em_dia"), c("d_pagas")),
        "dividas_atraso_maximo_historico_dias": c("d_atraso_maximo"),
        "dividas_inadimplencias_qtd": c("d_inadimplencias"),
        "dividas_sobre_renda": ratio(12 * c("d_abertas_centavos"), c("r_mensal")),
        "dividas_vencidas_sobre_renda": ratio(12 * c("d_vencidas_centavos"), c("r_mensal")),
        "renda_mensal_valor": c("r_mensal") / 1200,
        "renda_fontes_qtd": c("r_fontes"),
        "renda_antiguidade_dias": c("r_antiguidade"),
        "renda_encerradas_365_dias_qtd": c("r_encerradas"),
        "renda_variacao_365_dias": ratio(c("r_mensal"), c("r_mensal_antes")),
        "renda_unica_365_dias_valor": c("r_unicas") / 100,
        "bens_qtd": c("b_proprios"),
        "bens_valor": c("b_centavos") / 100,
        "bens_tipos_qtd": c("b_tipos"),
        "bens_alienados_365_dias_qtd": c("b_alienados"),
        "bens_sobre_dividas": ratio(c("b_centavos"), c("d_abertas_centavos")),
        "movimentacoes_365_dias_qtd": c("m_ha"),
        "movimentacoes_credito_90_dias_valor": credit_90 / 100,
        "movimentacoes_credito_365_dias_valor": c("m_credito_ano") / 100,
        "movimentacoes_debito_sobre_credito_30_dias": ratio(debit_30, credit_30),
        "movimentacoes_debito_sobre_credito_90_dias": ratio(debit_90, credit_90),
        "movimentacoes_debito_sobre_credito_365_dias": ratio(c("m_debito_ano"), c("m_credito_ano")),
        "movimentacoes_credito_tendencia_90_dias": ratio(credit_90, credit_180 - credit_90),
        "movimentacoes_debito_tendencia_90_dias": ratio(debit_90, debit_180 - debit_90),
        "movimentacoes_credito_volatilidade": ratio(variance.cast(pl.Float64).sqrt(), credit_360),
        "movimentacoes_meses_credito_regular_qtd": pl.when(moved).then(pl.sum_horizontal(regular)),
        "movimentacoes_meses_saldo_negativo_qtd": pl.when(moved).then(pl.sum_horizontal(negative)),
        "movimentacoes_dias_desde_ultima": c("m_ultima"),
        "movimentacoes_dias_desde_ultimo_credito": c("m_ultimo_credito"),
        "movimentacoes_credito_sobre_renda": ratio(4 * credit_90, c("r_mensal")),
        "consultas_30_dias_qtd": c("q_30"),
        "consultas_90_dias_qtd": c("q_90"),
        "consultas_180_dias_qtd": c("q_180"),
        "consultas_365_dias_qtd": c("q_ha"),
        "consultas_empresas_90_dias_qtd": c("q_empresas"),
        "consultas_tendencia_90_dias": 2 * c("q_90") - c("q_180"),
        "consultas_dias_desde_ultima": c("q_ultima"),
        "compras_30_dias_qtd": c("c_30"),
        "compras_365_dias_qtd": c("c_ha"),
        "compras_90_dias_valor": c("c_total_90") / 100,
        "compras_ticket_medio_valor": ratio(c("c_total"), 100 * c("c_ha").cast(pl.Int64)),
        "compras_parcelado_proporcao_365_dias": ratio(c("c_parceladas"), c("c_total")),
        "compras_credito_proporcao_365_dias": ratio(c("c_a_credito"), c("c_total")),
        "compras_tendencia_90_dias": ratio(c("c_total_90"), c("c_total_180") - c("c_total_90")),
        "compras_dias_desde_ultima": c("c_ultima"),
        "compras_bandeiras_qtd": c("c_bandeiras"),
        "compras_sobre_credito_90_dias": ratio(c("c_total_90"), credit_90),
        "idade_anos": c("idade"),
    }
