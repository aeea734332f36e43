"""What an installation costs a month: ``python -m deploy.costs`` prints it by size, from templates, plan and prices.

    python -m deploy.costs [--values FILE.json --consumers N] [--prices FILE.yaml] [--write]

Quantities come from the templates' parameters and the plan for a country, prices from ``deploy/costs/prices.yaml``.
``--write`` writes the tables of docs/explanation/aws-costs.md anew.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scale_cells import make_table
from benchmarks.scale_costs import DOCS, MILLION, read_costs
from benchmarks.scale_plan import fill_page
from benchmarks.scale_prices import Assumptions
from benchmarks.scale_sizing import COUNTRY, Scale, money
from deploy.costs.oracle_licence import licence_table
from deploy.costs.price_list import NOTHING, Dollars, PriceList, load_prices
from deploy.costs.quantities import NIGHTS, Installation, quantities, root_values
from deploy.templates import FOLDER

PAGE = DOCS / "explanation" / "aws-costs.md"
SIZES = (("small", 100_000), ("small", MILLION), ("medium", 20 * MILLION), ("country", COUNTRY))
"""Values of ``deploy/aws/parameters`` and consumers, as the page shows them."""
CALL_SECONDS = 0.05
"""A call of System C, assumed; its memory is the template's."""
LOG_GB = 2.0
"""What a million requests write into logs, the gateway's and the firewall's: 2 kB each, assumed."""
_DIGITS = 2
"""Digits that an estimate deserves."""


@dataclass(frozen=True)
class Estimate:
    """A month of one installation, part by part."""

    name: str
    of: Installation
    parts: Mapping[str, Dollars]

    @property
    def all(self) -> Dollars:
        """Return the sum of the parts."""
        return sum(self.parts.values(), NOTHING)


def estimate(name: str, of: Installation, prices: PriceList) -> Estimate:
    """Return what a month of an installation costs; LookupError if something has no price."""
    parts: dict[str, Dollars] = {}
    for each in quantities(of):
        parts[each.part] = parts.get(each.part, NOTHING) + prices.of(each.price).times(each.amount, each.most)
    return Estimate(name, of, parts)


def installation(values: Path, consumers: int) -> Installation:
    """Return an installation by a file of the root's values."""
    entries = json.loads(values.read_text("utf-8"))
    given = {each["ParameterKey"]: each["ParameterValue"] for each in entries}
    return Installation(root_values(given), consumers, read_costs())


def estimates(prices: PriceList) -> list[Estimate]:
    """Return every size of the page."""
    return [
        estimate(name, installation(FOLDER / "parameters" / f"{name}.json", consumers), prices)
        for name, consumers in SIZES
    ]


def rounded(dollars: float) -> str:
    """Return an amount with the digits that it deserves.

    >>> rounded(13_456.7), rounded(7.04), rounded(0.42), rounded(0)
    ('13,000', '7', '0.4', '0')
    """
    if dollars < 1:
        return f"{dollars:.1f}".rstrip("0").rstrip(".")
    return f"{float(f'{dollars:.{_DIGITS}g}'):,.0f}"


def months_table(found: Sequence[Estimate]) -> str:
    """Return the parts of a month by size, as expected, and from what to what all of it may be."""
    parts = list(dict.fromkeys(part for each in found for part in each.parts))
    parts.sort(key=lambda part: -found[-1].parts.get(part, NOTHING).expected)
    rows = [(part, *(rounded(each.parts.get(part, NOTHING).expected) for each in found)) for part in parts]
    rows.append(("**all, expected**", *(f"**{rounded(each.all.expected)}**" for each in found)))
    rows.append(("from, to", *(f"{rounded(each.all.low)} to {rounded(each.all.high)}" for each in found)))
    rows.append(("a thousand consumers", *(_cents(each.all.expected / each.of.consumers * 1000) for each in found)))
    return make_table(("$ a month", *(f"{_people(each.of.consumers)}, `{each.name}`" for each in found)), rows)


def _cents(dollars: float) -> str:
    return f"{float(f'{dollars:.{_DIGITS}g}'):,g}"


def _people(consumers: int) -> str:
    return f"{consumers / MILLION:g} M" if consumers >= MILLION else f"{consumers:,}"


def requests_table(prices: PriceList) -> str:
    """Return what a million requests cost, whatever the size."""
    rows = [
        ("gateway", prices.of("gateway/requests")),
        ("firewall", prices.of("firewall/requests")),
        ("logs of both", prices.of("logs").times(LOG_GB)),
        (
            "System C's own million, 50 ms each",
            prices.of("lambda/requests") + prices.of("lambda/run").times(CALL_SECONDS * MILLION),
        ),
    ]
    return make_table(
        ("a million requests", "$, expected", "from, to"),
        [(what, f"{cost.expected:.2f}", f"{cost.low:.2f} to {cost.high:.2f}") for what, cost in rows],
    )


WHY = {
    "cache": ("Redis", "the same node and its replica"),
    "results": (
        "PostgreSQL, machines; PostgreSQL, storage",
        "a machine twice as large, and a replica for the analysts beside the stand-by, with a disk of its own",
    ),
    "lake": ("lake, storage; lake, requests", "ranges of `RangeSize` consumers here, which make more requests"),
    "reading between zones": ("transfer between zones", "the same bytes"),
    "the night's workers": (
        "workers; driver",
        "Fargate; Prefect, the scheduler and the run's process stay up all day, and `DaskWorkers` all night",
    ),
}
"""Parts that both pages count: what scale.md calls them, and why they differ."""


def plan_table(country: Estimate) -> str:
    """Return the parts that the plan for a country counts too, beside it."""
    plan = money(Scale(), country.of.costs, Assumptions())
    rows = []
    for part, (names, why) in WHY.items():
        theirs = NIGHTS * sum(plan[name] for name in names.split("; "))
        rows.append((f"{part} ({names})", rounded(theirs), rounded(country.parts[part].expected), why))
    return make_table(("part (in the plan)", "$ a month, plan", "here", "why"), rows)


def prices_table(prices: PriceList) -> str:
    """Return every price as it was found, before São Paulo's factor."""
    rows = [
        (f"`{name}`", f"{each.price:.10f}".rstrip("0").rstrip("."), each.unit, each.kind, each.date, each.source)
        for name, each in prices.prices.items()
    ]
    return make_table(("price", "$", "a", "kind", "date", "from"), rows)


def blocks(prices: PriceList) -> dict[str, str]:
    """Return the page's tables."""
    found = estimates(prices)
    country = found[-1]
    return {
        "months": months_table(found),
        "requests": requests_table(prices),
        "licence": licence_table(country.of, prices),
        "beside-the-plan": plan_table(country),
        "prices": prices_table(prices),
    }


def main() -> None:
    """Print the table of one installation, or of every size, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--values", type=Path, help="the root's values, as in deploy/aws/parameters")
    parser.add_argument("--consumers", type=int, default=MILLION, help="consumers of that installation")
    parser.add_argument("--prices", type=Path, action="append", default=[], help="prices in place of the list's")
    parser.add_argument("--write", action="store_true", help="write the page, by the list alone")
    options = parser.parse_args()
    if options.write:
        PAGE.write_text(fill_page(PAGE.read_text("utf-8"), blocks(load_prices())), "utf-8")
        return
    prices = load_prices(*options.prices)
    if options.values is None:
        found = estimates(prices)
    else:
        found = [estimate(options.values.stem, installation(options.values, options.consumers), prices)]
    print(months_table(found))  # noqa: T201 - what the command is for
    for each in found:
        if text := licence_table(each.of, prices):
            print(f"\n{text}")  # noqa: T201
