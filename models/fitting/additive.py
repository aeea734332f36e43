"""The fitted model before it is rounded: an intercept and terms in log-odds of being bad, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models.points.cell_codes import axis_codes
from models.points.table import Axis

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class AdditiveTerm:
    """One term: ``log_odds`` of being bad (above zero: riskier) and ``rows`` (training weight), one a cell.

    Both arrays have the shape of the axes' cells; their weighted mean is about zero.
    """

    axes: tuple[Axis, ...]
    log_odds: Floats
    rows: Floats

    @property
    def name(self) -> str:
        """Return the feature's name, or both joined by ``*``."""
        return "*".join(axis.feature for axis in self.axes)


@dataclass(frozen=True, slots=True, eq=False)
class AdditiveModel:
    """An intercept and terms whose sum is a row's log-odds of being bad."""

    intercept: float
    terms: tuple[AdditiveTerm, ...]

    def log_odds(self, table: pa.Table) -> Floats:
        """Return the log-odds of being bad of each row of a table that holds the terms' features."""
        total = np.full(table.num_rows, self.intercept)
        for term in self.terms:
            total += term.log_odds[tuple(axis_codes(axis, table[axis.feature].combine_chunks()) for axis in term.axes)]
        return total

    def calibrated(self, intercept: float, slope: float) -> AdditiveModel:
        """Return the model whose log-odds are ``intercept + slope * log_odds``: additive still; slope above zero."""
        if not slope > 0:
            raise ValueError("a calibration that turns the order around is none: the slope must be above zero")
        terms = tuple(replace(term, log_odds=slope * term.log_odds) for term in self.terms)
        return AdditiveModel(intercept + slope * self.intercept, terms)
