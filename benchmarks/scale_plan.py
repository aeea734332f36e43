"""The plan for a country: docs/explanation/scale.md's tables and plots, from unit costs, assumptions and simulation.

    python -m benchmarks.scale_plan [--write]

Prints the tables, or writes them between the page's markers and the plots under docs/benchmarks/scale. The page's prose
holds no number of the plan, so that it stays true when a figure is measured anew.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.scale_costs import DOCS, UnitCosts, read_costs
from benchmarks.scale_prices import Assumptions
from benchmarks.scale_schedules import Outcome, Scenario, play_all
from benchmarks.scale_sizing import Scale

PAGE = DOCS / "explanation" / "scale.md"
PLOTS = DOCS / "benchmarks" / "scale"
_MARKED = re.compile(r"(<!-- plan: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Plan:
    """A size, unit costs and assumptions; the schedules are simulated once, when asked for."""

    scale: Scale
    costs: UnitCosts
    given: Assumptions

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """Return every simulated scenario."""
        return play_all(self.scale, self.costs, self.given)

    def outcome(self, workers: int, *, limited: bool, failing: bool) -> Outcome:
        """Return one of them."""
        wanted = Scenario(workers, limited, failing)
        return next(outcome for outcome in self.outcomes if outcome.scenario == wanted)


def make_plan(docs: Path = DOCS) -> Plan:
    """Return the plan as the pages' figures give it now."""
    return Plan(Scale(), read_costs(docs), Assumptions())


def fill_page(text: str, blocks: Mapping[str, str]) -> str:
    """Return a page with every marked block replaced; LookupError if page and blocks do not name the same ones."""
    marked = [name for _, name, _ in _MARKED.findall(text)]
    if sorted(marked) != sorted(blocks):
        raise LookupError(f"the page marks {sorted(marked)}, the plan has {sorted(blocks)}")
    return _MARKED.sub(lambda match: f"{match[1]}\n{blocks[match[2]].strip()}\n\n{match[3]}", text)


def main() -> None:
    from benchmarks.scale_plots import plots  # noqa: PLC0415 - matplotlib
    from benchmarks.scale_tables import tables  # noqa: PLC0415 - it needs Plan

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the page and the plots")
    options = parser.parse_args()
    plan = make_plan()
    blocks = tables(plan)
    if not options.write:
        print("\n\n".join(blocks.values()))
        return
    PAGE.write_text(fill_page(PAGE.read_text(encoding="utf-8"), blocks), encoding="utf-8")
    PLOTS.mkdir(parents=True, exist_ok=True)
    for name, text in plots(plan.outcomes, plan.scale, plan.costs, plan.given).items():
        (PLOTS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
