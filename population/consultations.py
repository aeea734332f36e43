"""Consultations: lenders ask more often about those in distress; some consumers look at themselves."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from contracts.tables import CONSULTAS, OWN_CONSULTATION
from population.companies import CONSULTANTS, OWN_PORTAL, weighted_companies
from population.event_columns import events_table, spread_counts
from population.months import IntArray
from population.raw_schema import choose, draw_index
from population.scene import Scene

_RATE = np.array([0.03, 0.09, 0.31, 0.78, 1.25])
_TRAIT_ON_RATE = 0.40
_OWN_RATE = 0.02


def consultations_table(rng: np.random.Generator, scene: Scene) -> tuple[pa.Table, IntArray]:
    """Return the known ``consultas`` and the consumer row of each."""
    eager = np.exp(_TRAIT_ON_RATE * scene.consumers.trait)[:, None]
    by_others = rng.poisson(scene.volume * _RATE[scene.risk.states] * eager * scene.eventful)
    by_self = rng.poisson(scene.volume * _OWN_RATE * scene.eventful)
    pairs = (spread_counts(by_others), spread_counts(by_self))
    owner, month = (np.concatenate(pair) for pair in zip(*pairs, strict=True))
    names, lines, weights = weighted_companies(CONSULTANTS)
    company = draw_index(rng, weights, len(owner))
    company[len(pairs[0][0]) :] = len(names)
    instants = scene.grid.instants(rng, month)
    columns = {
        "empresa": choose((*names, OWN_PORTAL), company),
        "tipo_empresa": choose((*lines, OWN_CONSULTATION), company),
        "data_consulta": pa.array(instants),
    }
    return events_table(scene, CONSULTAS, columns, owner=owner, instants=instants)
