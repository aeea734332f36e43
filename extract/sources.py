"""The three live stores, as one value that extraction is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa
    from pymongo.database import Database


@dataclass(frozen=True, slots=True)
class Sources:
    """Open engines of Bases A and B and the database of Base C; all of them may be shared by threads."""

    base_a: sa.Engine
    base_b: sa.Engine
    base_c: Database[dict[str, Any]]
