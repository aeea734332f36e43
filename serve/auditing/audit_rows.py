"""The statements that add to the table ``auditoria``: a piece of a journal segment, exactly once, or one entry."""

from __future__ import annotations

import sqlalchemy as sa

from serve.auditing.entry import AuditEntry, storable
from serve.auditing.journal_format import Header
from serve.auditing.segment_reader import Piece

_OFFSET = sa.text("SELECT bytes FROM auditoria_diario WHERE id = :id")

_SHIP = sa.text(
    """
    WITH claimed AS (
        INSERT INTO auditoria_diario AS d (id, iniciado_em, bytes, registros, danificados)
        SELECT :id, :started, :end, :records, :damaged
        WHERE :start = 0 OR EXISTS (SELECT FROM auditoria_diario WHERE id = :id)
        ON CONFLICT (id) DO UPDATE
        SET bytes = excluded.bytes, registros = d.registros + excluded.registros,
            danificados = d.danificados + excluded.danificados, atualizado_em = now()
        WHERE d.bytes = :start
        RETURNING d.id
    ), line AS MATERIALIZED (
        SELECT place, TIMESTAMPTZ 'epoch' + CAST(array_ ->> 0 AS bigint) * INTERVAL '1 microsecond' AS momento,
            array_ ->> 1 AS consulente, array_ ->> 2 AS recurso, array_ ->> 3 AS finalidade,
            CAST(array_ ->> 4 AS integer) AS resultado, array_ ->> 5 AS requisicao_id,
            CAST(array_ ->> 6 AS boolean) AS titular, array_ -> 7 AS sujeitos
        FROM jsonb_array_elements(CAST(:lines AS jsonb)) WITH ORDINALITY AS l (array_, place)
    ), added AS (
        INSERT INTO auditoria (momento, consulente, sujeito, recurso, finalidade, resultado, requisicao_id, titular)
        SELECT momento, consulente, sujeito, recurso, finalidade, resultado, requisicao_id, titular
        FROM line CROSS JOIN LATERAL jsonb_array_elements_text(sujeitos) WITH ORDINALITY AS s (sujeito, within)
        WHERE EXISTS (SELECT FROM claimed)
        ORDER BY place, within
    )
    SELECT count(*) FROM claimed
    """
).bindparams(
    sa.bindparam("id", type_=sa.Uuid),
    sa.bindparam("started", type_=sa.TIMESTAMP(timezone=True)),
    *(sa.bindparam(name, type_=sa.BigInteger) for name in ("start", "end", "records", "damaged")),
)
"""One statement, hence one transaction: the offset moves from ``start`` to ``end`` and the rows come with it.

Of two that ship the same piece the second waits for the row of ``auditoria_diario``, finds the offset moved, and
adds nothing. A piece that does not begin at 0 of a segment that the table does not know adds nothing either.
"""

_ADD = sa.text(
    "INSERT INTO auditoria (momento, consulente, sujeito, recurso, finalidade, resultado, requisicao_id, titular)"
    " SELECT :momento, :consulente, sujeito, :recurso, :finalidade, :resultado, :requisicao_id, :titular"
    " FROM unnest(CAST(:subjects AS text[])) WITH ORDINALITY AS s (sujeito, place) ORDER BY place"
).bindparams(sa.bindparam("momento", type_=sa.TIMESTAMP(timezone=True)))


def shipped_bytes(connection: sa.Connection, header: Header) -> int:
    """Return up to which byte a segment is in the audit; 0 if none of it is."""
    return _alone(connection).scalar(_OFFSET, {"id": header.id}) or 0


def ship_piece(connection: sa.Connection, header: Header, piece: Piece) -> bool:
    """Add a piece's rows and move the segment's offset, and commit; False if another shipper was there first."""
    values = {
        "id": header.id,
        "started": header.started,
        "start": piece.start,
        "end": piece.end,
        "records": len(piece.payloads),
        "damaged": piece.damaged + piece.tail,
        "lines": f"[{b','.join(piece.payloads).decode()}]",
    }
    return bool(_alone(connection).scalar(_SHIP, values))


def add_entry(connection: sa.Connection, entry: AuditEntry) -> None:
    """Add an entry's rows, and commit."""
    add_to_transaction(_alone(connection), entry)


def add_to_transaction(connection: sa.Connection, entry: AuditEntry) -> None:
    """Add an entry's rows to what the caller commits, so that what is on record was done, and the reverse."""
    values = {
        "momento": entry.momento,
        "consulente": storable(entry.consulente),
        "recurso": entry.recurso,
        "finalidade": storable(entry.finalidade),
        "resultado": entry.resultado,
        "requisicao_id": storable(entry.requisicao_id),
        "titular": entry.titular,
        "subjects": list(entry.subjects),
    }
    connection.execute(_ADD, values)


def _alone(connection: sa.Connection) -> sa.Connection:
    """Return the connection without transactions: each of these is one statement, committed in one round trip."""
    return connection.execution_options(isolation_level="AUTOCOMMIT")
