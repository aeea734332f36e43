"""The picture in the documentation is the templates' own."""

from __future__ import annotations

from xml.etree import ElementTree

from deploy.package.bundles import ROOT
from deploy.picture import BESIDE_GROUPS, PLACES, connections, draw
from deploy.templates import load_templates

TEMPLATES = load_templates()


def test_the_picture_is_current():
    assert (ROOT / "docs" / "assets" / "architecture.svg").read_text("utf-8") == draw(TEMPLATES)


def test_every_box_and_every_permitted_connection_is_drawn():
    picture = ElementTree.fromstring(draw(TEMPLATES))
    svg = "{http://www.w3.org/2000/svg}"
    assert len(picture.findall(f"{svg}g")) == len(PLACES)
    assert len(picture.findall(f"{svg}path")) == len(connections(TEMPLATES)) + len(BESIDE_GROUPS)
    assert ("SystemA", "BaseB") not in connections(TEMPLATES)
