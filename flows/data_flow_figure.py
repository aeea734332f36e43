"""The picture of where personal data go: a box a place, coloured by the form that it holds them in, arrows between."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from contracts.table_declaration import DIRECT
from flows.personal_data_map import FLOWS, PLACES, Form, Place
from flows.svg_figures import GREEN, GREY, ORANGE, RED, to_svg

_COLOURS = {Form.CLEAR: RED, Form.SEALED: ORANGE, Form.KEYED: ORANGE, Form.MASKED: ORANGE, Form.COUNTED: GREEN}
_LEGEND = (
    (RED, "names or finds a person in clear"),
    (ORANGE, "keyed hashes or encrypted"),
    (GREEN, "nobody: counts and ids of runs"),
)
_CENTRES = {
    "base_a": (0.10, 0.80),
    "base_b": (0.10, 0.55),
    "base_c": (0.10, 0.30),
    "snapshot": (0.32, 0.55),
    "features": (0.54, 0.55),
    "models": (0.54, 0.20),
    "results": (0.76, 0.80),
    "redis": (0.76, 0.44),
    "api": (0.95, 0.62),
    "prefect": (0.95, 0.90),
    "audit": (0.76, 0.14),
    "told": (0.95, 0.12),
}
_WIDTH, _HEIGHT = 0.145, 0.13


def data_flow_figure() -> str:
    """Return the picture as SVG; the same places and flows give the same bytes."""
    figure = Figure(figsize=(11.0, 5.2))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, 1.04)
    axes.set_ylim(0, 1)
    axes.axis("off")
    boxes = {place.name: _draw_place(axes, place) for place in PLACES}
    for origin, target, what in FLOWS:
        _draw_flow(axes, boxes[origin], boxes[target], what)
    for number, (colour, text) in enumerate(_LEGEND):
        axes.text(0.02, 0.13 - 0.045 * number, f"■ {text}", color=colour, fontsize=9)
    return to_svg(figure)


def colour_of(place: Place) -> str:
    """Return the colour of the strongest form in which a place names or finds a person."""
    forms = {form for nature, form in place.holds.items() if nature in DIRECT}
    if Form.CLEAR in forms:
        return _COLOURS[Form.CLEAR]
    return _COLOURS[Form.KEYED] if forms else _COLOURS[Form.COUNTED]


def _draw_place(axes: Axes, place: Place) -> FancyBboxPatch:
    x, y = _CENTRES[place.name]
    corner, style = (x - _WIDTH / 2, y - _HEIGHT / 2), "round,pad=0,rounding_size=0.012"
    box = FancyBboxPatch(corner, _WIDTH, _HEIGHT, boxstyle=style, facecolor="white", edgecolor=colour_of(place), lw=2)
    axes.add_patch(box)
    axes.text(x, y, _in_lines(place.title), ha="center", va="center", fontsize=9)
    return box


def _draw_flow(axes: Axes, origin: FancyBboxPatch, target: FancyBboxPatch, what: str) -> None:
    begin, end = ((box.get_x() + _WIDTH / 2, box.get_y() + _HEIGHT / 2) for box in (origin, target))
    axes.add_patch(
        FancyArrowPatch(begin, end, arrowstyle="-|>", mutation_scale=11, color=GREY, patchA=origin, patchB=target)
    )
    is_flat = abs(end[1] - begin[1]) < 1.1 * _HEIGHT
    middle = ((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2 + (0.025 if is_flat else 0))
    ground = None if is_flat else {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    align = "bottom" if is_flat and end[1] == begin[1] else "center"
    axes.text(*middle, what, ha="center", va=align, fontsize=7, color=GREY, bbox=ground)


def _in_lines(title: str) -> str:
    r"""Return a title in lines of some sixteen characters.

    >>> _in_lines("Logs, metrics, traces, reports")
    'Logs, metrics,\ntraces, reports'
    """
    lines = [""]
    for word in title.split():
        if len(lines[-1]) + len(word) > 16:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(line for line in lines if line)
