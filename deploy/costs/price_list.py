"""What AWS asks for a piece of each thing (``prices.yaml``), with São Paulo's factor and how sure each price is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PRICES = Path(__file__).with_name("prices.yaml")
UNSURE = 1.25
"""By how much an assumed price may be off, either way."""


@dataclass(frozen=True)
class Dollars:
    """An amount of money as far as it is known: what it is at least, what is expected, what it is at most."""

    low: float
    expected: float
    high: float

    def __add__(self, other: Dollars) -> Dollars:
        return Dollars(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def times(self, amount: float, most: float | None = None) -> Dollars:
        """Return what so many cost; ``most`` of them at the most."""
        return Dollars(self.low * amount, self.expected * amount, self.high * (amount if most is None else most))


NOTHING = Dollars(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Price:
    """One price as it was found: ``kind`` is "found" or "assumed", ``region`` where it is asked."""

    price: float
    unit: str
    kind: str
    date: str
    source: str
    region: str


@dataclass(frozen=True)
class PriceList:
    """All prices by name, and the factor that makes those of us-east-1 the installation's."""

    region: str
    factor: Dollars
    factor_source: str
    prices: Mapping[str, Price]

    def __iter__(self) -> Iterator[str]:
        return iter(self.prices)

    def of(self, name: str) -> Dollars:
        """Return one price in the installation's region; LookupError if the list has none."""
        if name not in self.prices:
            raise LookupError(f"no price of {name}: give one by --prices, as deploy/costs/prices.yaml does")
        found = self.prices[name]
        factor = self.factor if found.region == "us-east-1" else Dollars(1.0, 1.0, 1.0)
        unsure = UNSURE if found.kind == "assumed" else 1.0
        return Dollars(
            found.price * factor.low / unsure, found.price * factor.expected, found.price * factor.high * unsure
        )


def load_prices(*files: Path) -> PriceList:
    """Return the list of the repository; what further files name stands in place of what it has."""
    documents: list[dict[str, Any]] = [yaml.safe_load(file.read_text("utf-8")) for file in (PRICES, *files)]
    factor = {key: value for document in documents for key, value in document.get("factor", {}).items()}
    prices = {name: body for document in documents for name, body in document.get("prices", {}).items()}
    return PriceList(
        region=next(document["region"] for document in reversed(documents) if "region" in document),
        factor=Dollars(factor["low"], factor["expected"], factor["high"]),
        factor_source=factor["source"],
        prices={name: _price(body) for name, body in prices.items()},
    )


def _price(body: Mapping[str, Any]) -> Price:
    return Price(
        price=float(body["price"]),
        unit=body["unit"],
        kind=body["kind"],
        date=str(body["date"]),
        source=body["source"],
        region=body.get("region", "us-east-1"),
    )
