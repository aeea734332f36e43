"""What features and models say of a column alike: its type, and the direction of risk that credit sense expects."""

from __future__ import annotations

from enum import StrEnum


class InputType(StrEnum):
    """A feature's type: a number, missing where unknown, or a category."""

    NUMBER = "double"
    CATEGORY = "text"


class RiskDirection(StrEnum):
    """How risk must move with the value: up, down, or as the data say."""

    MORE_RISK = "maior_mais_risco"
    LESS_RISK = "maior_menos_risco"
    FREE = "livre"
