"""Embedded stores in a temporary folder, with their tables, erased at the end."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.settings import Settings, load_settings
from stores.embedded import erase_stores, start_stores
from stores.migrate import migrate


@contextmanager
def temporary_stores(*, with_prefect: bool = False) -> Iterator[Settings]:
    """Yield the settings of empty stores; their data lie in ``settings.var``'s folder."""
    with tempfile.TemporaryDirectory(prefix="escore-bench-") as folder:
        var = Path(folder) / "var"
        try:
            start_stores(var, with_prefect=with_prefect, report=lambda _line: None)
            settings = load_settings({"var": var})
            migrate(settings)
            yield settings
        finally:
            erase_stores(var)
