"""Under which keys the audit names persons: told from the index of its subjects, a few probes for each key.

A name begins with its key's id, of KEY_ID_CHARACTERS characters and the first of them a `k`, or, in rows that are older
than that, with `cliente:` or `cpf:`, which come before it in every collation.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from serve.published.person_hash import KEY_ID_CHARACTERS, PersonHash

_KEY_IDS = sa.text(
    f"""
    WITH RECURSIVE found (key_id) AS (
        (SELECT left(sujeito, {KEY_ID_CHARACTERS}) FROM auditoria WHERE sujeito > 'k' ORDER BY sujeito LIMIT 1)
        UNION ALL
        SELECT (SELECT left(sujeito, {KEY_ID_CHARACTERS}) FROM auditoria
                WHERE sujeito > found.key_id || 'z' ORDER BY sujeito LIMIT 1)
        FROM found WHERE found.key_id IS NOT NULL
    )
    SELECT key_id FROM found WHERE key_id IS NOT NULL
    """
)
_UNMARKED_SINCE = sa.text("SELECT EXISTS (SELECT FROM auditoria WHERE sujeito < 'k' AND momento >= :since)").bindparams(
    sa.bindparam("since", type_=sa.TIMESTAMP(timezone=True))
)
_USED_SINCE = sa.text(
    "SELECT EXISTS (SELECT FROM auditoria WHERE sujeito > :key_id AND sujeito < :key_id || 'z' AND momento >= :since)"
).bindparams(sa.bindparam("since", type_=sa.TIMESTAMP(timezone=True)), sa.bindparam("key_id", type_=sa.Text))


def keys_in_audit(connection: sa.Connection, *, since: datetime, known: PersonHash | None = None) -> frozenset[str]:
    """Return the ids of the keys under which rows since an instant name persons, those of ``known`` left out."""
    skipped = set() if known is None else {names.key_id for names in known.known}
    found = [key_id for key_id in connection.scalars(_KEY_IDS) if key_id not in skipped]
    values = ({"key_id": key_id, "since": since} for key_id in found)
    return frozenset(each["key_id"] for each in values if connection.scalar(_USED_SINCE, each))


def has_unmarked(connection: sa.Connection, *, since: datetime) -> bool:
    """Return whether rows since an instant have names without a key's id: those are of the oldest key."""
    return bool(connection.scalar(_UNMARKED_SINCE, {"since": since}))
