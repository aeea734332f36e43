"""The page on watching the API names the measures that there are, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from serve.api.metrics import Metrics
from serve.auditing.entry import AuditEntry, AuditLag

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "watch-the-api.md"


class EmptyAudit:
    """An audit of which nothing waits."""

    async def record(self, entry: AuditEntry) -> None:
        raise NotImplementedError

    def lag(self) -> AuditLag:
        return AuditLag()

    async def open(self) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


def test_the_page_names_every_measure():
    metrics = Metrics()
    metrics.watch_audit(EmptyAudit())
    kinds = re.findall(r"^# TYPE (escore_\w+) (?:counter|gauge|histogram)$", metrics.render().decode(), re.MULTILINE)
    given = {name for name in kinds if not name.endswith("_created")}
    assert given == set(re.findall(r"^\| `(escore_\w+)`", PAGE.read_text("utf-8"), re.MULTILINE))
