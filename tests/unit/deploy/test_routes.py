"""The gateway has routes for what the API documents and nothing else, and each reaches the system that answers it."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

import pytest

from deploy.bundles import ROOT
from deploy.templates import load_templates

TEMPLATES = load_templates()
OPERATION = {"/saude/vivo", "/saude/pronto", "/metrics"}
"""What orchestrators ask within the network; nobody outside does."""
PUBLIC = {"GET /modelo"}
ANSWERED_BY = {"Sistema A": "a", "Sistema B": "b", "Sistema C": "c", "Titular": "b", "Transparência": "b"}


def documented() -> dict[str, str]:
    """Return the system that answers each method and path; one name for what stands in a path."""
    paths = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text("utf-8"))["paths"]
    return {
        f"{method.upper()} {re.sub(r'{[^}]+}', '{id}', path)}": ANSWERED_BY[described["tags"][0]]
        for path, methods in paths.items()
        for method, described in methods.items()
        if path not in OPERATION
    }


def routes() -> dict[str, str]:
    found = [
        body["Properties"] for body in TEMPLATES["gateway"]["Resources"].values() if body["Type"].endswith("Route")
    ]
    return {route["RouteKey"]: route["AuthorizationType"] for route in found}


def rules() -> list[tuple[int, str, str]]:
    """Return the load balancer's rules by priority: pattern and the system that it leads to."""
    found = []
    for system in "ab":
        options = TEMPLATES["systems"]["Resources"][f"System{system.upper()}"]["Properties"]["OptionSettings"]
        given = {each["OptionName"]: each["Value"] for each in options if "listenerrule" in each["Namespace"]}
        found += [(int(given["Priority"]), pattern, system) for pattern in given["PathPatterns"].split(",")]
    rule = TEMPLATES["system-c"]["Resources"]["Rule"]["Properties"]
    values = rule["Conditions"][0]["PathPatternConfig"]["Values"]
    return sorted([*found, *((rule["Priority"], pattern, "c") for pattern in values)])


def reached(path: str) -> str | None:
    return next((system for _, pattern, system in rules() if fnmatchcase(path, pattern)), None)


def test_the_gateway_has_the_documented_routes_and_no_other():
    assert set(routes()) == set(documented())
    assert {route for route, authorization in routes().items() if authorization != "JWT"} == PUBLIC


@pytest.mark.parametrize(("route", "system"), documented().items())
def test_a_request_reaches_the_system_that_answers_it(route, system):
    path = route.split()[1].replace("{id}", "52998224725")
    assert reached(path) == system


def test_what_is_asked_within_the_network_is_reached_from_within_alone():
    assert [reached(path) for path in OPERATION] == [None] * len(OPERATION)


def test_a_rule_has_no_more_patterns_than_a_load_balancer_takes():
    for system in "abc":
        assert len([pattern for _, pattern, whose in rules() if whose == system]) <= 5
