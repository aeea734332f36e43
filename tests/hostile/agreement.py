"""What extraction made of hostile records, held against the verdicts of the plain rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from contracts.extraction import Extraction, TableCounts
from contracts.rules import RULES, Outcome
from contracts.table_declaration import Table
from tests.hostile.judgement import Judged


def check(
    parts: Sequence[Extraction], verdicts: Mapping[str, Sequence[Judged]], *, calm: Mapping[str, int] | None = None
) -> None:
    """Assert that rejects and counts are those of the plain rules, and that all adds up.

    ``calm`` is how many records a table holds besides those judged: all of them are used.
    """
    for table, found in verdicts.items():
        others = (calm or {}).get(table, 0)
        total = sum((part.counts[table] for part in parts), TableCounts())
        refused = Counter(
            (r["chave"], r["regra"]) for p in parts for r in p.rejects.to_pylist() if r["tabela"] == table
        )
        expected = Counter((one.key, one.rule) for one in found if _outcome(one) is Outcome.REJECTED)
        assert refused - expected == Counter(), table
        assert expected - refused == Counter(), table
        assert total.read == len(found) + others
        assert total.difference == 0
        assert total.ignored == Counter(one.rule for one in found if _outcome(one) is Outcome.IGNORED)
        assert total.used == sum(one.rule is None for one in found) + others


def _outcome(one: Judged) -> Outcome | None:
    return None if one.rule is None else RULES[one.rule].outcome


def lines_of(
    parts: Sequence[Extraction], tables: Iterable[Table], cpfs: Collection[str]
) -> dict[str, list[dict[str, object]]]:
    """Return what the lake would hold of some consumers, by table."""
    return {
        table.name: [row for part in parts for row in part.tables[table.name].to_pylist() if row["cpf"] in cpfs]
        for table in tables
    }
