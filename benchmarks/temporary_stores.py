"""Embedded stores in a folder of their own, with their tables; erased at the end unless the folder is to be kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.settings import Settings, load_settings
from stores.embedded import erase_stores, start_stores, stop_stores
from stores.migrate import migrate


@contextmanager
def temporary_stores(*, keep: Path | None = None, with_prefect: bool = False) -> Iterator[Settings]:
    """Yield the settings of empty stores, or of those in ``keep``, which are only stopped at the end.

    Their data lie in the folder ``settings.var``, beside which a caller may put what goes with them.
    """
    with tempfile.TemporaryDirectory(prefix="escore-bench-") as folder:
        var = keep or Path(folder) / "var"
        try:
            start_stores(var, with_prefect=with_prefect, report=lambda _line: None)
            settings = load_settings({"var": var})
            migrate(settings)
            yield settings
        finally:
            stop_stores(var) if keep else erase_stores(var)
