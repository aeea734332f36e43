"""A flame graph as one SVG without scripts: enter stacks and how often each was seen, leaves the picture.

A frame is as wide as its samples, stands on its caller, and names itself when pointed at. Colours tell the packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

WIDTH, ROW, MARGIN, HEAD = 1200.0, 17, 10, 58
LEAST_WIDTH = 0.6
CHARACTER = 6.2
COLOURS = {
    "features": "#f2a65a",
    "models": "#e4717a",
    "extract": "#6aa9d8",
    "contracts": "#8fc1a9",
    "flows": "#c9a6e4",
    "libraries": "#d9d4c7",
}
_PLACE = re.compile(r" \(([^)]*)\)$")


@dataclass(slots=True)
class Frame:
    """A function on a stack: the samples in it and below, and what it called."""

    name: str
    samples: int = 0
    called: dict[str, Frame] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """Return how many rows it needs, its own included."""
        return 1 + max((frame.depth for frame in self.called.values()), default=0)


def parse_stacks(text: str, *, within: str) -> dict[tuple[str, ...], int]:
    """Return the stacks of py-spy's raw format from their first frame that ``within`` is in; others are left out.

    A module's own body does not count: it is the import.
    """
    stacks: dict[tuple[str, ...], int] = {}
    for line in text.splitlines():
        frames, _, count = line.rpartition(" ")
        names = frames.split(";")
        is_work = (within in name and not name.startswith("<module>") for name in names)
        first = next((place for place, found in enumerate(is_work) if found), None)
        if first is not None:
            stack = tuple(names[first:])
            stacks[stack] = stacks.get(stack, 0) + int(count)
    return stacks


def fold(stacks: Mapping[tuple[str, ...], int]) -> Frame:
    """Return the stacks as one tree; its root has all samples."""
    root = Frame("all")
    for stack, count in sorted(stacks.items()):
        root.samples += count
        frame = root
        for name in stack:
            frame = frame.called.setdefault(name, Frame(name))
            frame.samples += count
    return root


def draw(root: Frame, *, title: str, subtitle: str) -> str:
    """Return the SVG of a tree."""
    height = HEAD + ROW * root.depth + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height}" width="{WIDTH:g}" height="{height}"'
        ' font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="10.5">',
        f'<rect width="{WIDTH:g}" height="{height}" fill="white"/>',
        f'<text x="{MARGIN}" y="20" font-size="15">{escape(title)}</text>',
        f'<text x="{MARGIN}" y="37">{escape(subtitle)}</text>',
        *_legend(),
        *_rectangles(
            root,
            x=MARGIN,
            bottom=height - MARGIN,
            scale=(WIDTH - 2 * MARGIN) / max(root.samples, 1),
            whole=root.samples,
        ),
        "</svg>\n",
    ]
    return "\n".join(parts)


def package_of(name: str) -> str:
    """Return which colour a frame has, by the file that it names.

    >>> package_of("build_features (features/build.py)"), package_of("read (pyarrow/parquet/core.py)")
    ('features', 'libraries')
    """
    place = _PLACE.search(name)
    top = place[1].split("/")[0] if place else ""
    return top if top in COLOURS else "libraries"


def _legend() -> Iterable[str]:
    for place, (name, colour) in enumerate(COLOURS.items()):
        x = MARGIN + 110 * place
        yield f'<rect x="{x}" y="44" width="10" height="10" fill="{colour}"/><text x="{x + 14}" y="53">{name}</text>'


def _rectangles(frame: Frame, *, x: float, bottom: float, scale: float, whole: int) -> Iterable[str]:
    width = frame.samples * scale
    if width < LEAST_WIDTH:
        return
    share = f"{100 * frame.samples / max(whole, 1):.1f}%"
    room = int((width - 4) / CHARACTER)
    label = _PLACE.sub("", frame.name)
    shown = label if len(label) <= room else f"{label[: room - 2]}.." if room > 4 else ""
    yield (
        f'<g><title>{escape(frame.name)}: {share}, {frame.samples} samples</title><rect x="{x:.2f}" '
        f'y="{bottom - ROW:.2f}" width="{max(width - 0.4, 0.2):.2f}" height="{ROW - 1}" rx="1.5" '
        f'fill="{COLOURS[package_of(frame.name)]}"/>'
        f'<text x="{x + 3:.2f}" y="{bottom - 5:.2f}">{escape(shown)}</text></g>'
    )
    for called in frame.called.values():
        yield from _rectangles(called, x=x, bottom=bottom - ROW, scale=scale, whole=whole)
        x += called.samples * scale
