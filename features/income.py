"""Income: what the consumer's sources bring a month as of the date, exactly.

Mensalização in integers: every frequency's factor is a whole number of twelfths, so the monthly income is a
sum of integer twelfths of a cent and is divided once. One-off income (``unica``) is counted apart.
"""

from __future__ import annotations

from contracts.feature_terms import RiskDirection
from contracts.income_frequency import MONTHLY_FACTORS, ONE_OFF
from contracts.tables import FONTE_DE_RENDA
from features.declaration import Family, Measure, RowColumn, count_if, sum_if

_RECURRENT = f"ativa AND frequencia <> '{ONE_OFF}'"
_UNKNOWN = "frequência de renda desconhecida"
_SAFER = RiskDirection.LESS_RISK


def _twelfths_of_frequency() -> str:
    """Return the SQL of a frequency's monthly factor in whole twelfths; an unknown one stops the query."""
    cases = []
    for frequency, (numerator, denominator) in MONTHLY_FACTORS.items():
        twelfths, rest = divmod(12 * numerator, denominator)
        assert rest == 0, frequency
        cases.append(f"WHEN '{frequency}' THEN {twelfths}")
    return f"CASE frequencia {' '.join(cases)} ELSE error('{_UNKNOWN}') END"


FAMILY = Family(
    name="renda",
    prefix="REN",
    title="Renda",
    table=FONTE_DE_RENDA,
    legal_note="Só fontes do próprio titular: nada sobre outras pessoas entra (Lei 12.414 art. 7-A II).",
    row_filter="registrada_em < corte()",
    presence="ao menos uma fonte de renda, ativa ou encerrada, conhecida até a data",
    row_columns=(
        RowColumn("centavos", "valor_centavos", "valor por período em centavos"),
        RowColumn("ativa", "encerrada_em IS NULL OR encerrada_em >= corte()", "ainda não encerrada no corte"),
        RowColumn("recorrente", _RECURRENT, "ativa e não única"),
        RowColumn("doze_avos", f"centavos * {_twelfths_of_frequency()}", "valor mensal em doze avos de centavo"),
        RowColumn("dias_registro", "dias_ate_corte(registrada_em)", "dias desde que foi conhecida"),
        RowColumn("dias_fim", "CASE WHEN NOT ativa THEN dias_ate_corte(encerrada_em) END", "dias desde que acabou"),
        RowColumn(
            "ativa_365_antes",
            "dias_registro >= 365 AND (ativa OR dias_fim < 365)",
            "conhecida e não encerrada 365 dias antes do corte",
        ),
        RowColumn("unica", f"frequencia = '{ONE_OFF}'", "renda que não se repete"),
    ),
    measures=(
        Measure("registros", "count(*)", "fontes conhecidas"),
        Measure("mensal_doze_avos", sum_if("doze_avos", "recorrente"), "renda mensal em doze avos de centavo"),
        Measure("mensal_doze_avos_365_antes", sum_if("doze_avos", "ativa_365_antes"), "a mesma, 365 dias antes"),
        Measure("fontes", count_if("recorrente"), "fontes recorrentes ativas"),
        Measure("encerradas_365", count_if("dias_fim < 365"), "fontes encerradas em 365 dias"),
        Measure("antiguidade", "max(dias_registro) FILTER (WHERE recorrente)", "dias da fonte recorrente mais antiga"),
        Measure(
            "unicas_365_centavos", sum_if("centavos", "unica AND dias_registro < 365"), "rendas únicas em 365 dias"
        ),
    ),
)

FEATURES = (
    FAMILY.feature(
        "01",
        "renda_mensal_valor",
        "razao(renda.mensal_doze_avos, 1200)",
        unit="R$ por mês",
        about="Soma das rendas recorrentes ativas, trazidas a valor mensal.",
        direction=_SAFER,
        raises="A renda mensal informada em seu nome é boa.",
        lowers="A renda mensal conhecida em seu nome é baixa ou não foi informada.",
    ),
    FAMILY.feature(
        "02",
        "renda_fontes_qtd",
        "renda.fontes",
        unit="fontes",
        about="Quantidade de fontes de renda recorrentes ativas.",
        direction=_SAFER,
        raises="Você tem mais de uma fonte de renda ativa, ou ao menos uma bem registrada.",
        lowers="Poucas ou nenhuma fonte de renda ativa é conhecida em seu nome.",
    ),
    FAMILY.feature(
        "03",
        "renda_antiguidade_dias",
        "renda.antiguidade",
        unit="dias",
        about="Dias desde o registro da fonte recorrente ativa mais antiga; nulos se não há fonte ativa.",
        direction=_SAFER,
        raises="Você mantém a mesma fonte de renda há bastante tempo.",
        lowers="Sua fonte de renda foi registrada há pouco tempo ou não é conhecida.",
    ),
    FAMILY.feature(
        "04",
        "renda_encerradas_365_dias_qtd",
        "renda.encerradas_365",
        unit="fontes",
        about="Fontes de renda encerradas nos últimos 365 dias.",
        direction=RiskDirection.MORE_RISK,
        raises="Nenhuma ou quase nenhuma fonte de renda sua acabou no último ano.",
        lowers="Uma fonte de renda sua acabou no último ano.",
    ),
    FAMILY.feature(
        "05",
        "renda_variacao_365_dias",
        "razao(renda.mensal_doze_avos, renda.mensal_doze_avos_365_antes)",
        unit="razão",
        about="Renda mensal de agora sobre a de 365 dias antes; nula se antes não havia renda mensal.",
        direction=_SAFER,
        raises="Sua renda mensal se manteve ou cresceu em relação a um ano atrás.",
        lowers="Sua renda mensal diminuiu em relação a um ano atrás.",
    ),
    FAMILY.feature(
        "06",
        "renda_unica_365_dias_valor",
        "reais(renda.unicas_365_centavos)",
        unit="R$",
        about="Soma das rendas únicas (que não se repetem) registradas nos últimos 365 dias.",
        direction=RiskDirection.FREE,
        raises="As rendas eventuais do último ano favorecem a sua avaliação.",
        lowers="As rendas eventuais do último ano, ou a falta delas, pesam na sua avaliação.",
    ),
)
