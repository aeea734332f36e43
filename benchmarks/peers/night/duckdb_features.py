"""The features in one DuckDB query over the whole snapshot, with DuckDB's own defaults: ``duckdb_features.sql``.

The query is written anew from the features' definitions, as an analyst writes it; it shares no text with ours.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks.peers.night.snapshot import Night

TABLES = ("cliente", "divida", "fonte_de_renda", "bem", "movimentacoes", "consultas", "compras")
_QUERY = Path(__file__).with_name("duckdb_features.sql")


def write_features(night: Night, result: Path) -> None:
    """Write the features of every known client, sorted by CPF, as one Parquet file."""
    variables = {
        "as_of": night.as_of,
        "cutoff": night.cutoff,
        "window_start": night.window_start,
        "oldest_due": night.oldest_due,
        **{table: night.glob(table) for table in TABLES},
    }
    with duckdb.connect() as connection:
        for name, value in variables.items():
            connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
        connection.execute(_QUERY.read_text().replace("{result}", str(result)))
