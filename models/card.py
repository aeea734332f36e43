"""The model card: what a model is, what it was made from, how good it is and where it stops, in Portuguese.

Generated from the trained model alone, so that it can say nothing that the model is not (Lei 12.414 art. 5 IV).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.score_scale import MAX_REASONS, SCORE_MAX, SCORE_MIN
from models.evaluate import GroupRate, Metrics
from models.scorecard import Scorecard, Term
from models.training_record import ModelMetrics, TrainingRecord

if TYPE_CHECKING:
    from models.train import TrainedModel

_FIGURES = (
    ("Linhas", "rows", "{:d}"),
    ("Inadimplentes", "bads", "{:d}"),
    ("Taxa de inadimplência", "bad_rate", "{:.4f}"),
    ("Probabilidade média", "mean_probability", "{:.4f}"),
    ("AUC", "auc", "{:.4f}"),
    ("Gini", "gini", "{:.4f}"),
    ("KS", "ks", "{:.4f}"),
    ("Brier", "brier", "{:.4f}"),
    ("Log-loss", "log_loss", "{:.4f}"),
    ("Erro de calibração (ECE)", "ece", "{:.4f}"),
)


def render_card(trained: TrainedModel, version: str) -> str:
    """Return the card of a trained model as Markdown."""
    scorecard, metrics, record = trained.scorecard, trained.metrics, trained.record
    parts = [
        f"# {scorecard.name}, versão {version}",
        _purpose(scorecard, record),
        "## Desempenho",
        _figures(metrics),
        "### Faixas, fora do tempo",
        _rates("Faixa", metrics.validation.bands),
        "### Decis do score, fora do tempo (1 = pior)",
        _rates("Decil", metrics.validation.deciles),
        "## Termos",
        _terms(scorecard),
        "## Dados de treino",
        _data(record),
        "## Limites",
        _limits(record),
        "## Base legal",
        _law(record),
    ]
    return "\n\n".join(parts) + "\n"


def _law(record: TrainingRecord) -> str:
    copies = f" e cópias codificadas de {', '.join(record.copies_looked_for)}" if record.copies_looked_for else ""
    return (
        "Não entram no modelo: sexo, origem social ou étnica, saúde, genética, convicção política, religiosa ou "
        "filosófica, orientação sexual (Lei 12.414, art. 3º, § 3º, e art. 7º-A, I), nem estado civil, nem endereço "
        "mais fino que o estado, nem dado de outra pessoa (art. 7º-A, II), nem consulta do próprio titular "
        "(art. 7º-A, III), nem dívida vencida há mais de cinco anos (CDC, art. 43, § 1º; Súmula 323 do STJ). "
        f"O treino recusa colunas proibidas{copies}. Cada score traz até {MAX_REASONS} motivos, que são parcelas "
        "exatas dele (Lei 12.414, art. 5º, IV; LGPD, art. 20, § 1º)."
    )


def _purpose(scorecard: Scorecard, record: TrainingRecord) -> str:
    scale = scorecard.scale
    return (
        f"Score de crédito de {SCORE_MIN} a {SCORE_MAX}; quanto maior, menor o risco. Estima a probabilidade de, em "
        f"{scorecard.horizon_months} meses, haver ao menos uma dívida de R$ {record.min_debt_cents / 100:.2f} ou mais, "
        "vencida no período, não paga por mais de 90 dias. "
        f"Escala: {scale.base_points} pontos valem {scale.base_odds:g} bons para 1 mau, e a cada {scale.pdo:g} pontos "
        f"essa razão dobra. Pontos de partida: {scorecard.base_points}. SHA-256 do modelo: `{scorecard.sha256}`."
    )


def _figures(metrics: ModelMetrics) -> str:
    columns = (
        ("Treino", metrics.training),
        ("Calibração", metrics.calibration),
        ("Fora do tempo", metrics.validation),
        ("Fora do tempo, consumidores novos", metrics.validation_unseen_consumers),
    )
    rows = [[label, *(_cell(m, name, form) for _, m in columns)] for label, name, form in _FIGURES]
    psi = "sem medida" if metrics.psi_validation is None else f"{metrics.psi_validation:.4f}"
    return (
        _table(["Medida", *(title for title, _ in columns)], rows) + f"\n\nPSI do score, treino a fora do tempo: {psi}."
    )


def _cell(metrics: Metrics, name: str, form: str) -> str:
    value = getattr(metrics, name)
    return "-" if value is None else form.format(value)


def _rates(title: str, groups: tuple[GroupRate, ...]) -> str:
    rows = [
        [
            g.group,
            str(g.rows),
            str(g.bads),
            *("-" if v is None else f"{v:.4f}" for v in (g.bad_rate, g.mean_probability)),
        ]
        for g in groups
    ]
    return _table([title, "Linhas", "Inadimplentes", "Taxa", "Probabilidade média"], rows)


def _terms(scorecard: Scorecard) -> str:
    rows = [
        [
            term.code,
            term.feature,
            term.direction.value,
            str(len(term.points)),
            f"{min(term.points)} a {max(term.points)}",
            _special_points(term),
        ]
        for term in scorecard.terms
    ]
    return _table(["Código", "Variável", "Sentido", "Intervalos", "Pontos", "Ausente (outros)"], rows)


def _special_points(term: Term) -> str:
    return f"{term.missing_points} ({term.other_points})" if term.groups else str(term.missing_points)


def _data(record: TrainingRecord) -> str:
    samples = [("treino", s) for s in record.samples] + [("validação", record.validation)]
    rows = [
        [use, s.as_of.isoformat(), str(s.rows), str(s.bads), str(s.without_data), str(s.unlabelled)]
        for use, s in samples
    ]
    dropped = [f"{use.name} ({use.outcome})" for use in record.inputs if use.outcome != "usada"]
    return (
        _table(["Uso", "Data de referência", "Linhas", "Inadimplentes", "Sem dados", "Sem rótulo"], rows)
        + f"\n\nRótulos observados até {record.observed_until.isoformat()}. "
        + f"Variáveis oferecidas: {len(record.inputs)}; deixadas de fora: {', '.join(dropped) or 'nenhuma'}."
    )


def _limits(record: TrainingRecord) -> str:
    shared = (
        "Os rótulos de treino já estavam maduros na data de validação."
        if record.labels_known_at_validation
        else "Os horizontes de treino e de validação se sobrepõem em parte: a validação é posterior, mas não de todo "
        "independente do treino."
    )
    return (
        f"{shared} Vale para consumidores semelhantes aos do treino e para o mesmo horizonte; não pontua quem não tem "
        "dado algum. Valores ausentes têm pontos próprios, nunca fora dos limites dos valores conhecidos."
    )


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
