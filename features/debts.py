"""Debts: what is open and overdue as of the date, and how debts were paid before.

Open: known by the cutoff and not paid off by then, whatever happened later. Days late: from the due date to
the reference date while open, to the local date of payment once paid, never negative. A debt more than five
years past due feeds nothing (CDC art. 43 §1; Súmula 323 STJ).
"""

from __future__ import annotations

from contracts.feature_terms import RiskDirection
from contracts.tables import DIVIDA
from features.declaration import Family, Measure, RowColumn, count_distinct_if, count_if, sum_if

DEFAULT_DAYS = 90
"""More days late than this is a default (Res. CMN 4.966)."""

_OVERDUE = "aberta AND dias_atraso > 0"
_PRESCRIPTION = "Não conta dívida vencida há mais de 5 anos (CDC art. 43 §1; Súmula 323 STJ)."
_HISTORY = (
    f"{_PRESCRIPTION} Dívida paga deixa de contar como aberta na baixa (Súmula 548 STJ); "
    "fica só o histórico de pagamento (Lei 12.414 art. 14)."
)
_RISKIER, _SAFER = RiskDirection.MORE_RISK, RiskDirection.LESS_RISK

FAMILY = Family(
    name="dividas",
    prefix="DIV",
    title="Dívidas",
    table=DIVIDA,
    legal_note=_PRESCRIPTION,
    row_filter="registrada_em < corte() AND vencimento >= prescricao()",
    presence="ao menos uma dívida, aberta ou paga, conhecida até a data e vencida há no máximo 5 anos ou a vencer",
    row_columns=(
        RowColumn("credor", "empresa", "empresa credora"),
        RowColumn("centavos", "valor_centavos", "valor em centavos"),
        RowColumn("aberta", "baixada_em IS NULL OR baixada_em >= corte()", "ainda não baixada no corte"),
        RowColumn("dias_registro", "dias_ate_corte(registrada_em)", "dias desde que foi conhecida"),
        RowColumn("dias_baixa", "CASE WHEN NOT aberta THEN dias_ate_corte(baixada_em) END", "dias desde a baixa"),
        RowColumn("dias_a_vencer", "vencimento - data_referencia()", "dias até o vencimento; negativo se já passou"),
        RowColumn(
            "dias_atraso",
            "greatest(CASE WHEN aberta THEN data_referencia() ELSE data_local(baixada_em) END - vencimento, 0)",
            "dias do vencimento à baixa ou, se aberta, à data de referência; nunca negativo",
        ),
    ),
    measures=(
        Measure("registros", "count(*)", "dívidas conhecidas"),
        Measure("abertas", count_if("aberta"), "dívidas em aberto"),
        Measure("abertas_centavos", sum_if("centavos", "aberta"), "valor em aberto"),
        Measure("vencidas", count_if(_OVERDUE), "dívidas em aberto já vencidas"),
        Measure("vencidas_centavos", sum_if("centavos", _OVERDUE), "valor em aberto já vencido"),
        Measure("vencidas_centavos_dias", sum_if("centavos * dias_atraso", _OVERDUE), "valor vencido x dias de atraso"),
        Measure("atraso_maximo_aberto", "max(CASE WHEN aberta THEN dias_atraso ELSE 0 END)", "maior atraso em aberto"),
        Measure("vencidas_90", count_if(f"aberta AND dias_atraso > {DEFAULT_DAYS}"), "em aberto há mais de 90 dias"),
        Measure("credores_abertos", count_distinct_if("credor", "aberta"), "credores distintos em aberto"),
        Measure(
            "a_vencer_90_centavos",
            sum_if("centavos", "aberta AND dias_a_vencer BETWEEN 0 AND 90"),
            "a vencer em 90 dias",
        ),
        Measure("novas_90", count_if("dias_registro < 90"), "registradas nos últimos 90 dias"),
        Measure("novas_90_antes", count_if("dias_registro BETWEEN 90 AND 179"), "registradas nos 90 dias anteriores"),
        Measure("novas_365", count_if("dias_registro < 365"), "registradas nos últimos 365 dias"),
        Measure("dias_ultima", "min(dias_registro) FILTER (WHERE dias_registro < 365)", "dias desde o último registro"),
        Measure("pagas", count_if("NOT aberta"), "dívidas pagas"),
        Measure("pagas_em_dia", count_if("NOT aberta AND dias_atraso = 0"), "pagas até o vencimento"),
        Measure("pagas_atraso_365", count_if("dias_baixa < 365 AND dias_atraso > 0"), "pagas com atraso em 365 dias"),
        Measure("atraso_maximo", "max(dias_atraso)", "maior atraso conhecido"),
        Measure(
            "inadimplencias", count_if(f"dias_atraso > {DEFAULT_DAYS}"), "dívidas que passaram de 90 dias de atraso"
        ),
    ),
)


FEATURES = (
    FAMILY.feature(
        "01",
        "dividas_abertas_qtd",
        "dividas.abertas",
        unit="dívidas",
        about="Quantidade de dívidas em aberto.",
        direction=_RISKIER,
        raises="Você tem poucas dívidas em aberto, ou nenhuma.",
        lowers="Você tem várias dívidas em aberto ao mesmo tempo.",
    ),
    FAMILY.feature(
        "02",
        "dividas_abertas_valor",
        "reais(dividas.abertas_centavos)",
        unit="R$",
        about="Soma das dívidas em aberto.",
        direction=_RISKIER,
        raises="O total das suas dívidas em aberto é baixo.",
        lowers="O total das suas dívidas em aberto é alto.",
    ),
    FAMILY.feature(
        "03",
        "dividas_vencidas_qtd",
        "dividas.vencidas",
        unit="dívidas",
        about="Quantidade de dívidas em aberto já vencidas.",
        direction=_RISKIER,
        raises="Você não tem dívidas vencidas, ou tem poucas.",
        lowers="Há dívidas vencidas ainda não pagas em seu nome.",
    ),
    FAMILY.feature(
        "04",
        "dividas_vencidas_valor",
        "reais(dividas.vencidas_centavos)",
        unit="R$",
        about="Soma das dívidas em aberto já vencidas.",
        direction=_RISKIER,
        raises="O valor das suas dívidas vencidas é nulo ou baixo.",
        lowers="O valor das suas dívidas vencidas e não pagas é alto.",
    ),
    FAMILY.feature(
        "05",
        "dividas_vencidas_proporcao",
        "razao(dividas.vencidas_centavos, dividas.abertas_centavos)",
        unit="proporção",
        about="Parte do valor em aberto que já venceu; nula se nada está em aberto.",
        direction=_RISKIER,
        raises="A maior parte do que você deve ainda está dentro do prazo.",
        lowers="Boa parte do valor que você deve já passou do vencimento.",
    ),
    FAMILY.feature(
        "06",
        "dividas_atraso_maximo_dias",
        "dividas.atraso_maximo_aberto",
        unit="dias",
        about="Maior atraso entre as dívidas em aberto; zero se nenhuma venceu.",
        direction=_RISKIER,
        raises="Nenhuma dívida em aberto está atrasada há muito tempo.",
        lowers="Há dívida em aberto atrasada há muitos dias.",
    ),
    FAMILY.feature(
        "07",
        "dividas_atraso_medio_dias",
        "razao(dividas.vencidas_centavos_dias, dividas.vencidas_centavos)",
        unit="dias",
        about="Atraso médio das dívidas vencidas, ponderado pelo valor; nulo se nada está vencido.",
        direction=_RISKIER,
        raises="As dívidas vencidas em seu nome têm, em média, atraso curto.",
        lowers="As dívidas vencidas em seu nome têm, em média, atraso longo.",
    ),
    FAMILY.feature(
        "08",
        "dividas_vencidas_mais_90_dias_qtd",
        "dividas.vencidas_90",
        unit="dívidas",
        about="Quantidade de dívidas em aberto há mais de 90 dias do vencimento (Res. CMN 4.966).",
        direction=_RISKIER,
        raises="Nenhuma ou quase nenhuma dívida sua está vencida há mais de 90 dias.",
        lowers="Há dívidas vencidas há mais de 90 dias e não pagas.",
    ),
    FAMILY.feature(
        "09",
        "dividas_credores_qtd",
        "dividas.credores_abertos",
        unit="empresas",
        about="Quantidade de credores com dívida em aberto.",
        direction=_RISKIER,
        raises="Você deve a poucas empresas, ou a nenhuma.",
        lowers="Você deve a várias empresas diferentes.",
    ),
    FAMILY.feature(
        "10",
        "dividas_a_vencer_90_dias_valor",
        "reais(dividas.a_vencer_90_centavos)",
        unit="R$",
        about="Soma das dívidas em aberto que vencem da data de referência até 90 dias depois.",
        direction=RiskDirection.FREE,
        raises="O valor que vence nos próximos três meses favorece a sua avaliação.",
        lowers="O valor que vence nos próximos três meses pesa na sua avaliação.",
    ),
    FAMILY.feature(
        "11",
        "dividas_novas_90_dias_qtd",
        "dividas.novas_90",
        unit="dívidas",
        about="Dívidas registradas nos últimos 90 dias.",
        direction=_RISKIER,
        raises="Poucas dívidas novas foram registradas nos últimos três meses.",
        lowers="Várias dívidas novas foram registradas nos últimos três meses.",
    ),
    FAMILY.feature(
        "12",
        "dividas_novas_365_dias_qtd",
        "dividas.novas_365",
        unit="dívidas",
        about="Dívidas registradas nos últimos 365 dias.",
        direction=_RISKIER,
        raises="Poucas dívidas novas foram registradas no último ano.",
        lowers="Muitas dívidas novas foram registradas no último ano.",
    ),
    FAMILY.feature(
        "13",
        "dividas_novas_tendencia_90_dias",
        "dividas.novas_90 - dividas.novas_90_antes",
        unit="dívidas",
        about="Dívidas registradas nos últimos 90 dias menos as registradas nos 90 dias anteriores.",
        direction=_RISKIER,
        raises="O ritmo de novas dívidas parou de crescer ou diminuiu.",
        lowers="Você passou a ter dívidas novas com mais frequência que antes.",
        may_be_negative=True,
    ),
    FAMILY.feature(
        "14",
        "dividas_dias_desde_ultima",
        "dividas.dias_ultima",
        unit="dias",
        about="Dias desde o registro da dívida mais recente; nulo se nenhuma em 365 dias.",
        direction=_SAFER,
        raises="Faz tempo que nenhuma dívida nova é registrada em seu nome.",
        lowers="Uma dívida nova foi registrada há pouco tempo.",
    ),
    FAMILY.feature(
        "15",
        "dividas_pagas_com_atraso_365_dias_qtd",
        "dividas.pagas_atraso_365",
        unit="dívidas",
        about="Dívidas pagas depois do vencimento nos últimos 365 dias.",
        direction=_RISKIER,
        legal_note=_HISTORY,
        raises="No último ano você quase não pagou dívidas com atraso.",
        lowers="No último ano você pagou dívidas depois do vencimento.",
    ),
    FAMILY.feature(
        "16",
        "dividas_pagas_em_dia_proporcao",
        "razao(dividas.pagas_em_dia, dividas.pagas)",
        unit="proporção",
        about="Parte das dívidas pagas que foi paga até o vencimento; nula se nenhuma foi paga.",
        direction=_SAFER,
        legal_note=_HISTORY,
        raises="Você costuma pagar suas dívidas até o vencimento.",
        lowers="Poucas de suas dívidas foram pagas até o vencimento.",
    ),
    FAMILY.feature(
        "17",
        "dividas_atraso_maximo_historico_dias",
        "dividas.atraso_maximo",
        unit="dias",
        about="Maior atraso conhecido, de dívidas abertas ou pagas.",
        direction=_RISKIER,
        legal_note=_HISTORY,
        raises="Seu histórico conhecido não mostra atrasos longos.",
        lowers="Seu histórico mostra dívida que ficou muitos dias em atraso.",
    ),
    FAMILY.feature(
        "18",
        "dividas_inadimplencias_qtd",
        "dividas.inadimplencias",
        unit="dívidas",
        about="Dívidas, abertas ou pagas, que passaram de 90 dias de atraso (Res. CMN 4.966).",
        direction=_RISKIER,
        legal_note=_HISTORY,
        raises="Quase nenhuma dívida sua passou de 90 dias de atraso.",
        lowers="Dívidas suas já passaram de 90 dias de atraso.",
    ),
    FAMILY.feature(
        "19",
        "dividas_sobre_renda",
        "razao(12 * dividas.abertas_centavos, renda.mensal_doze_avos)",
        unit="rendas mensais",
        about="Dívidas em aberto divididas pela renda mensal; nula sem renda mensal conhecida.",
        direction=_RISKIER,
        raises="Suas dívidas em aberto são pequenas diante da sua renda mensal.",
        lowers="Suas dívidas em aberto são grandes diante da sua renda mensal.",
    ),
    FAMILY.feature(
        "20",
        "dividas_vencidas_sobre_renda",
        "razao(12 * dividas.vencidas_centavos, renda.mensal_doze_avos)",
        unit="rendas mensais",
        about="Dívidas vencidas divididas pela renda mensal; nula sem renda mensal conhecida.",
        direction=_RISKIER,
        raises="O que você deve em atraso é pouco diante da sua renda mensal, ou nada.",
        lowers="O que você deve em atraso é muito diante da sua renda mensal.",
    ),
)
