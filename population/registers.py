"""The registers: ``cliente`` of Base A and ``pessoa`` of Base B, with one address for both."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.tables import CLIENTE, PESSOA
from population.consumers import Consumers
from population.months import InstantArray, MonthGrid
from population.names import draw_names
from population.places import COMPLEMENTS, NEIGHBOURHOODS, STATES, STREETS
from population.raw_schema import choose, draw_index, raw_table

MARITAL_STATUSES = ("solteiro", "casado", "uniao_estavel", "divorciado", "viuvo")
_MARITAL_WEIGHTS = ((30, (0.82, 0.07, 0.10, 0.01, 0.0)), (50, (0.38, 0.35, 0.18, 0.08, 0.01)),
                    (65, (0.18, 0.50, 0.14, 0.12, 0.06)), (200, (0.10, 0.46, 0.07, 0.10, 0.27)))  # fmt: skip
_UNKNOWN_SHARE = 0.015
_NO_NUMBER_SHARE = 0.04
_COMPLEMENT_SHARE = 0.35
_WITHOUT_PERSON_SHARE = 0.01
_NEVER_UPDATED_SHARE = 0.3


def draw_registers(
    rng: np.random.Generator, consumers: Consumers, grid: MonthGrid
) -> tuple[pa.Table, pa.Table, npt.NDArray[np.int64]]:
    """Return the rows of ``cliente``, those of ``pessoa``, and which consumers the latter belong to.

    A few consumers have no ``pessoa``: Base B has not heard of everybody that Base A knows.
    """
    count = len(consumers.numbers)
    address = _draw_address(rng, consumers)
    updated = _draw_updates(rng, consumers.registered, grid)
    birth = pa.array(consumers.birth)
    clients = raw_table(
        CLIENTE,
        {
            "id": consumers.ids,
            "cpf": consumers.cpfs,
            "nome": draw_names(rng, consumers.is_female),
            "data_nascimento": birth,
            "sexo": _with_nulls(rng, choose(("M", "F"), consumers.is_female.astype(np.int64)), _UNKNOWN_SHARE),
            "estado_civil": _with_nulls(rng, _draw_marital_statuses(rng, consumers.age), _UNKNOWN_SHARE),
            "registrado_em": pa.array(consumers.registered),
            "atualizado_em": pa.array(updated),
            **address,
        },
    )
    owners = np.flatnonzero(rng.random(count) >= _WITHOUT_PERSON_SHARE)
    people = raw_table(
        PESSOA,
        {
            "cpf": consumers.cpfs,
            "cliente_id": consumers.ids,
            "data_nascimento": birth,
            "atualizado_em": pa.array(updated),
            **address,
        },
    )
    return clients, people.take(pa.array(owners)), owners


def _draw_address(rng: np.random.Generator, consumers: Consumers) -> dict[str, pa.Array]:
    count = len(consumers.numbers)
    numbers = pa.array(rng.integers(1, 3_000, count)).cast(pa.string())
    return {
        "uf": choose(tuple(place.code for place in STATES), consumers.state),
        "cidade": _draw_cities(rng, consumers.state),
        "bairro": choose(NEIGHBOURHOODS, rng.integers(0, len(NEIGHBOURHOODS), count)),
        "longadouro": choose(STREETS, rng.integers(0, len(STREETS), count)),
        "numero": _with_nulls(rng, numbers, _NO_NUMBER_SHARE),
        "complemento": _with_nulls(
            rng, choose(COMPLEMENTS, rng.integers(0, len(COMPLEMENTS), count)), 1.0 - _COMPLEMENT_SHARE
        ),
    }


def _draw_cities(rng: np.random.Generator, state: npt.NDArray[np.int64]) -> pa.Array:
    names: list[str] = []
    index = np.empty(len(state), dtype=np.int64)
    for number, place in enumerate(STATES):
        chosen = state == number
        weights = [residents for _, residents in place.cities]
        index[chosen] = len(names) + draw_index(rng, weights, int(chosen.sum()))
        names += [name for name, _ in place.cities]
    return choose(tuple(names), index)


def _draw_marital_statuses(rng: np.random.Generator, age: npt.NDArray[np.float64]) -> pa.Array:
    index = np.empty(len(age), dtype=np.int64)
    lower = 0
    for upper, weights in _MARITAL_WEIGHTS:
        chosen = (age >= lower) & (age < upper)
        index[chosen] = draw_index(rng, weights, int(chosen.sum()))
        lower = upper
    return choose(MARITAL_STATUSES, index)


def _draw_updates(rng: np.random.Generator, registered: InstantArray, grid: MonthGrid) -> InstantArray:
    span = (grid.cutoff - registered).astype(np.int64)
    is_updated = rng.random(len(registered)) >= _NEVER_UPDATED_SHARE
    moved = (rng.random(len(registered)) * span * is_updated).astype("timedelta64[ms]")
    updated: InstantArray = registered + moved
    return updated


def _with_nulls(rng: np.random.Generator, column: pa.Array, share: float) -> pa.Array:
    absent = pa.array(rng.random(len(column)) < share)
    return pa.array(column.to_numpy(zero_copy_only=False), mask=np.asarray(absent)) if share else column
