"""Labels, training, the scorecard, its registry, and its application.

``from models import Scorecard`` loads scikit-learn only when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.scorecard import Scorecard

__all__ = ["Scorecard"]


def __getattr__(name: str) -> object:
    if name == "Scorecard":
        from models.scorecard import Scorecard  # noqa: PLC0415 - scikit-learn takes seconds to import

        return Scorecard
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
