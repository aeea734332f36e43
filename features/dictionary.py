"""The data dictionary: the catalog as Markdown, in Portuguese, for consumers' questions and for auditors.

A pure function of the declarations; the text shows the very SQL that runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from contracts.feature_terms import RiskDirection
from features.catalog import CATALOG, Catalog
from features.declaration import Family, Feature, Measure, RowColumn
from features.vocabulary import MEANINGS

_DIRECTIONS = {
    RiskDirection.MORE_RISK: "quanto maior, maior o risco",
    RiskDirection.LESS_RISK: "quanto maior, menor o risco",
    RiskDirection.FREE: "livre",
}
_INTRODUCTION = """\
# Variáveis

*Para auditores, cientistas de dados e quem é pontuado.* Este texto é gerado do catálogo (`features/`): as expressões
abaixo são as que o motor executa.
`escore` calcula cada variável como era na data de referência: só conta o que era conhecido até o fim daquele dia
em São Paulo; uma dívida paga, uma renda encerrada ou um bem vendido depois disso ainda valia naquela data.

## Ausente é ausente

Se nada que conte é conhecido de uma família (linha "presença" de cada uma), todas as suas variáveis são nulas. Se algo
é conhecido mas nada atende à condição ou cai na janela, contagens e somas são zero. Uma razão é nula quando seu
denominador é zero ou quando uma das famílias que compara é nula. `sem_dados` é verdadeiro se nenhuma família além do
perfil tem registro que conte. Dívida prescrita, consulta do próprio titular e evento mais antigo que 365 dias não
alimentam nada, nem essa presença.

## Palavras comuns
"""


def feature_dictionary(catalog: Catalog = CATALOG) -> str:
    """Return the dictionary of a catalog; the same catalog gives the same text."""
    words = _table(("palavra", "significado"), [(f"`{word}`", meaning) for word, meaning in MEANINGS.items()])
    families = "\n".join(_family(family, catalog) for family in catalog.families)
    return f"{_INTRODUCTION}\n{words}\n{_summary(catalog)}\n{families}"


def _summary(catalog: Catalog) -> str:
    rows = [
        (feature.code, f"`{feature.name}`", feature.unit, _DIRECTIONS[feature.direction])
        for feature in catalog.features
    ]
    return f"## As {len(rows)} variáveis\n\n{_table(('código', 'nome', 'unidade', 'risco'), rows)}"


def _family(family: Family, catalog: Catalog) -> str:
    parts = [
        f"## {family.title}\n",
        f"Tabela `{family.table.name}`. Presença: {family.presence}.\n",
        f"Registros que contam:\n\n```sql\n{family.row_filter}\n```\n",
        f"De cada registro:\n\n{_expressions(family.row_columns)}",
    ]
    if family.measures:
        parts.append(f"De cada consumidor:\n\n{_expressions((*family.measures, *family.derived))}")
    parts += [_feature(feature) for feature in catalog.features if feature.family == family.name]
    return "\n".join(parts)


def _expressions(items: Sequence[RowColumn | Measure]) -> str:
    return _table(("nome", "o que é", "expressão"), [(f"`{i.name}`", i.description, f"`{i.sql}`") for i in items])


def _feature(feature: Feature) -> str:
    return "\n".join(
        [
            f"### {feature.code} `{feature.name}`\n",
            f"{feature.description}\n",
            f"- Fórmula: `{feature.formula}`",
            f"- Unidade: {feature.unit}",
            f"- Risco esperado: {_DIRECTIONS[feature.direction]}",
            f"- Fontes: {', '.join(f'`{source}`' for source in feature.sources)}",
            f"- Nota legal: {feature.legal_note}",
            f"- Quando aumenta o score: {feature.text_raises}",
            f"- Quando reduz o score: {feature.text_lowers}\n",
        ]
    )


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
