"""Purchases: how the consumer used cards in the year that ends with the date; never what was bought."""

from __future__ import annotations

from contracts.feature_terms import RiskDirection
from contracts.reference_date import LONGEST_WINDOW_DAYS
from contracts.tables import COMPRAS
from features.declaration import Family, Measure, RowColumn, count_if, sum_if

_RISKIER, _SAFER = RiskDirection.MORE_RISK, RiskDirection.LESS_RISK

FAMILY = Family(
    name="compras",
    prefix="COM",
    title="Compras no cartão",
    table=COMPRAS,
    legal_note="O produto comprado não é lido: pode revelar saúde ou convicção (Lei 12.414 art. 3 §3 II).",
    row_filter=f"data_compra < corte() AND data_compra >= corte() - INTERVAL {LONGEST_WINDOW_DAYS} DAY",
    presence=f"ao menos uma compra nos {LONGEST_WINDOW_DAYS} dias antes do corte",
    row_columns=(
        RowColumn("centavos", "valor_centavos", "valor em centavos"),
        RowColumn("bandeira", "bandeira_cartao", "bandeira do cartão"),
        RowColumn("parcelada", "coalesce(lower(trim(tipo)) = 'parcelado', FALSE)", "compra parcelada"),
        RowColumn(
            "a_credito", "coalesce(lower(trim(tipo)) IN ('credito', 'parcelado'), FALSE)", "a crédito ou parcelada"
        ),
        RowColumn("dias", "dias_ate_corte(data_compra)", "dias até o corte"),
    ),
    measures=(
        Measure("registros", "count(*)", "compras em 365 dias"),
        Measure("qtd_30", count_if("dias < 30"), "compras em 30 dias"),
        *(
            Measure(f"total_{days}", sum_if("centavos", f"dias < {days}"), f"compras em {days} dias")
            for days in (90, 180, 365)
        ),
        Measure("parceladas_365", sum_if("centavos", "parcelada"), "parcelado em 365 dias"),
        Measure("a_credito_365", sum_if("centavos", "a_credito"), "a crédito ou parcelado em 365 dias"),
        Measure("bandeiras", "count(DISTINCT bandeira)", "bandeiras distintas em 365 dias"),
        Measure("dias_ultima", "min(dias)", "dias desde a última compra"),
    ),
)

FEATURES = (
    FAMILY.feature(
        "01",
        "compras_30_dias_qtd",
        "compras.qtd_30",
        unit="compras",
        about="Compras no cartão nos últimos 30 dias.",
        direction=RiskDirection.FREE,
        raises="A frequência com que você usou o cartão no último mês favorece a sua avaliação.",
        lowers="A frequência com que você usou o cartão no último mês pesa na sua avaliação.",
    ),
    FAMILY.feature(
        "02",
        "compras_365_dias_qtd",
        "compras.registros",
        unit="compras",
        about="Compras no cartão nos últimos 365 dias.",
        direction=RiskDirection.FREE,
        raises="A frequência com que você usou o cartão no último ano favorece a sua avaliação.",
        lowers="A frequência com que você usou o cartão no último ano pesa na sua avaliação.",
    ),
    FAMILY.feature(
        "03",
        "compras_90_dias_valor",
        "reais(compras.total_90)",
        unit="R$",
        about="Soma das compras no cartão nos últimos 90 dias.",
        direction=RiskDirection.FREE,
        raises="O valor das suas compras no cartão nos últimos três meses favorece a sua avaliação.",
        lowers="O valor das suas compras no cartão nos últimos três meses pesa na sua avaliação.",
    ),
    FAMILY.feature(
        "04",
        "compras_ticket_medio_valor",
        "razao(compras.total_365, 100 * compras.registros)",
        unit="R$",
        about="Valor médio de uma compra no cartão em 365 dias.",
        direction=RiskDirection.FREE,
        raises="O valor médio das suas compras no cartão favorece a sua avaliação.",
        lowers="O valor médio das suas compras no cartão pesa na sua avaliação.",
    ),
    FAMILY.feature(
        "05",
        "compras_parcelado_proporcao_365_dias",
        "razao(compras.parceladas_365, compras.total_365)",
        unit="proporção",
        about="Parte do valor das compras de 365 dias que foi parcelada.",
        direction=_RISKIER,
        raises="Você parcelou pouco das compras do último ano.",
        lowers="Você parcelou boa parte das compras do último ano.",
    ),
    FAMILY.feature(
        "06",
        "compras_credito_proporcao_365_dias",
        "razao(compras.a_credito_365, compras.total_365)",
        unit="proporção",
        about="Parte do valor das compras de 365 dias feita a crédito ou parcelada.",
        direction=_RISKIER,
        raises="Você paga a maior parte das compras na hora, sem usar crédito.",
        lowers="A maior parte das suas compras no cartão é feita a crédito.",
    ),
    FAMILY.feature(
        "07",
        "compras_tendencia_90_dias",
        "razao(compras.total_90, compras.total_180 - compras.total_90)",
        unit="razão",
        about="Compras dos últimos 90 dias sobre as dos 90 anteriores; nulas se antes nada foi comprado.",
        direction=_RISKIER,
        raises="Suas compras no cartão se mantiveram ou diminuíram nos últimos três meses.",
        lowers="Suas compras no cartão cresceram nos últimos três meses.",
    ),
    FAMILY.feature(
        "08",
        "compras_dias_desde_ultima",
        "compras.dias_ultima",
        unit="dias",
        about="Dias desde a última compra no cartão; nulos se nenhuma em 365 dias.",
        direction=RiskDirection.FREE,
        raises="O tempo desde a sua última compra no cartão favorece a sua avaliação.",
        lowers="O tempo desde a sua última compra no cartão pesa na sua avaliação.",
    ),
    FAMILY.feature(
        "09",
        "compras_bandeiras_qtd",
        "compras.bandeiras",
        unit="bandeiras",
        about="Bandeiras de cartão distintas usadas em 365 dias.",
        direction=RiskDirection.FREE,
        raises="A quantidade de cartões que você usa favorece a sua avaliação.",
        lowers="A quantidade de cartões que você usa pesa na sua avaliação.",
    ),
    FAMILY.feature(
        "10",
        "compras_sobre_credito_90_dias",
        "razao(compras.total_90, movimentacoes.credito_90)",
        unit="razão",
        about="Compras no cartão sobre os créditos em conta em 90 dias; nulas se nada entrou.",
        direction=_RISKIER,
        raises="Suas compras no cartão são pequenas diante do que entra na sua conta.",
        lowers="Suas compras no cartão são altas diante do que entra na sua conta.",
    ),
)
