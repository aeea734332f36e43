"""The model card's parts that come from the evidence: every figure with its interval, as Markdown in Portuguese."""

from __future__ import annotations

from collections.abc import Sequence

from models.validation.evidence import Evidence
from models.validation.fairness import MIN_GROUP_OUTCOMES, MIN_GROUP_ROWS, AttributeFairness
from models.validation.figure_labels import ATTRIBUTES, BANDS, CHALLENGERS, FIGURES, VERDICTS, sets_of
from models.validation.figures import GroupFigures, SetFigures
from models.validation.markdown import markdown_table
from models.validation.number_texts import NOTHING, decimal, interval, percent, percent_interval, whole
from models.validation.proxies import ALL_INPUTS, ProxyFinding
from models.validation.stability import StabilityFigures

SHIFTED_FEATURES = 10
"""Features listed by how much they moved; the report lists all."""

PSI_STABLE, PSI_SHIFTED = 0.10, 0.25
"""Below the first usually read as stable, above the second as shifted (Siddiqi, Credit Risk Scorecards, 2006)."""


def render_performance(evidence: Evidence) -> str:
    """Return all headline figures of every set of rows, and the figures by month."""
    sets = sets_of(evidence)
    counts = [
        ["Linhas", *(whole(figures.rows) for _, figures in sets)],
        ["Consumidores", *(whole(figures.consumers) for _, figures in sets)],
        ["Inadimplentes", *(whole(figures.bads) for _, figures in sets)],
    ]
    figures = [[label.name, *(label.of(one) for _, one in sets)] for label in FIGURES]
    meanings = "; ".join(f"{label.name}: {label.meaning}" for label in FIGURES)
    return "\n\n".join(
        [
            f"Entre parênteses, o intervalo de {percent(evidence.confidence, 0)} por bootstrap de consumidores "
            f"({evidence.replicates} réplicas, semente {evidence.seed}). A primeira coluna é a que vale: datas "
            "posteriores e consumidores que não entraram em escolha alguma.",
            markdown_table(["Medida", *(name for name, _ in sets)], [*counts, *figures]),
            f"{meanings}.",
            "### Mês a mês, fora do tempo",
            _months(evidence.out_of_time),
        ]
    )


def _months(figures: SetFigures) -> str:
    rows = [
        [
            month.as_of,
            whole(month.rows),
            interval(month.gini),
            interval(month.ks),
            percent_interval(month.bad_rate),
            percent_interval(month.mean_probability),
        ]
        for month in figures.months
    ]
    table = markdown_table(["Data", "Linhas", "Gini", "KS", "Taxa observada", "Probabilidade média"], rows)
    if figures.trend is None:
        return f"{table}\n\nCom uma só data não há tendência a medir."
    trend = figures.trend
    return (
        f"{table}\n\nVariação do Gini por mês: {interval(trend.gini_slope)}. Maior menos menor Gini mensal: "
        f"{interval(trend.gini_spread)}; o acaso sozinho já dá uma diferença acima de zero."
    )


def render_groups(title: str, groups: Sequence[GroupFigures]) -> str:
    """Return the rows and the bad rate of each band or decile."""
    rows = [
        [
            BANDS.get(group.group, group.group),
            NOTHING if group.lowest_score is None else f"{group.lowest_score} a {group.highest_score}",
            whole(group.rows),
            whole(group.bads),
            percent_interval(group.bad_rate),
            percent_interval(group.mean_probability),
        ]
        for group in groups
    ]
    header = [title, "Scores observados", "Linhas", "Inadimplentes", "Taxa observada", "Probabilidade média"]
    return markdown_table(header, rows)


def render_price(evidence: Evidence) -> str:
    """Return the challengers beside the model, and the price of transparency."""
    late = evidence.out_of_time
    rows = [["Este modelo", interval(late.auc), interval(late.brier), NOTHING, NOTHING]]
    rows += [
        [
            CHALLENGERS.get(one.name, one.name),
            interval(one.auc),
            interval(one.brier),
            interval(one.auc_difference),
            interval(one.brier_difference, 5),
        ]
        for one in evidence.challengers
    ]
    table = markdown_table(["Modelo", "AUC", "Brier", "AUC: este menos aquele", "Brier: este menos aquele"], rows)
    return f"{table}\n\n{price_sentence(evidence)}"


def price_sentence(evidence: Evidence) -> str:
    """Return, in one sentence, what transparency costs beside the best challenger, and whether chance explains it."""
    price = evidence.price_of_transparency
    if price is None:
        return "Preço da transparência: não medido, por falta de desafiantes ou de um dos desfechos."
    best = CHALLENGERS.get(evidence.challengers[0].name, evidence.challengers[0].name)
    beyond = "o intervalo inclui zero: a diferença não se distingue do acaso"
    if price.low > 0:
        beyond = "o intervalo está todo acima de zero: a transparência não custa nada aqui"
    if price.high < 0:
        beyond = "o intervalo está todo abaixo de zero: é o que se paga por explicar cada ponto"
    return (
        f"Preço da transparência, AUC deste modelo menos a do melhor desafiante ({best}): {interval(price)}; {beyond}."
    )


def render_stability(evidence: Evidence) -> str:
    """Return the stability of the score and of the features that moved most."""
    score = evidence.score_stability
    features = [one for one in evidence.stability if one is not score]
    moved = sorted(features, key=lambda one: (-(one.index.estimate if one.index else 0.0), one.name))
    above = sum(has_moved(one) for one in features)
    rows = [
        [
            one.name,
            interval(one.index),
            decimal(one.chance_limit),
            percent(one.missing_then),
            percent(one.missing_now),
        ]
        for one in moved[:SHIFTED_FEATURES]
    ]
    header = ["Variável", "CSI", "Limite do acaso", "Faltantes no ajuste", "Faltantes depois"]
    return (
        f"PSI do score, do ajuste a fora do tempo: {interval(score.index)}; o acaso sozinho passa de "
        f"{decimal(score.chance_limit)} uma vez em mil. Abaixo de {decimal(PSI_STABLE, 2)} costuma-se ler como "
        f"estável, acima de {decimal(PSI_SHIFTED, 2)} como mudança. Variáveis com CSI acima de "
        f"{decimal(PSI_STABLE, 2)} e do acaso: {above} de {len(features)}.\n\n{markdown_table(header, rows)}"
    )


def has_moved(figures: StabilityFigures) -> bool:
    """Return whether an index is above both the usual limit and what chance explains."""
    return exceeds_chance(figures) and figures.index is not None and figures.index.estimate > PSI_STABLE


def exceeds_chance(figures: StabilityFigures) -> bool:
    """Return whether an index is above what two samples of one population show."""
    found, limit = figures.index, figures.chance_limit
    return found is not None and limit is not None and found.estimate > limit


def render_fairness(evidence: Evidence) -> str:
    """Return the fairness by every attribute, and what was too small to be judged."""
    if not evidence.fairness:
        return "Não foi medida: os atributos não estavam nos dados."
    score = evidence.fairness[0].approval_score
    intro = (
        f"Aprovado quer dizer aqui score de {score} ou mais; cada consulente fixa o seu corte. A razão de aprovação "
        "compara cada grupo com o mais aprovado; a diferença de oportunidade faz o mesmo só entre os bons pagadores; o "
        "desvio de calibração é probabilidade média menos taxa observada (acima de zero, risco exagerado). Os "
        "atributos só foram lidos para medir."
    )
    return "\n\n".join([intro, *(_attribute(one) for one in evidence.fairness)])


def _attribute(one: AttributeFairness) -> str:
    rows = [
        [
            group.group + (" (referência)" if group.group == one.reference else ""),
            whole(group.rows),
            percent_interval(group.approval_rate),
            "1" if group.group == one.reference else interval(group.approval_ratio, 3),
            "0" if group.group == one.reference else percent_interval(group.opportunity_difference),
            percent_interval(group.calibration_gap, 2),
            interval(group.auc, 3),
        ]
        if group.judged
        else [group.group, whole(group.rows), "poucas linhas: não julgado", *[NOTHING] * 4]
        for group in one.groups
    ]
    header = ["Grupo", "Linhas", "Aprovação", "Razão", "Diferença entre bons", "Desvio de calibração", "AUC"]
    return (
        f"### {ATTRIBUTES.get(one.attribute, one.attribute)}\n\n{markdown_table(header, rows)}\n\n"
        f"Sem informação: {whole(one.unknown)} linhas. Um grupo só é julgado com {MIN_GROUP_ROWS} linhas e "
        f"{MIN_GROUP_OUTCOMES} bons e {MIN_GROUP_OUTCOMES} maus."
    )


def render_proxies(proxies: Sequence[ProxyFinding]) -> str:
    """Return what inputs tell of protected attributes, alone and together."""
    if not proxies:
        return "Não foram procuradas: os atributos vedados não estavam nos dados de treino."
    rows = [
        [
            ATTRIBUTES.get(one.attribute, one.attribute),
            "todas juntas" if one.feature == ALL_INPUTS else one.feature,
            one.value,
            interval(one.auc, 3),
            decimal(one.auc_limit, 2),
            percent(one.told_share),
            VERDICTS[one.verdict.value],
        ]
        for one in proxies
    ]
    header = ["Atributo", "Variável", "Valor", "AUC ao adivinhar", "Limite", "Incerteza retirada", "Veredito"]
    return (
        "Quanto cada variável, e todas juntas, deixam adivinhar de um atributo vedado (0,5 é nada). Acima do limite "
        "é relatada, para juízo de pessoas; uma cópia é recusada e o modelo não é treinado.\n\n"
        + markdown_table(header, rows)
    )
