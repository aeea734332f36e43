"""Consultations: who looked at the consumer's record in the year that ends with the date, third parties only."""

from __future__ import annotations

from contracts.feature_terms import RiskDirection
from contracts.reference_date import LONGEST_WINDOW_DAYS
from contracts.tables import CONSULTAS, OWN_CONSULTATION
from features.declaration import Family, Measure, RowColumn, count_distinct_if, count_if

_RISKIER = RiskDirection.MORE_RISK

FAMILY = Family(
    name="consultas",
    prefix="CON",
    title="Consultas",
    table=CONSULTAS,
    legal_note="A consulta do próprio titular nunca conta (Lei 12.414 art. 7-A III).",
    row_filter=(
        f"data_consulta < corte() AND data_consulta >= corte() - INTERVAL {LONGEST_WINDOW_DAYS} DAY"
        f" AND lower(trim(tipo_empresa)) <> '{OWN_CONSULTATION}'"
    ),
    presence=f"ao menos uma consulta de terceiro nos {LONGEST_WINDOW_DAYS} dias antes do corte",
    row_columns=(
        RowColumn("consulente", "empresa", "quem consultou"),
        RowColumn("dias", "dias_ate_corte(data_consulta)", "dias até o corte"),
    ),
    measures=(
        Measure("registros", "count(*)", "consultas em 365 dias"),
        *(Measure(f"qtd_{days}", count_if(f"dias < {days}"), f"consultas em {days} dias") for days in (30, 90, 180)),
        Measure("empresas_90", count_distinct_if("consulente", "dias < 90"), "empresas distintas em 90 dias"),
        Measure("dias_ultima", "min(dias)", "dias desde a última consulta"),
    ),
)

FEATURES = (
    FAMILY.feature(
        "01",
        "consultas_30_dias_qtd",
        "consultas.qtd_30",
        unit="consultas",
        about="Consultas de terceiros nos últimos 30 dias.",
        direction=_RISKIER,
        raises="Quase nenhuma empresa consultou seu cadastro no último mês.",
        lowers="Seu cadastro foi consultado várias vezes no último mês.",
    ),
    FAMILY.feature(
        "02",
        "consultas_90_dias_qtd",
        "consultas.qtd_90",
        unit="consultas",
        about="Consultas de terceiros nos últimos 90 dias.",
        direction=_RISKIER,
        raises="Seu cadastro foi pouco consultado nos últimos três meses.",
        lowers="Seu cadastro foi consultado várias vezes nos últimos três meses.",
    ),
    FAMILY.feature(
        "03",
        "consultas_180_dias_qtd",
        "consultas.qtd_180",
        unit="consultas",
        about="Consultas de terceiros nos últimos 180 dias.",
        direction=_RISKIER,
        raises="Seu cadastro foi pouco consultado nos últimos seis meses.",
        lowers="Seu cadastro foi muito consultado nos últimos seis meses.",
    ),
    FAMILY.feature(
        "04",
        "consultas_365_dias_qtd",
        "consultas.registros",
        unit="consultas",
        about="Consultas de terceiros nos últimos 365 dias.",
        direction=_RISKIER,
        raises="Seu cadastro foi pouco consultado no último ano.",
        lowers="Seu cadastro foi muito consultado no último ano.",
    ),
    FAMILY.feature(
        "05",
        "consultas_empresas_90_dias_qtd",
        "consultas.empresas_90",
        unit="empresas",
        about="Empresas distintas que consultaram nos últimos 90 dias.",
        direction=_RISKIER,
        raises="Poucas empresas diferentes consultaram seu cadastro nos últimos três meses.",
        lowers="Várias empresas diferentes consultaram seu cadastro nos últimos três meses.",
    ),
    FAMILY.feature(
        "06",
        "consultas_tendencia_90_dias",
        "2 * consultas.qtd_90 - consultas.qtd_180",
        unit="consultas",
        about="Consultas dos últimos 90 dias menos as dos 90 dias anteriores.",
        direction=_RISKIER,
        raises="O número de consultas ao seu cadastro se manteve ou diminuiu.",
        lowers="O número de consultas ao seu cadastro cresceu nos últimos três meses.",
        may_be_negative=True,
    ),
    FAMILY.feature(
        "07",
        "consultas_dias_desde_ultima",
        "consultas.dias_ultima",
        unit="dias",
        about="Dias desde a última consulta de terceiro; nulos se nenhuma em 365 dias.",
        direction=RiskDirection.LESS_RISK,
        raises="Faz tempo que nenhuma empresa consulta seu cadastro.",
        lowers="Uma empresa consultou seu cadastro há pouco tempo.",
    ),
)
