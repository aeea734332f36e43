"""Every locked distribution is under a licence that allows what it is used for."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

import pytest

from deploy.supply.bill_of_materials import BILL
from deploy.supply.image_packages import image_packages
from deploy.supply.licences import BY_HAND, IN_IMAGE, SEPARATE_PROGRAMS, is_allowed, licence_of
from deploy.supply.lock_file import read_lock

NAMES = sorted({pin.name for pin in read_lock()})


def told(part: dict[str, Any]) -> str:
    """Return the licence that the bill of materials gives a component, its own or the page's."""
    (licence,) = part["licenses"]
    expression = licence.get("expression") or licence["license"].get("id") or licence["license"]["name"]
    assert isinstance(expression, str)
    return expression


def test_everything_locked_is_under_an_allowed_licence():
    parts = json.loads(BILL.read_text("utf-8"))["components"]
    assert {part["name"] for part in parts} >= set(NAMES)
    refused = {part["name"]: told(part) for part in parts if not is_allowed(told(part), IN_IMAGE)}
    assert set(refused) == set(SEPARATE_PROGRAMS), refused


def test_what_is_kept_apart_is_not_in_the_image():
    assert not set(SEPARATE_PROGRAMS) & set(image_packages())


def test_what_was_read_by_hand_is_needed_and_agrees_with_the_metadata():
    assert set(BY_HAND) <= set(NAMES)
    for name, licence in BY_HAND.items():
        try:
            expressions = metadata(name).get_all("License-Expression")
        except PackageNotFoundError:
            continue
        assert expressions in (None, [licence])


def test_a_distribution_that_does_not_tell_is_an_error(tmp_path, monkeypatch):
    information = tmp_path / "mudo-1.dist-info" / "METADATA"
    information.parent.mkdir()
    information.write_text("Metadata-Version: 2.4\nName: mudo\nVersion: 1\nLicense: ask us\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(LookupError, match="mudo"):
        licence_of("mudo")
    information.write_text("Metadata-Version: 2.4\nName: mudo\nVersion: 1\nLicense-Expression: AGPL-3.0-only\n")
    assert not is_allowed(licence_of("mudo"), IN_IMAGE)


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-2.0-only", False),
        ("MIT AND GPL-2.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("MIT OR GPL-2.0-only", True),
        ("GPL-2.0-only OR MIT AND GPL-3.0-only", False),
        ("(GPL-2.0-only OR MIT) AND MPL-2.0", True),
        ("MPL-2.0 AND (GPL-2.0-only AND MIT OR GPL-3.0-only)", False),
        ("GPL-2.0-only AND (MIT OR MIT)", False),
    ],
)
def test_an_expression_is_met_by_allowed_licences_alone(expression, allowed):
    assert is_allowed(expression, {"MIT", "MPL-2.0"}) is allowed
