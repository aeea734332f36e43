"""Checks of a record against the client it belongs to, and of both against the reference date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.reference_date import LONGEST_WINDOW_DAYS, cutoff_utc, prescription_date
from contracts.table_declaration import INSTANT_TYPE
from contracts.tables import OWN_CONSULTATION
from extract.field_checks import flags
from extract.records import Codes, Flags, Records
from extract.value_runs import Runs
from extract.verdicts import Verdicts

Places = npt.NDArray[np.int32]

UNPLACED = -1
"""The place of an unknown client: as an index, that of the state appended to the clients' own."""

_MICROSECONDS_A_DAY = 86_400_000_000


class ClientState(IntEnum):
    """What is known of the client that a record names."""

    USED = 0
    LATER = 1
    REJECTED = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class ClientIndex:
    """The clients of one range (or of the strays): ids, CPFs and states, the used ones first."""

    ids: pa.Array
    cpfs: pa.Array
    states: Codes

    @classmethod
    def build(cls, clients: Records, verdicts: Verdicts) -> ClientIndex:
        """Return the index of all clients that were read, whatever became of them."""
        states = np.full(len(clients), ClientState.REJECTED, dtype=np.uint8)
        states[verdicts.unmet] = ClientState.USED
        states[verdicts.met("posterior_a_data_referencia")] = ClientState.LATER
        ids, cpfs = clients.columns["id"].values, clients.columns["cpf"].values
        listed = pa.table({"state": states, "id": ids})
        order = pc.sort_indices(listed, sort_keys=[("state", "ascending"), ("id", "ascending")])
        return cls(ids.take(order), cpfs.take(order), states[np.asarray(order)])

    def places(self, records: Records) -> Places:
        """Return each record's client as a place in the index (UNPLACED: unknown)."""
        own, named = (self.cpfs, "cpf") if records.table.joins_by == "cpf" else (self.ids, records.table.joins_by)
        runs = Runs.of(records.columns[named].values)
        found = pc.index_in(runs.values, value_set=own, skip_nulls=True)
        return runs.spread(np.asarray(pc.fill_null(found, UNPLACED)))


def check_links(records: Records, verdicts: Verdicts, clients: ClientIndex) -> None:
    """Give the verdicts of records whose client is unknown, another, rejected or later."""
    places = clients.places(records)
    states = np.append(clients.states, np.uint8(ClientState.UNKNOWN))[places]
    verdicts.apply("orfao", states == ClientState.UNKNOWN)
    if records.table.joins_by == "cpf" and "cliente_id" in records.columns:
        expected = clients.ids.take(pa.array(places, mask=places == UNPLACED))
        verdicts.apply("cliente_divergente", flags(pc.not_equal(records.columns["cliente_id"].values, expected)))
    verdicts.apply("titular_rejeitado", states == ClientState.REJECTED)
    verdicts.apply("titular_posterior", states == ClientState.LATER)


def check_known(records: Records, verdicts: Verdicts, *, as_of: date) -> None:
    """Give the verdict of records that were not known by the end of the reference date."""
    if records.table.known_at is not None:
        cutoff = pa.scalar(cutoff_utc(as_of), INSTANT_TYPE)
        later = pc.greater_equal(records.columns[records.table.known_at].values, cutoff)
        verdicts.apply("posterior_a_data_referencia", flags(later))


def check_uses(records: Records, verdicts: Verdicts, *, as_of: date) -> None:
    """Give the verdicts of sound records that feed nothing: own consultations, prescribed debts, old events."""
    name, columns = records.table.name, records.columns
    if name == "consultas":
        verdicts.apply("consulta_do_titular", _own_consultations(columns["tipo_empresa"].values))
    if name == "divida":
        oldest = pa.scalar(prescription_date(as_of), pa.date32())
        verdicts.apply("divida_prescrita", flags(pc.less(columns["vencimento"].values, oldest)))
    if records.table.key == "_id" and records.table.known_at is not None:
        window = np.datetime64(cutoff_utc(as_of), "us") - np.timedelta64(
            LONGEST_WINDOW_DAYS * _MICROSECONDS_A_DAY, "us"
        )
        first = pa.scalar(window.item(), INSTANT_TYPE)
        verdicts.apply("fora_da_janela", flags(pc.less(columns[records.table.known_at].values, first)))


def _own_consultations(kinds: pa.Array) -> Flags:
    own = [
        text for text in kinds.unique().to_pylist() if text is not None and text.strip().casefold() == OWN_CONSULTATION
    ]
    return flags(pc.is_in(kinds, value_set=pa.array(own, pa.string())))
