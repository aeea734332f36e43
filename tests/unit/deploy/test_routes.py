"""The gateway has routes for what the API documents and nothing else, and each reaches the system that answers it."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

import pytest

from deploy.package.bundles import ROOT
from deploy.package.listener_rule import OPTIONS, PATHS, listener_rule
from deploy.templates import load_templates
from serve.api.problem_pages import problem_routes
from serve.api.web_page import _POLICY, FOLDER

TEMPLATES = load_templates()
OPERATION = {"/saude/vivo", "/saude/pronto", "/metrics"}
"""What orchestrators ask within the network; nobody outside does."""
PROBLEMS = {"GET /problemas", "GET /problemas/{tipo}"}
"""Where the `type` of an error leads; pages, which the API's document does not list."""
PUBLIC = {"GET /modelo", *PROBLEMS}
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
        given = {each["OptionName"]: each["Value"] for each in options if each["Namespace"] == OPTIONS}
        found += [(int(given["RulePriority"]), given[path], system) for path in PATHS]
    rule = TEMPLATES["system-c"]["Resources"]["Rule"]["Properties"]
    values = rule["Conditions"][0]["PathPatternConfig"]["Values"]
    return sorted([*found, *((rule["Priority"], pattern, "c") for pattern in values)])


def reached(path: str) -> str | None:
    return next((system for _, pattern, system in rules() if fnmatchcase(path, pattern)), None)


def test_the_gateway_has_the_documented_routes_and_no_other():
    assert set(routes()) == {*documented(), *PROBLEMS}
    assert {route for route, authorization in routes().items() if authorization != "JWT"} == PUBLIC


@pytest.mark.parametrize(("route", "system"), documented().items())
def test_a_request_reaches_the_system_that_answers_it(route, system):
    path = route.split()[1].replace("{id}", "52998224725")
    assert reached(path) == system


def test_an_error_s_type_leads_to_a_system_that_explains_it():
    assert {route.path.replace("{tipo}", "x") for route in problem_routes()} == {"/problemas", "/problemas/x"}
    assert [reached(path) for path in ("/problemas", "/problemas/x")] == ["a", "a"]


def test_the_page_s_host_has_the_api_s_paths_and_no_other():
    distribution = TEMPLATES["page"]["Resources"]["Page"]["Properties"]["DistributionConfig"]
    patterns = {each["PathPattern"] for each in distribution["CacheBehaviors"]}
    paths = {route.split()[1].lstrip("/") for route in routes()}
    assert not [path for path in paths if not any(fnmatchcase(path, pattern) for pattern in patterns)]
    assert not [pattern for pattern in patterns if not any(fnmatchcase(path, pattern) for path in paths)]
    files = [file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if any(fnmatchcase(file, pattern) for pattern in patterns)]


def test_the_page_has_the_headers_of_its_own_server():
    policy = TEMPLATES["page"]["Resources"]["SecurityHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = policy["SecurityHeadersConfig"]
    given = {each["Header"]: each["Value"] for each in policy["CustomHeadersConfig"]["Items"]}
    given["Content-Security-Policy"] = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert given == _POLICY
    assert security["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    assert security["ContentTypeOptions"]


def test_what_is_asked_within_the_network_is_reached_from_within_alone():
    assert [reached(path) for path in OPERATION] == [None] * len(OPERATION)


def test_a_rule_has_no_more_patterns_than_a_load_balancer_takes():
    for system in "abc":
        assert len([pattern for _, pattern, whose in rules() if whose == system]) <= 5


def test_the_environments_set_what_their_rule_asks_for():
    asked = set(re.findall(r'"OptionName": "(\w+)"', listener_rule()))
    for system in "AB":
        options = TEMPLATES["systems"]["Resources"][f"System{system}"]["Properties"]["OptionSettings"]
        assert {each["OptionName"] for each in options if each["Namespace"] == OPTIONS} == asked
