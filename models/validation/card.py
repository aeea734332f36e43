"""The model card: what a model is, what it was made from, how good it is and where it stops, in Portuguese.

Generated from the trained model alone, so that it can say nothing that the model is not. It is what an internal
validator reads (Res. CMN 4.557 and 4.966; SR 26-2); ``public_description`` is what the consumer reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.score_terms import MAX_REASONS, SCORE_MAX, SCORE_MIN
from models.points.table import PointsTable, Term
from models.training.record import TrainingRecord
from models.validation.card_evidence import (
    render_fairness,
    render_groups,
    render_performance,
    render_price,
    render_proxies,
    render_stability,
)
from models.validation.figure_labels import OUTCOMES
from models.validation.markdown import markdown_table
from models.validation.number_texts import NOTHING, decimal, percent, signed, whole
from models.validation.public_description import render_public_description

if TYPE_CHECKING:
    from models.training.takeover import Decision
    from models.training.takeover_checks import Check
    from models.training.train import TrainedModel

__all__ = ["render_card", "render_public_description"]

DIRECTIONS = {
    "maior_mais_risco": "maior valor, mais risco",
    "maior_menos_risco": "maior valor, menos risco",
    "livre": "livre",
}

REFERENCES = (
    "Res. CMN 4.557/2017 (gerenciamento de riscos) e Res. CMN 4.966/2021 (atraso de 90 dias como inadimplência)",
    "SR 26-2 / OCC 2026-13 (gestão de risco de modelo, EUA; substitui a SR 11-7)",
    "LGPD, Lei 13.709/2018, art. 20 (revisão de decisão automatizada, critérios e procedimentos)",
    "Lei 12.414/2011, arts. 3º, § 3º, 5º, IV e VI, e 7º-A (informações vedadas, critérios, revisão)",
    "CDC, Lei 8.078/1990, art. 43, § 1º; Súmulas 323 e 548 do STJ; Tema 710 do STJ",
)


def render_card(trained: TrainedModel, version: str) -> str:
    """Return the card of a trained model as Markdown."""
    points, evidence, record = trained.points, trained.evidence, trained.record
    late = evidence.out_of_time
    sections = (
        ("Finalidade", _purpose(points, record)),
        ("Decisão de entrada em vigor", _decision(trained.decision)),
        ("Dados e datas", _data(record)),
        ("Como foi feito", _making(points, record)),
        ("Desempenho", render_performance(evidence)),
        ("Faixas, fora do tempo", render_groups("Faixa", late.bands)),
        ("Decis do score, fora do tempo (1 = mais arriscado)", render_groups("Decil", late.deciles)),
        ("Desafiantes e preço da transparência", render_price(evidence)),
        ("Estabilidade", render_stability(evidence)),
        ("Equidade", render_fairness(evidence)),
        ("Variáveis que dizem de atributos vedados", render_proxies(evidence.proxies)),
        ("O que foi recusado e por quê", _refused(trained)),
        ("Termos", _terms(points)),
        ("Limites", _limits(record)),
        ("Base legal e referências", _law(record)),
    )
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections)
    return f"# {points.name}, versão {version}\n\n{body}\n"


def _purpose(points: PointsTable, record: TrainingRecord) -> str:
    scale = points.scale
    pairs = sum(term.is_pair for term in points.terms)
    return (
        f"Score de crédito de {SCORE_MIN} a {SCORE_MAX}; quanto maior, menor o risco. Estima a probabilidade de, em "
        f"{points.horizon_months} meses, haver ao menos uma dívida de R$ {decimal(record.min_debt_cents / 100, 2)} ou "
        "mais, vencida no período e não paga por mais de 90 dias. Serve para informar decisões de crédito; não serve "
        "para emprego, seguro, locação nem cobrança, nem para horizontes ou populações que não os do treino.\n\n"
        f"O modelo é uma tabela de {len(points.terms)} termos ({pairs} deles cruzam duas variáveis) sobre "
        f"{len(points.features)} variáveis: pontos inteiros que se somam. {scale.base_points} pontos valem "
        f"{scale.base_odds:g} bons para 1 mau, e a cada {scale.pdo:g} pontos essa razão dobra. Pontos de partida: "
        f"{points.base_points}. SHA-256 do modelo: `{points.sha256}`."
    )


def _decision(decision: Decision) -> str:
    verdict = "**Pode assumir.**" if decision.takes_over else "**Não assume**; o modelo anterior continua em vigor."
    against = f"Comparado com `{decision.incumbent}`." if decision.incumbent else "Não havia modelo em vigor."
    return f"{verdict} {against}\n\n" + markdown_table(
        ["Verificação", "Resultado", "Observado e limite"],
        ([check.name, "passou" if check.passed else "**não passou**", check.text] for check in decision.checks),
    )


def _data(record: TrainingRecord) -> str:
    samples = [("treino", s) for s in record.samples] + [("fora do tempo", s) for s in record.validation]
    rows = [
        [use, s.as_of.isoformat(), whole(s.rows), whole(s.bads), whole(s.without_data), whole(s.unlabelled)]
        for use, s in samples
    ]
    shares = ", ".join(f"{name} {percent(share, 0)}" for name, share in record.shares.items())
    overlap = (
        "Os rótulos de treino já estavam maduros na primeira data fora do tempo."
        if record.labels_known_at_validation
        else "Os horizontes de treino e fora do tempo se sobrepõem em parte: as datas são posteriores, mas não de todo "
        "independentes; os consumidores da medida estrita não estão no treino."
    )
    return (
        markdown_table(["Uso", "Data de referência", "Linhas", "Inadimplentes", "Sem dados", "Sem rótulo"], rows)
        + f"\n\nRótulos observados até {record.observed_until.isoformat()}. Consumidores repartidos por um hash do "
        f"CPF, todas as datas de um na mesma parte: {shares}. {overlap}"
    )


def _making(points: PointsTable, record: TrainingRecord) -> str:
    chosen, map_ = record.selection.chosen, record.calibration
    monotone = len({a.feature for t in points.terms for a in t.axes if a.direction.value != "livre"})
    candidates = [
        [str(f.candidate.pairs), str(f.candidate.max_bins), decimal(f.log_loss, 5), decimal(f.gap, 5),
         decimal(f.gap_error, 5), "escolhido" if f.candidate == chosen else ""]
        for f in record.selection.figures
    ]  # fmt: skip
    compared = (
        f"Candidatos comparados por consumidor, dentro do ajuste ({whole(record.selection.rows)} linhas, "
        f"{record.selection.folds} partes):\n\n"
        + markdown_table(["Pares", "Intervalos", "Log-loss", "Distância ao melhor", "Erro-padrão", ""], candidates)
        if candidates
        else "Um só candidato; nada foi escolhido pelos dados."
    )
    libraries = ", ".join(f"{name} {version}" for name, version in sorted(record.libraries.items()))
    return (
        f"Termos aditivos por boosting, no máximo {chosen.max_bins} intervalos por variável e {chosen.pairs} pares; "
        f"{monotone} variáveis com sentido imposto, sem violação possível (a tabela se verifica ao ser lida). "
        f"Calibrado em consumidores à parte ({whole(map_.rows)} linhas, {whole(map_.bads)} inadimplentes) por uma reta "
        f"no log das chances: intercepto {decimal(map_.intercept)}, inclinação {decimal(map_.slope)}. Semente "
        f"{record.seed}. Bibliotecas: {libraries}.\n\n{compared}"
    )


def _refused(trained: TrainedModel) -> str:
    record, decision = trained.record, trained.decision
    looked = ", ".join(record.copies_looked_for) or "nenhum atributo, pois não estavam nos dados"
    lines = [
        "Colunas vedadas (sexo, estado civil, nome, endereço mais fino que o estado, produto e descrição de compras): "
        "recusadas antes do treino, sob qualquer nome derivado.",
        f"Cópias codificadas de {looked}: procuradas em cada variável; uma só teria impedido o treino.",
    ]
    left_out = [use for use in record.inputs if use.outcome != "usada"]
    lines += [
        f"`{use.name}`: {OUTCOMES.get(use.outcome, use.outcome)} (faltante em {percent(use.missing_share)})."
        for use in left_out
    ]
    lines += [f"Verificação de entrada em vigor: {_failed(check)}" for check in decision.checks if not check.passed]
    return "\n".join(f"- {line}" for line in lines)


def _failed(check: Check) -> str:
    return f"{check.name}: {check.text}"


def _terms(points: PointsTable) -> str:
    rows = [
        [
            term.code,
            " x ".join(term.features),
            " x ".join(DIRECTIONS[axis.direction.value] for axis in term.axes),
            " x ".join(str(axis.bins) for axis in term.axes),
            f"{signed(min(term.points))} a {signed(max(term.points))}",
            _missing(term),
        ]
        for term in points.terms
    ]
    header = ["Código", "Variável", "Sentido", "Intervalos", "Pontos", "Se ausente"]
    return (
        "Pontos em relação ao consumidor médio do treino. A tabela inteira está em `pontos.parquet` e no relatório.\n\n"
        + markdown_table(header, rows)
    )


def _missing(term: Term) -> str:
    return NOTHING if term.is_pair else signed(term.points[term.axes[0].missing_cell])


def _limits(record: TrainingRecord) -> str:
    return "\n".join(
        f"- {line}"
        for line in (
            "Vale para consumidores semelhantes aos do treino, para o mesmo horizonte e a mesma definição de "
            f"inadimplência; treinado com fatos conhecidos até {record.observed_until.isoformat()}.",
            "Não pontua quem não tem dado algum (`DADOS_INSUFICIENTES`).",
            "Um valor ausente tem pontos próprios; um valor fora do visto no treino recebe os do intervalo da ponta.",
            "Uma piora geral da economia, que torne todos mais arriscados, não se vê nas variáveis: a calibração tem "
            "de ser acompanhada (`escore monitor`).",
            "Os intervalos medem o acaso da amostra de consumidores; não medem mudança futura da população nem erro "
            "dos dados de origem.",
            "As medidas de equidade descrevem a data medida e o corte citado; não provam ausência de discriminação.",
        )
    )


def _law(record: TrainingRecord) -> str:
    copies = f" e cópias codificadas de {', '.join(record.copies_looked_for)}" if record.copies_looked_for else ""
    return (
        "Não entram no modelo: sexo, origem social ou étnica, saúde, genética, convicção política, religiosa ou "
        "filosófica, orientação sexual (Lei 12.414, art. 3º, § 3º, e art. 7º-A, I), nem estado civil, nem endereço "
        "mais fino que o estado, nem dado de outra pessoa (art. 7º-A, II), nem consulta do próprio titular "
        "(art. 7º-A, III), nem dívida vencida há mais de cinco anos (CDC, art. 43, § 1º; Súmula 323 do STJ). "
        f"O treino recusa colunas proibidas{copies}. Cada score traz até {MAX_REASONS} motivos, que são parcelas "
        "exatas dele (Lei 12.414, art. 5º, IV; LGPD, art. 20, § 1º), e pode ser refeito do que se sabia no dia "
        "(`escore replay`).\n\n" + "\n".join(f"- {line}" for line in REFERENCES)
    )
