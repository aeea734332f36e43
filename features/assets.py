"""Assets: what the consumer owns as of the date; one sold later was still owned."""

from __future__ import annotations

from contracts.feature_terms import RiskDirection
from contracts.tables import BEM
from features.declaration import Family, Measure, RowColumn, count_distinct_if, count_if, sum_if

_SAFER = RiskDirection.LESS_RISK

FAMILY = Family(
    name="bens",
    prefix="BEM",
    title="Bens",
    table=BEM,
    legal_note="Só bens do próprio titular (Lei 12.414 art. 7-A II).",
    row_filter="registrado_em < corte()",
    presence="ao menos um bem, próprio ou já alienado, conhecido até a data",
    row_columns=(
        RowColumn("natureza", "tipo", "tipo do bem"),
        RowColumn("centavos", "valor_estimado_centavos", "valor estimado em centavos"),
        RowColumn("proprio", "alienado_em IS NULL OR alienado_em >= corte()", "ainda não alienado no corte"),
        RowColumn("dias_fim", "CASE WHEN NOT proprio THEN dias_ate_corte(alienado_em) END", "dias desde a alienação"),
    ),
    measures=(
        Measure("registros", "count(*)", "bens conhecidos"),
        Measure("proprios", count_if("proprio"), "bens próprios"),
        Measure("centavos_total", sum_if("centavos", "proprio"), "valor dos bens próprios"),
        Measure("tipos", count_distinct_if("natureza", "proprio"), "tipos distintos de bem próprio"),
        Measure("alienados_365", count_if("dias_fim < 365"), "alienados nos últimos 365 dias"),
    ),
)

FEATURES = (
    FAMILY.feature(
        "01",
        "bens_qtd",
        "bens.proprios",
        unit="bens",
        about="Quantidade de bens próprios.",
        direction=_SAFER,
        raises="Há bens registrados em seu nome.",
        lowers="Poucos ou nenhum bem é conhecido em seu nome.",
    ),
    FAMILY.feature(
        "02",
        "bens_valor",
        "reais(bens.centavos_total)",
        unit="R$",
        about="Valor estimado dos bens próprios.",
        direction=_SAFER,
        raises="O valor dos bens em seu nome é alto.",
        lowers="O valor dos bens conhecidos em seu nome é baixo ou nulo.",
    ),
    FAMILY.feature(
        "03",
        "bens_tipos_qtd",
        "bens.tipos",
        unit="tipos",
        about="Quantidade de tipos distintos de bem próprio.",
        direction=_SAFER,
        raises="Você tem bens de tipos variados.",
        lowers="Há pouca variedade de bens conhecidos em seu nome, ou nenhum.",
    ),
    FAMILY.feature(
        "04",
        "bens_alienados_365_dias_qtd",
        "bens.alienados_365",
        unit="bens",
        about="Bens vendidos ou transferidos nos últimos 365 dias.",
        direction=RiskDirection.MORE_RISK,
        raises="Você não se desfez de bens no último ano, ou de quase nenhum.",
        lowers="Você vendeu ou transferiu bens no último ano.",
    ),
    FAMILY.feature(
        "05",
        "bens_sobre_dividas",
        "razao(bens.centavos_total, dividas.abertas_centavos)",
        unit="razão",
        about="Valor dos bens próprios dividido pelas dívidas em aberto; nulo se nada está em aberto.",
        direction=_SAFER,
        raises="Seus bens valem bem mais que suas dívidas em aberto.",
        lowers="Seus bens conhecidos cobrem pouco do que você deve.",
    ),
)
