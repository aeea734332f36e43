"""What each figure is called in Portuguese, how it is written, and which way is better: for the card and the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.validation.evidence import Evidence
from models.validation.figures import SetFigures
from models.validation.intervals import Interval
from models.validation.number_texts import interval, percent_interval


@dataclass(frozen=True, slots=True)
class FigureLabel:
    """One figure of ``SetFigures``: its field, name, meaning, and how it is written."""

    field: str
    name: str
    meaning: str
    write: Callable[[Interval | None], str]

    def of(self, figures: SetFigures) -> str:
        """Return the figure of a set of rows, with its interval."""
        return self.write(getattr(figures, self.field))


FIGURES = (
    FigureLabel("auc", "AUC", "chance de um mau ficar abaixo de um bom; 0,5 é sorteio", interval),
    FigureLabel("gini", "Gini", "2 x AUC - 1", interval),
    FigureLabel("ks", "KS", "maior distância entre as distribuições de bons e maus", interval),
    FigureLabel("average_precision", "Precisão média", "área sob precisão e revocação, achando maus", interval),
    FigureLabel("brier", "Brier", "erro quadrático médio da probabilidade; menor é melhor", interval),
    FigureLabel("log_loss", "Log-loss", "menor é melhor", interval),
    FigureLabel("ece", "ECE", "erro de calibração em dez grupos iguais, sem correção do viés", interval),
    FigureLabel("ece_debiased", "ECE sem viés", "o mesmo, descontado o viés do acaso", interval),
    FigureLabel("bad_rate", "Taxa de inadimplência", "observada", percent_interval),
    FigureLabel("mean_probability", "Probabilidade média", "prevista", percent_interval),
    FigureLabel("calibration_gap", "Prevista menos observada", "0 é o certo", lambda i: percent_interval(i, 2)),
    FigureLabel("calibration_slope", "Inclinação de calibração", "1 é o certo; abaixo, extremos demais", interval),
    FigureLabel("calibration_level", "Nível de calibração", "0 é o certo; acima, risco subestimado", interval),
)


def sets_of(evidence: Evidence) -> tuple[tuple[str, SetFigures], ...]:
    """Return the sets of rows with what they are called, the strict one first."""
    found = [
        ("Fora do tempo, consumidores novos", evidence.out_of_time),
        ("Fora do tempo, todos", evidence.out_of_time_all),
        ("Calibração", evidence.calibration),
        ("Ajuste", evidence.fit),
    ]
    return tuple((name, figures) for name, figures in found if figures is not None)


ATTRIBUTES = {"sexo": "Sexo", "estado_civil": "Estado civil", "faixa_etaria": "Faixa etária"}
"""Titles of the attributes that fairness is measured by."""

CHALLENGERS = {"gradient_boosting": "Gradient boosting (caixa-preta)", "regressao_logistica": "Regressão logística"}
"""Titles of the challengers (``models.training.challengers``)."""

BANDS = {"baixo": "Baixo", "regular": "Regular", "bom": "Bom", "muito_bom": "Muito bom"}

VERDICTS = {"recusada": "recusada", "relatada": "relatada", "dentro_do_limite": "dentro do limite"}

OUTCOMES = {
    "usada": "usada",
    "nao_usada": "oferecida, sem termo no modelo",
}
"""What became of an input (``models.training.record.InputUse``)."""
