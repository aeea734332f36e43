"""Every locked distribution is under a licence that allows what it is used for."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata

import pytest

from deploy.image_packages import image_packages
from deploy.licences import BY_HAND, IN_IMAGE, SEPARATE_PROGRAMS, is_allowed, licence_of
from deploy.lock_file import read_lock

NAMES = sorted({pin.name for pin in read_lock()})


def test_everything_locked_is_under_an_allowed_licence():
    refused = {name: licence_of(name) for name in NAMES if not is_allowed(licence_of(name), IN_IMAGE)}
    assert set(refused) == set(SEPARATE_PROGRAMS), refused


def test_what_is_kept_apart_is_not_in_the_image():
    assert not set(SEPARATE_PROGRAMS) & set(image_packages())


def test_what_was_read_by_hand_is_needed_and_agrees_with_the_metadata():
    assert set(BY_HAND) <= set(NAMES)
    for name, licence in BY_HAND.items():
        try:
            told = metadata(name).get("License-Expression")
        except PackageNotFoundError:
            continue
        assert told in {None, licence}


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
