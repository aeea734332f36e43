"""The public description: how the score works, in plain Portuguese, for the consumer that it speaks of.

Generated from the model in force, so that it says what the model does and nothing else (Lei 12.414 art. 5 IV; LGPD
art. 20 §1; Tema 710 STJ). It holds nobody's data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contracts.feature_terms import InputType, RiskDirection
from contracts.score_terms import BAND_UPPER_SCORES, MAX_REASONS, SCORE_MAX, SCORE_MIN
from models.points.cell_labels import cell_labels
from models.points.table import PointsTable, Term
from models.validation.evidence import Evidence
from models.validation.figure_labels import ATTRIBUTES, BANDS
from models.validation.markdown import markdown_table
from models.validation.number_texts import decimal, percent, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.training.record import InputUse
    from models.training.train import TrainedModel

NAMED_VALUES = 5
"""Values of a category that are named at each end of its points."""

NEVER = (
    "sexo, cor, raça, etnia ou origem social",
    "saúde ou dados genéticos",
    "religião, convicção política ou filosófica",
    "orientação sexual",
    "estado civil",
    "nome, endereço, bairro ou cidade (no máximo, o estado em que você mora)",
    "que produtos você comprou, ou onde (contam só valores, datas e forma de pagamento)",
    "dados de outras pessoas, como parentes ou vizinhos",
    "as vezes em que você mesmo consultou o seu cadastro",
    "dívidas vencidas há mais de cinco anos",
)
"""What no model may look at, in the consumer's words (Lei 12.414 art. 3 §3 and 7-A; CDC art. 43 §1; our rules)."""

RIGHTS = (
    "Saber o seu score, os motivos dele e o seu histórico, de graça (Lei 12.414, art. 5º, II).",
    "Conhecer os principais elementos e critérios do cálculo: é este texto (Lei 12.414, art. 5º, IV; LGPD, art. 20, "
    "§ 1º).",
    "Contestar uma informação errada, que deve ser corrigida ou cancelada em até 10 dias (Lei 12.414, art. 5º, III).",
    "Pedir que uma decisão tomada só por máquina seja revista (LGPD, art. 20; Lei 12.414, art. 5º, VI): o seu score de "
    "qualquer dia pode ser recalculado com o que se sabia naquele dia.",
    "Cancelar ou reabrir o seu cadastro (Lei 12.414, art. 5º, I).",
    "Ter os seus dados usados só para a finalidade para a qual foram colhidos (Lei 12.414, art. 5º, VII).",
)
"""The consumer's rights over the score."""


def render_public_description(trained: TrainedModel, version: str) -> str:
    """Return the description of a trained model as Markdown."""
    points, record = trained.points, trained.record
    sections = (
        ("O que é", _meaning(points, record.min_debt_cents)),
        ("As faixas", _bands(points)),
        ("Como os pontos funcionam", _arithmetic(points)),
        ("O que é olhado", _looked_at(points, _names(record.inputs))),
        ("O que nunca é olhado", "\n".join(f"- {line}" for line in NEVER) + _copies(record.copies_looked_for)),
        ("Quanto se pode confiar nele", _trust(trained.evidence)),
        ("Seus direitos", "\n".join(f"- {line}" for line in RIGHTS)),
    )
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections)
    return f"# Como funciona o score\n\nModelo {points.name}, versão {version}.\n\n{body}\n"


def _meaning(points: PointsTable, min_debt_cents: int) -> str:
    return (
        f"O score vai de {SCORE_MIN} a {SCORE_MAX}. Quanto maior, menor a chance estimada de que, nos próximos "
        f"{points.horizon_months} meses, você deixe uma dívida de R$ {decimal(min_debt_cents / 100, 2)} ou mais sem "
        "pagar por mais de 90 dias. É uma estimativa feita do que aconteceu com consumidores parecidos; não é uma "
        "certeza nem um julgamento. Quem decide conceder ou negar crédito é a empresa que consulta. De quem não tem "
        "dívida, renda, bem nem movimento conhecido não se calcula score algum."
    )


def _bands(points: PointsTable) -> str:
    rows, lowest = [], SCORE_MIN
    for band, upper in BAND_UPPER_SCORES:
        chances = points.scale.probability(np.array([upper, lowest]))
        rows.append(
            [
                BANDS[band.value],
                f"{lowest} a {upper}",
                f"de {percent(float(chances[0]))} a {percent(float(chances[1]))}",
            ]
        )
        lowest = upper + 1
    return markdown_table(["Faixa", "Score", "Chance estimada de atraso"], rows)


def _arithmetic(points: PointsTable) -> str:
    return (
        f"Todos partem de {points.base_points} pontos. Cada informação da lista abaixo soma ou tira um número inteiro "
        "de pontos, sempre o mesmo para o mesmo valor, e o score é a soma de tudo, limitada a "
        f"{SCORE_MIN} e {SCORE_MAX}. Somar {points.scale.pdo:g} pontos quer dizer que a razão entre as chances de "
        "pagar e de atrasar dobra. "
        f"Junto do score vêm até {MAX_REASONS} motivos: são as parcelas que mais pesaram no seu, com os pontos exatos "
        "de cada uma. Uma informação que não se conhece tem pontos próprios, que também aparecem nos motivos."
    )


def _names(inputs: Iterable[InputUse]) -> dict[str, str]:
    """Return what a consumer calls each input: its label, as a line begins; its name only where it has none."""
    return {use.name: use.label[:1].upper() + use.label[1:] if use.label else use.name for use in inputs}


def _looked_at(points: PointsTable, names: Mapping[str, str]) -> str:
    single = [term for term in points.terms if not term.is_pair]
    pairs = [term for term in points.terms if term.is_pair]
    header = ["Código", "Informação", "Quando aumenta o score", "Quando reduz o score", "Sentido", "Pontos"]
    text = markdown_table(header, [_line(term, names) for term in _by_weight(single)])
    if pairs:
        text += (
            "\n\nAlgumas informações pesam diferente conforme outra: estes pontos se somam aos de cada uma, e o "
            "sentido de cada informação continua o mesmo depois da soma.\n\n"
            + markdown_table(header, [_line(term, names) for term in _by_weight(pairs)])
        )
    return f"Da que mais pode pesar à que menos pode:\n\n{text}"


def _by_weight(terms: list[Term]) -> list[Term]:
    return sorted(terms, key=lambda term: (min(term.points) - max(term.points), term.code))


def _line(term: Term, names: Mapping[str, str]) -> list[str]:
    return [
        term.code,
        " e ".join(names.get(feature, feature) for feature in term.features),
        term.text_raises,
        term.text_lowers,
        "combinação" if term.is_pair else _direction(term),
        f"{signed(min(term.points))} a {signed(max(term.points))}",
    ]


def _direction(term: Term) -> str:
    """Return which way the points go with the value of a term's one feature."""
    axis = term.axes[0]
    if axis.kind is InputType.CATEGORY:
        return _extreme_values(term)
    if axis.direction is RiskDirection.MORE_RISK:
        return "quanto maior, menor o score"
    if axis.direction is RiskDirection.LESS_RISK:
        return "quanto maior, maior o score"
    known = term.points[: axis.bins]
    best, worst = known.index(max(known)), known.index(min(known))
    labels = cell_labels(axis)
    return f"melhor: {labels[best]}; pior: {labels[worst]}"


def _extreme_values(term: Term) -> str:
    axis = term.axes[0]
    ranked = sorted(zip(term.points, axis.groups, strict=False), key=lambda item: -item[0])
    if not ranked:
        return "sempre igual"
    best, worst = (", ".join(group[:NAMED_VALUES]) for _, group in (ranked[0], ranked[-1]))
    return f"mais pontos: {best}; menos pontos: {worst}"


def _copies(looked_for: tuple[str, ...]) -> str:
    if not looked_for:
        return ""
    called = [ATTRIBUTES.get(name, name).lower() for name in looked_for]
    return (
        f"\n\nA cada treino procuram-se também cópias codificadas de {' e '.join(called)}, isto é, informações que "
        "revelem uma delas sob outro nome; havendo uma, o modelo não é feito."
    )


def _trust(evidence: Evidence) -> str:
    late = evidence.out_of_time
    if late.auc is None or late.bad_rate is None or late.mean_probability is None:
        return "Ainda não há desfechos bastantes para dizer."
    return (
        "Em datas posteriores às do treino e com consumidores que ele não viu: de cada dois consumidores, um que "
        f"atrasou e outro que não, o score do segundo era maior em {percent(late.auc.estimate)} dos casos (com "
        f"{percent(evidence.confidence, 0)} de confiança, entre {percent(late.auc.low)} e {percent(late.auc.high)}; "
        f"sorteio daria 50%). A chance média estimada foi de {percent(late.mean_probability.estimate)}, e atrasaram "
        f"{percent(late.bad_rate.estimate)}."
    )
