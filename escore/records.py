"""What the three stores held, as a run read it: the checked records of each table, and what was refused, counted."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from contracts.errors import UsageError
from contracts.settings import Settings
from contracts.tables import CLIENTE, PESSOA, TABLES_BY_NAME
from escore.dictionary import COLUMN_UNITS
from escore.frames import frame_of, keyed_by_client
from escore.nights import RunName, find_night
from escore.streams import MOST_ROWS, RangeStream, gather, records_of, stream_frames
from extract.lake import read_extraction


def load_records(  # noqa: PLR0913 - each narrows what is read
    table: str,
    *,
    share: float = 1.0,
    keep_cpf: bool = False,
    most: int | None = MOST_ROWS,
    run: RunName | None = None,
    settings: Settings | None = None,
) -> pd.DataFrame:
    """Return the checked records of one of the eight source tables, as the run read them, indexed by ``cliente_id``.

    Money is in whole cents (Int64, columns that end in ``_centavos``), dates are ``datetime64[us]`` at midnight,
    instants ``datetime64[us, UTC]``. ``list_tables()`` and ``list_columns(table)`` say what there is. Parameters and
    errors as ``load_features`` has them.

    Examples
    --------
    >>> debts = escore.load_records("divida", share=0.5)
    >>> debts[["valor_centavos", "vencimento", "registrada_em"]].dtypes.astype(str).to_list()
    ['Int64', 'datetime64[us]', 'datetime64[us, UTC]']
    >>> debts.attrs["units"]["valor_centavos"]
    'centavos'
    """
    stream = iter_records(table, share=share, keep_cpf=keep_cpf, run=run, settings=settings)
    return gather(stream, most=most, streamed="iter_records")


def iter_records(
    table: str,
    *,
    share: float = 1.0,
    keep_cpf: bool = False,
    run: RunName | None = None,
    settings: Settings | None = None,
) -> RangeStream[pd.DataFrame]:
    """Return an iterator over a source table's checked records, one frame a CPF range, as ``load_records`` has them.

    Examples
    --------
    >>> owed = sum(part["valor_centavos"].sum() for part in escore.iter_records("divida"))
    >>> owed == escore.load_records("divida")["valor_centavos"].sum()
    np.True_
    """
    if table not in TABLES_BY_NAME:
        raise UsageError(f"table: one of {', '.join(TABLES_BY_NAME)}")
    night = find_night(run, settings=settings)
    hidden = {"id"} if table in (CLIENTE.name, PESSOA.name) else set()

    def part(index: int) -> pa.Table:
        found = records_of(night, index, {CLIENTE.name: None, table: None})
        clients = None if table == CLIENTE.name else found[CLIENTE.name]
        keyed = keyed_by_client(found[table], clients, keep_cpf=True)
        return keyed.select([name for name in keyed.column_names if name not in hidden])

    return stream_frames(night, part, share=share, as_of=night.as_of, units=COLUMN_UNITS[table], keep_cpf=keep_cpf)


def load_rejects(*, run: RunName | None = None, settings: Settings | None = None) -> pd.DataFrame:
    """Return how many records a run refused, by store, table and rule (descending): the records stay where they are.

    Returns
    -------
    pandas.DataFrame
        ``base`` (A, B or C), ``tabela``, ``regra`` (docs/reference/rules.md says what each is) and ``registros``
        (Int64), without an index of its own.

    Examples
    --------
    >>> escore.load_rejects().columns.to_list()
    ['base', 'tabela', 'regra', 'registros']
    """
    night = find_night(run, settings=settings)
    places: list[int | None] = [one.index for one in night.ranges]
    tables = [read_extraction(night.lake, night.run.snapshot_id, index, []).rejects for index in [*places, None]]
    counted = pa.concat_tables(tables).group_by(["base", "tabela", "regra"]).aggregate([([], "count_all")])
    frame = frame_of(counted.rename_columns(["base", "tabela", "regra", "registros"]))
    return frame.sort_values(["registros", "tabela", "regra"], ascending=[False, True, True], ignore_index=True)
