"""Behaviour: money in and out of the consumer's accounts in the year that ends with the date.

Twelve periods of 30 days are counted back from the cutoff (period 0 is the latest). Volatility is the
population standard deviation of the twelve credit totals over their mean, from exact integer sums.
"""

from __future__ import annotations

from contracts.feature_terms import RiskDirection
from contracts.reference_date import LONGEST_WINDOW_DAYS
from contracts.tables import MOVIMENTACOES
from features.declaration import Family, Measure, RowColumn, add, sum_if

PERIODS = 12
PERIOD_DAYS = 30

_RISKIER, _SAFER = RiskDirection.MORE_RISK, RiskDirection.LESS_RISK
_PLURALS = {"credito": "créditos", "debito": "débitos"}
_CREDITS = [f"credito_p{period}" for period in range(PERIODS)]
_DEBITS = [f"debito_p{period}" for period in range(PERIODS)]


def _period_totals(kind: str) -> list[Measure]:
    return [
        Measure(f"{kind}_p{p}", sum_if(f"{kind}_centavos", f"periodo = {p}"), f"{_PLURALS[kind]} do período {p}")
        for p in range(PERIODS)
    ]


def _windows(kind: str) -> list[Measure]:
    """Return the totals of 30, 90 and 180 days, which are whole periods."""
    return [
        Measure(
            f"{kind}_{days}",
            add([f"{kind}_p{p}" for p in range(days // PERIOD_DAYS)]),
            f"{_PLURALS[kind]} em {days} dias",
        )
        for days in (30, 90, 180)
    ]


FAMILY = Family(
    name="movimentacoes",
    prefix="MOV",
    title="Comportamento (movimentações)",
    table=MOVIMENTACOES,
    legal_note="Só tipo, valor e data: a descrição do lançamento não é lida (Lei 12.414 art. 3 §3).",
    row_filter=f"data_movimentacao < corte() AND data_movimentacao >= corte() - INTERVAL {LONGEST_WINDOW_DAYS} DAY",
    presence=f"ao menos uma movimentação nos {LONGEST_WINDOW_DAYS} dias antes do corte",
    row_columns=(
        RowColumn("credito", "tipo_movimentacao = 'credito'", "entrada de dinheiro"),
        RowColumn("credito_centavos", "CASE WHEN credito THEN valor_centavos ELSE 0 END", "centavos que entraram"),
        RowColumn("debito_centavos", "CASE WHEN credito THEN 0 ELSE valor_centavos END", "centavos que saíram"),
        RowColumn("dias", "dias_ate_corte(data_movimentacao)", "dias até o corte"),
        RowColumn("periodo", f"dias // {PERIOD_DAYS}", "período de 30 dias contado do corte para trás, a partir de 0"),
    ),
    measures=(
        Measure("registros", "count(*)", "movimentações em 365 dias"),
        Measure("credito_365", "sum(credito_centavos)", "créditos em 365 dias"),
        Measure("debito_365", "sum(debito_centavos)", "débitos em 365 dias"),
        Measure("dias_ultima", "min(dias)", "dias desde a última movimentação"),
        Measure("dias_ultimo_credito", "min(dias) FILTER (WHERE credito)", "dias desde o último crédito"),
        *_period_totals("credito"),
        *_period_totals("debito"),
    ),
    derived=(
        *_windows("credito"),
        *_windows("debito"),
        Measure("credito_12p", add(_CREDITS), "créditos dos doze períodos"),
        Measure("credito_12p_quadrados", add([f"{c} * {c}" for c in _CREDITS]), "soma dos quadrados dos doze totais"),
        Measure(
            "periodos_regulares",
            add([f"CAST({c} > 0 AND {2 * PERIODS} * {c} >= credito_12p AS INTEGER)" for c in _CREDITS]),
            "períodos com crédito de ao menos metade da média",
        ),
        Measure(
            "periodos_negativos",
            add([f"CAST({d} > {c} AS INTEGER)" for d, c in zip(_DEBITS, _CREDITS, strict=True)]),
            "períodos em que os débitos superaram os créditos",
        ),
    ),
)

FEATURES = (
    FAMILY.feature(
        "01",
        "movimentacoes_365_dias_qtd",
        "movimentacoes.registros",
        unit="movimentações",
        about="Movimentações nos últimos 365 dias.",
        direction=_SAFER,
        raises="Sua conta teve bastante movimento ao longo do ano.",
        lowers="Sua conta teve pouco movimento ao longo do ano, ou nenhum conhecido.",
    ),
    FAMILY.feature(
        "02",
        "movimentacoes_credito_90_dias_valor",
        "reais(movimentacoes.credito_90)",
        unit="R$",
        about="Créditos nos últimos 90 dias.",
        direction=_SAFER,
        raises="Entrou um bom valor na sua conta nos últimos três meses.",
        lowers="Entrou pouco dinheiro na sua conta nos últimos três meses.",
    ),
    FAMILY.feature(
        "03",
        "movimentacoes_credito_365_dias_valor",
        "reais(movimentacoes.credito_365)",
        unit="R$",
        about="Créditos nos últimos 365 dias.",
        direction=_SAFER,
        raises="O total que entrou na sua conta no último ano é alto.",
        lowers="O total que entrou na sua conta no último ano é baixo.",
    ),
    FAMILY.feature(
        "04",
        "movimentacoes_debito_sobre_credito_30_dias",
        "razao(movimentacoes.debito_30, movimentacoes.credito_30)",
        unit="razão",
        about="Débitos divididos pelos créditos em 30 dias; nulos se nada entrou.",
        direction=_RISKIER,
        raises="No último mês você gastou menos do que recebeu.",
        lowers="No último mês suas saídas foram altas diante das entradas.",
    ),
    FAMILY.feature(
        "05",
        "movimentacoes_debito_sobre_credito_90_dias",
        "razao(movimentacoes.debito_90, movimentacoes.credito_90)",
        unit="razão",
        about="Débitos divididos pelos créditos em 90 dias; nulos se nada entrou.",
        direction=_RISKIER,
        raises="Nos últimos três meses você gastou menos do que recebeu.",
        lowers="Nos últimos três meses suas saídas foram altas diante das entradas.",
    ),
    FAMILY.feature(
        "06",
        "movimentacoes_debito_sobre_credito_365_dias",
        "razao(movimentacoes.debito_365, movimentacoes.credito_365)",
        unit="razão",
        about="Débitos divididos pelos créditos em 365 dias; nulos se nada entrou.",
        direction=_RISKIER,
        raises="No último ano você gastou menos do que recebeu.",
        lowers="No último ano suas saídas foram altas diante das entradas.",
    ),
    FAMILY.feature(
        "07",
        "movimentacoes_credito_tendencia_90_dias",
        "razao(movimentacoes.credito_90, movimentacoes.credito_180 - movimentacoes.credito_90)",
        unit="razão",
        about="Créditos dos últimos 90 dias sobre os dos 90 anteriores; nulos se antes nada entrou.",
        direction=_SAFER,
        raises="Suas entradas de dinheiro se mantiveram ou cresceram nos últimos três meses.",
        lowers="Suas entradas de dinheiro diminuíram nos últimos três meses.",
    ),
    FAMILY.feature(
        "08",
        "movimentacoes_debito_tendencia_90_dias",
        "razao(movimentacoes.debito_90, movimentacoes.debito_180 - movimentacoes.debito_90)",
        unit="razão",
        about="Débitos dos últimos 90 dias sobre os dos 90 anteriores; nulos se antes nada saiu.",
        direction=_RISKIER,
        raises="Seus gastos se mantiveram ou diminuíram nos últimos três meses.",
        lowers="Seus gastos cresceram nos últimos três meses.",
    ),
    FAMILY.feature(
        "09",
        "movimentacoes_credito_volatilidade",
        f"razao(sqrt(CAST({PERIODS} * movimentacoes.credito_12p_quadrados"
        " - movimentacoes.credito_12p * movimentacoes.credito_12p AS DOUBLE)), movimentacoes.credito_12p)",
        unit="razão",
        about="Desvio-padrão dos créditos de doze períodos de 30 dias sobre a média deles; nulo se nada entrou.",
        direction=_RISKIER,
        raises="O valor que entra na sua conta varia pouco de um mês para outro.",
        lowers="O valor que entra na sua conta varia muito de um mês para outro.",
    ),
    FAMILY.feature(
        "10",
        "movimentacoes_meses_credito_regular_qtd",
        "movimentacoes.periodos_regulares",
        unit="períodos de 30 dias",
        about="Períodos, dos últimos doze, com créditos de ao menos metade da média dos doze, como um salário.",
        direction=_SAFER,
        raises="Você recebe dinheiro com regularidade, mês a mês.",
        lowers="Em vários meses entrou bem menos dinheiro que o seu normal.",
    ),
    FAMILY.feature(
        "11",
        "movimentacoes_meses_saldo_negativo_qtd",
        "movimentacoes.periodos_negativos",
        unit="períodos de 30 dias",
        about="Períodos, dos últimos doze, em que os débitos superaram os créditos.",
        direction=_RISKIER,
        raises="Em quase todos os meses entrou mais dinheiro do que saiu.",
        lowers="Em vários meses saiu mais dinheiro do que entrou.",
    ),
    FAMILY.feature(
        "12",
        "movimentacoes_dias_desde_ultima",
        "movimentacoes.dias_ultima",
        unit="dias",
        about="Dias desde a última movimentação; nulos se nenhuma em 365 dias.",
        direction=_RISKIER,
        raises="Sua conta foi usada há pouco tempo.",
        lowers="Faz tempo que sua conta não tem movimento.",
    ),
    FAMILY.feature(
        "13",
        "movimentacoes_dias_desde_ultimo_credito",
        "movimentacoes.dias_ultimo_credito",
        unit="dias",
        about="Dias desde o último crédito; nulos se nenhum em 365 dias.",
        direction=_RISKIER,
        raises="Entrou dinheiro na sua conta há pouco tempo.",
        lowers="Faz tempo que não entra dinheiro na sua conta.",
    ),
    FAMILY.feature(
        "14",
        "movimentacoes_credito_sobre_renda",
        "razao(4 * movimentacoes.credito_90, renda.mensal_doze_avos)",
        unit="razão",
        about="Média mensal dos créditos de 90 dias sobre a renda mensal informada; nula sem renda mensal conhecida.",
        direction=_SAFER,
        raises="O que entra na sua conta confirma a renda informada.",
        lowers="Entra na sua conta menos do que a renda informada.",
    ),
)
