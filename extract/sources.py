"""The three live stores, as one value that extraction is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extract.erased import Erased

if TYPE_CHECKING:
    import sqlalchemy as sa
    from pymongo.database import Database


@dataclass(frozen=True, slots=True)
class Sources:
    """Open engines of Bases A and B and the database of Base C; all of them may be shared by threads.

    ``erased`` names the persons of whom nothing may be taken over.
    """

    base_a: sa.Engine
    base_b: sa.Engine
    base_c: Database[dict[str, Any]]
    erased: Erased | None = None
