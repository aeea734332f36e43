"""One person's score, explained: replayed from the snapshot, compared with what was published, as frames and a plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from contracts.cpf_number import mask_cpf
from contracts.settings import Settings
from escore.frames import frame_of
from escore.nights import RunName, find_night
from flows.replay import PURPOSE, replay_score
from flows.replayed import Replay

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TERMS_DRAWN = 12


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score with every point of it; one person's own data, for whoever is entitled to it.

    Its ``repr`` tells the score and no person.
    """

    replay: Replay

    @property
    def score(self) -> int | None:
        """Return the score, 0-1000; None where nothing was known of the consumer."""
        return self.replay.result.score.score

    @property
    def masked_cpf(self) -> str:
        """Return the consumer's CPF as it may be shown: ``***.456.789-**``."""
        return mask_cpf(self.replay.cpf)

    @property
    def is_as_published(self) -> bool:
        """Return whether every store holds exactly the score that was recomputed."""
        return not self.replay.differing

    @property
    def comparisons(self) -> pd.DataFrame:
        """Return, by store, what it holds: ``equal``, the fields that differ, or why there was nothing to compare."""
        rows = {
            one.store: one.note if one.differences is None else ", ".join(one.differences) or "equal"
            for one in self.replay.comparisons
        }
        return pd.Series(rows, dtype="str").rename_axis("store").to_frame("holds")

    @property
    def terms(self) -> pd.DataFrame:
        """Return one row a term, by code: values, cells and points, the strongest first; with the base they add up."""
        terms = sorted(self.replay.result.terms, key=lambda term: (-abs(term.points), term.code))
        rows = [(t.code, " x ".join(t.values), _told(t.values), " & ".join(t.cells.values()), t.points) for t in terms]
        return pd.DataFrame(rows, columns=["code", "features", "values", "cells", "points"]).set_index("code")

    @property
    def reasons(self) -> pd.DataFrame:
        """Return the published reasons, by code: points, direction, text in Portuguese, features."""
        rows = [
            (one.code, one.points, one.direction.value, one.text, ", ".join(one.features))
            for one in self.replay.result.reasons
        ]
        return pd.DataFrame(rows, columns=["code", "points", "direction", "text", "features"]).set_index("code")

    @property
    def features(self) -> pd.DataFrame:
        """Return every feature of the consumer, by name: value, unit, description."""
        rows = [(one.name, one.value, one.unit, one.description) for one in self.replay.result.features]
        return pd.DataFrame(rows, columns=["name", "value", "unit", "description"]).set_index("name")

    @property
    def records(self) -> dict[str, pd.DataFrame]:
        """Return, by family behind a reason, the records that counted; no CPF, no consumer's id."""
        found = self.replay.result.records
        hidden = {"cpf", "cliente_id"}
        return {
            name: frame_of(one.rows.select([column for column in one.rows.column_names if column not in hidden]))
            for name, one in found.items()
        }

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the way from the base points to the score, term by term."""
        from escore.term_plots import plot_waterfall  # noqa: PLC0415 - loads matplotlib

        result = self.replay.result
        points = self.terms["points"]
        drawn = points[points != 0].iloc[:TERMS_DRAWN]
        steps = {"base": result.base_points, **drawn.to_dict(), "others": int(points.sum() - drawn.sum())}
        title = f"From the base to {result.raw_score} points; the score is {self.score}"
        return plot_waterfall(pd.Series(steps), title=title, axes=axes)

    def __repr__(self) -> str:
        """Return the score, its band and whether it is the published one."""
        score = self.replay.result.score
        held = "as published" if self.is_as_published else "NOT as published"
        return f"<Explanation: score {score.score}, {score.band}, {held}, run {self.replay.execucao_id}>"


def explain(
    cliente_id: str,
    *,
    run: RunName | None = None,
    purpose: str = PURPOSE,
    settings: Settings | None = None,
) -> Explanation:
    """Recompute one consumer's score of a run, in force or named, and return all that it was made from.

    The read is entered in ``auditoria`` with its ``purpose`` (words of letters). ClientNotFoundError if the run holds
    no such consumer; other errors as ``load_features`` has them, and StoreUnavailableError where Redis or PostgreSQL
    does not answer.

    Examples
    --------
    >>> found = escore.explain(escore.load_scores()["score"].idxmin(), purpose="revisao")
    >>> found.is_as_published
    True
    >>> int(found.replay.result.base_points + found.terms["points"].sum()) == found.replay.result.raw_score
    True
    """
    night = find_night(run, settings=settings)
    return Explanation(replay_score(night.settings, night.run.execucao_id, cliente_id, purpose=purpose))


def _told(values: object) -> str:
    found = dict(values) if isinstance(values, dict) else {}
    texts = ("missing" if v is None else v if isinstance(v, str) else f"{v:g}" for v in found.values())
    return " & ".join(texts)
