"""The picture of the architecture, drawn from the templates: ``python -m deploy.picture docs/assets/architecture.svg``.

Boxes stand for what the templates make, and a line for each connection that the security groups permit; what is not
made, or not permitted, is not drawn.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

from deploy.templates import Template, load_templates

WIDTH, HEIGHT = 1080, 640
BOX = (170, 52)
NEXT_ROW = 1.5
EGRESS = "AWS::EC2::SecurityGroupEgress"


@dataclass(frozen=True)
class Place:
    """A box: where it stands, what it says, and the resource that it stands for (template, logical id)."""

    column: int
    row: float
    title: str
    note: str
    resource: tuple[str, str]


PLACES = {
    "Page": Place(0, 0, "Page", "CloudFront, S3", ("page", "Page")),
    "VpcLink": Place(1, 0, "Gateway", "HTTP API, JWT", ("gateway", "Api")),
    "Balancer": Place(2, 0, "Load balancer", "internal, WAF", ("systems", "Balancer")),
    "SystemA": Place(2, 1.5, "System A", "Elastic Beanstalk", ("systems", "SystemA")),
    "SystemB": Place(2, 2.75, "System B", "Elastic Beanstalk", ("systems", "SystemB")),
    "SystemC": Place(2, 4, "System C", "Lambda", ("system-c", "System")),
    "Workers": Place(2, 5.5, "Nightly run", "Prefect, Dask, tasks", ("workers", "RunService")),
    "BaseA": Place(4, 0.75, "Base A", "RDS Oracle", ("base-a", "Store")),
    "BaseB": Place(4, 2, "Base B", "RDS PostgreSQL, replica", ("base-b", "BaseB")),
    "BaseC": Place(4, 3.25, "Base C", "DocumentDB", ("base-c", "Store")),
    "Results": Place(4, 4.5, "Results, audit", "RDS PostgreSQL, replica", ("base-b", "Results")),
    "Cache": Place(4, 5.75, "Cache", "ElastiCache, Valkey", ("cache", "Store")),
    "Lake": Place(1, 5.5, "Lake, archive", "S3, object lock", ("lake", "Lake")),
}
BESIDE_GROUPS = (("Page", "VpcLink"), ("Balancer", "SystemC"), ("Workers", "Lake"))
"""What is joined without a security group: CloudFront's origin, a load balancer's function, a bucket."""
COLORS = {"BaseA": "#b4531a", "BaseB": "#1a6fb4", "BaseC": "#2f8f4e", "Results": "#6b4fa0", "Cache": "#b41a3f"}


def draw(templates: dict[str, Template]) -> str:
    """Return the picture as SVG; KeyError if a box stands for what no template makes."""
    for place in PLACES.values():
        template, logical = place.resource
        templates[template]["Resources"][logical]
    lines = [_line(source, target) for source, target in (*connections(templates), *BESIDE_GROUPS)]
    boxes = [_box(name, place) for name, place in PLACES.items()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" role="img">\n'
        "<title>escore on AWS: who reaches whom</title>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n' + "\n".join([*lines, *boxes]) + "\n</svg>\n"
    )


def connections(templates: dict[str, Template]) -> list[tuple[str, str]]:
    """Return who may open a connection to whom, of what has a box, by the security groups' rules."""
    rules = [body["Properties"] for body in templates["network"]["Resources"].values() if body["Type"] == EGRESS]
    pairs = {
        (rule["GroupId"]["Ref"].removesuffix("Group"), rule["DestinationSecurityGroupId"]["Ref"].removesuffix("Group"))
        for rule in rules
    }
    return sorted(pair for pair in pairs if pair[0] != pair[1] and set(pair) <= set(PLACES))


def _corner(place: Place) -> tuple[float, float]:
    return 20 + place.column * 215, 24 + place.row * 88


def _line(source: str, target: str) -> str:
    color = COLORS.get(target, "#555555")
    path = _path(PLACES[source], PLACES[target])
    return (
        f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.5"><title>{source} to {target}</title></path>'
    )


def _path(source: Place, target: Place) -> str:
    (x1, y1), (x2, y2) = _corner(source), _corner(target)
    width, height = BOX
    if x1 != x2:
        left = x1 > x2
        start, end = x1 + (0 if left else width), x2 + (width if left else 0)
        return f"M{start:g} {y1 + height / 2:g} L{end:g} {y2 + height / 2:g}"
    if target.row - source.row > NEXT_ROW:  # past what stands between
        middles = y1 + height / 2, y2 + height / 2
        return f"M{x1:g} {middles[0]:g} C{x1 - 40:g} {y1 + height:g} {x2 - 40:g} {y2:g} {x2:g} {middles[1]:g}"
    return f"M{x1 + width / 2:g} {y1 + height:g} L{x2 + width / 2:g} {y2:g}"


def _box(name: str, place: Place) -> str:
    x, y = _corner(place)
    width, height = BOX
    color = COLORS.get(name, "#333333")
    middle = f'x="{x + width / 2:g}" text-anchor="middle"'
    frame = f'rx="6" fill="#ffffff" stroke="{color}" stroke-width="2"'
    return (
        f'<g><rect x="{x:g}" y="{y:g}" width="{width}" height="{height}" {frame}/>'
        f'<text {middle} y="{y + 22:g}" font-size="15" font-weight="600">{escape(place.title)}</text>'
        f'<text {middle} y="{y + 40:g}" font-size="12" fill="#555555">{escape(place.note)}</text></g>'
    )


def main() -> None:
    """Write the picture to the file that is named."""
    Path(sys.argv[1]).write_text(draw(load_templates()), "utf-8")


if __name__ == "__main__":
    main()
