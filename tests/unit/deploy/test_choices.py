"""The decision on the architecture names parameters that are there, with the defaults that it says."""

from __future__ import annotations

import re

from deploy.package.bundles import ROOT
from deploy.templates import FOLDER, load_template

DECISION = (ROOT / "docs" / "decisions" / "0016-the-architecture-on-aws.md").read_text("utf-8")
PARAMETERS = load_template(FOLDER / "main.yaml")["Parameters"]
NOT_THE_DOCUMENT_S = {"BaseAEncryption", "CacheEngine"}
"""Where the better answer is the default: Valkey as was asked, TLS for what the engine's driver cannot."""
_VALUE = re.compile(r"`(\w+)=([^`]*)`")


def choices() -> list[tuple[tuple[str, str], tuple[str, str], str]]:
    """Return each row of the table: the default, what is offered, the row itself."""
    table = DECISION.partition("## What can be chosen otherwise")[2].partition("Considered and")[0]
    rows = [row.split("|") for row in re.findall(r"^\|.*`.*\|$", table, re.MULTILINE)]
    found = []
    for _, default, offered, *_ in rows:
        (one,), (other,) = _VALUE.findall(default), _VALUE.findall(offered)
        found.append((one, other, default))
    return found


def test_every_choice_is_a_parameter_with_the_default_that_is_told():
    assert len(choices()) >= 8
    for (name, default), (other, value), row in choices():
        assert name == other
        assert str(PARAMETERS[name]["Default"]) == default, row
        assert value != default
        assert value in PARAMETERS[name].get("AllowedValues", [value]), row


def test_every_choice_between_values_that_is_no_size_is_told():
    """A parameter with a list of values is a choice; those of the installation's own are not the document's."""
    own = {"Python", "Regime", "MultiAz", "AuditMode"}
    listed = {name for name, body in PARAMETERS.items() if "AllowedValues" in body} - own
    assert listed <= {name for (name, _), _, _ in choices()}


def test_the_default_is_the_document_s_choice_where_nothing_else_was_asked():
    others = {name for (name, _), _, row in choices() if re.search("as Valkey|was asked for", row)}
    assert others == NOT_THE_DOCUMENT_S


def test_other_parameters_that_the_decision_names_are_there():
    named = {name for name, _ in _VALUE.findall(DECISION)} | {"BaseCOutsideUrl"}
    assert named <= set(PARAMETERS)
