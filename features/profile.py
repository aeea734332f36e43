"""Profile: age in whole years and the state; the only facts of the registry that may feed the score."""

from __future__ import annotations

from contracts.feature_terms import RiskDirection
from contracts.tables import CLIENTE
from features.declaration import Family, RowColumn

FAMILY = Family(
    name="perfil",
    prefix="PER",
    title="Perfil",
    table=CLIENTE,
    legal_note=(
        "Do cadastro só entram idade e estado: sexo, estado civil e endereço mais fino não são lidos "
        "(Lei 12.414 art. 3 §3 e art. 7-A I)."
    ),
    row_filter="registrado_em < corte()",
    presence="cliente conhecido até a data",
    row_columns=(
        RowColumn("cliente_id", "id", "identificador do consumidor"),
        RowColumn(
            "idade",
            "CASE WHEN data_nascimento <= data_referencia()"
            " THEN year(data_referencia()) - year(data_nascimento)"
            " - CAST(100 * month(data_referencia()) + day(data_referencia())"
            " < 100 * month(data_nascimento) + day(data_nascimento) AS INTEGER) END",
            "anos completos na data de referência; nulo se o nascimento é posterior",
        ),
        RowColumn("estado", "uf", "unidade da federação"),
    ),
)

FEATURES = (
    FAMILY.feature(
        "01",
        "idade_anos",
        "perfil.idade",
        unit="anos",
        about="Idade em anos completos na data de referência.",
        direction=RiskDirection.FREE,
        raises="Sua faixa de idade tem, em geral, menos atrasos de pagamento.",
        lowers="Sua faixa de idade tem, em geral, mais atrasos de pagamento.",
    ),
    FAMILY.feature(
        "02",
        "uf",
        "perfil.estado",
        unit="sigla",
        about="Unidade da federação em que o consumidor mora.",
        direction=RiskDirection.FREE,
        raises="Seu estado tem, em geral, menos atrasos de pagamento.",
        lowers="Seu estado tem, em geral, mais atrasos de pagamento.",
        dtype="text",
    ),
)
