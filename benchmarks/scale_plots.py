"""Plots of the plan for a country as SVG files: equal input gives equal bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from benchmarks.scale_costs import UnitCosts
from benchmarks.scale_prices import Assumptions
from benchmarks.scale_schedules import WORKERS, Outcome, Scenario, play
from benchmarks.scale_sizing import HOUR, Scale, money
from flows.svg_figures import BLUE, GREEN, GREY, ORANGE, RED, new_figure, to_svg

LINES = {
    (False, False): (BLUE, "-", "stores without limit"),
    (False, True): (BLUE, ":", "the same, workers failing"),
    (True, False): (ORANGE, "-", "stores at the allowed rates"),
    (True, True): (ORANGE, ":", "the same, workers failing"),
}
"""Colour, stroke and name by (limited, failing)."""
GANTT = Scenario(16, limited=False, failing=True)


def plots(outcomes: Sequence[Outcome], scale: Scale, costs: UnitCosts, given: Assumptions) -> Mapping[str, str]:
    """Return each plot's file name and text."""
    return {
        "makespan.svg": plot_makespan(outcomes),
        "efficiency.svg": plot_efficiency(outcomes),
        "gantt.svg": plot_gantt(play(GANTT, scale, costs, given)),
        "cost.svg": plot_cost(outcomes, scale, costs, given),
    }


def plot_makespan(outcomes: Sequence[Outcome]) -> str:
    """Return minutes that the ranges take against workers, and the bound below each line."""
    figure, axes = new_figure("How long the ranges take", "workers", "minutes, logarithmic")
    for (limited, failing), (colour, stroke, name) in LINES.items():
        chosen = _line(outcomes, limited=limited, failing=failing)
        axes.plot(WORKERS, [o.schedule.makespan / 60 for o in chosen], stroke, color=colour, marker="o", label=name)
        if not failing:
            label = "no schedule is faster" if limited else None
            axes.plot(WORKERS, [o.bound / 60 for o in chosen], "--", color=GREY, linewidth=0.8, label=label)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    _finish(axes)
    return to_svg(figure)


def plot_efficiency(outcomes: Sequence[Outcome]) -> str:
    """Return the share of the workers' time that went into useful work, against workers."""
    figure, axes = new_figure("How well the workers are used", "workers", "share of their time")
    for (limited, failing), (colour, stroke, name) in LINES.items():
        chosen = _line(outcomes, limited=limited, failing=failing)
        axes.plot(WORKERS, [o.schedule.efficiency for o in chosen], stroke, color=colour, marker="o", label=name)
    axes.set_ylim(0, 1)
    _finish(axes)
    return to_svg(figure)


def plot_gantt(outcome: Outcome) -> str:
    """Return which worker held which task when; tasks that a failure ended are red."""
    schedule = outcome.schedule
    figure, axes = new_figure(
        f"One night's ranges on {schedule.workers} workers, {schedule.failures} failures", "minutes", "worker"
    )
    for stretch in schedule.stretches:
        colour = RED if stretch.failed else (BLUE, GREEN)[stretch.task % 2]
        width = (stretch.end - stretch.start) / 60
        axes.barh(
            stretch.worker, width, left=stretch.start / 60, height=0.8, color=colour, edgecolor="white", linewidth=0.3
        )
    axes.axvline(schedule.makespan / 60, color=GREY, linewidth=0.8, linestyle=":")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.invert_yaxis()
    return to_svg(figure)


def plot_cost(outcomes: Sequence[Outcome], scale: Scale, costs: UnitCosts, given: Assumptions) -> str:
    """Return dollars a million scores against workers: the workers alone, by simulated time, and everything."""
    figure, axes = new_figure("Money against workers", "workers", "$ a million scores")
    millions = scale.consumers / 1e6
    for limited, colour, name in ((False, BLUE, "stores without limit"), (True, ORANGE, "stores at the allowed rates")):
        alone, together = [], []
        for outcome in _line(outcomes, limited=limited, failing=False):
            sized = replace(scale, workers=outcome.scenario.workers)
            parts = money(sized, costs, given)
            rest = sum(parts.values()) - parts["workers"]
            hourly = sized.machines * given.value("worker") * given.value("region")
            alone.append(hourly * outcome.schedule.makespan / HOUR / millions)
            together.append(alone[-1] + rest / millions)
        axes.plot(WORKERS, together, "-", color=colour, marker="o", label=f"everything, {name}")
        axes.plot(WORKERS, alone, ":", color=colour, marker="o", label=f"workers alone, {name}")
    axes.set_ylim(bottom=0)
    _finish(axes)
    return to_svg(figure)


def _line(outcomes: Sequence[Outcome], *, limited: bool, failing: bool) -> list[Outcome]:
    wanted = [Scenario(workers, limited, failing) for workers in WORKERS]
    return [outcome for outcome in outcomes if outcome.scenario in wanted]


def _finish(axes: Axes) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(WORKERS, [str(workers) for workers in WORKERS])
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=8)
