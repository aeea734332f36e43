"""The reference page of the gates: what a run must meet to be published, and a model to take over."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

from contracts.settings import Settings
from flows.gates import Gate, gates
from flows.markdown_tables import markdown_table
from models.training import takeover_limits

_SUITES = {
    "instantaneo": "The records: suite `instantaneo`",
    "variaveis": "The features: suite `variaveis`",
    "pontuacao": "The scores: suite `pontuacao`",
}
_CHECKS = (
    ("`modelo_em_vigor`", "AUC less that of the model in force, on the same later rows, at least", "AUC_DIFFERENCE"),
    ("`gini_inclinacao`", "change of the Gini a month, at least", "GINI_SLOPE"),
    ("`gini_amplitude`", "highest less lowest monthly Gini, at most", "GINI_SPREAD"),
    ("`ece`", "calibration error on later dates, what chance adds taken off, at most", "ECE"),
    ("`calibracao_inclinacao`", "slope of the calibration on later dates, between", "CALIBRATION_SLOPE"),
    ("`monotonia`", "no term goes against the direction that its [feature](features.md) declares", ""),
    ("`lei`", "no forbidden feature, none that was not declared, no copy of a forbidden attribute", ""),
    ("`equidade_sexo_aprovacao`", "approval of one sex over that of the other, at least", "SEX_APPROVAL_RATIO"),
    (
        "`equidade_sexo_oportunidade`",
        "approval of those who paid, of one sex less the other, at least the negative of",
        "OPPORTUNITY_DIFFERENCE",
    ),
    (
        "`equidade_idade_aprovacao`",
        "approval of an age group over the most approved one's, at least",
        "AGE_APPROVAL_RATIO",
    ),
    ("`equidade_idade_aprovacao`, 60 or more", "the same, at least", "OLDER_APPROVAL_RATIO"),
    (
        "`equidade_sexo_calibracao`, `equidade_idade_calibracao`",
        "mean probability less observed rate of a group, at most, up or down",
        "GROUP_CALIBRATION_GAP",
    ),
)

_UNLIMITED = {
    "`monotonia`": "credit sense, declared before looking at data",
    "`lei`": "Lei 12.414 art. 3 and 7-A ([the law, as code](../explanation/law.md))",
}
"""Checks that have no limit: one violation is too many."""
_TO_DO = (
    "### What to do\n\n"
    "- **Fault**: of the engine, or of the model's file. No data of a store can break such an expectation. Keep "
    "the run's "
    "folder in the lake, find out, and only then run again; readers keep the run before.\n"
    "- **Stores**: what did they deliver, and since when? `escore check` tells what is wrong with them, the "
    "report how many "
    "records each table gave.\n\n"
    "A run that a gate stopped is not gone on with: the next `escore run` of its date begins anew.\n\n"
)


def gates_page() -> str:
    """Return the page, without its first line."""
    declared = gates(float(Settings.model_fields["max_reject_rate"].default))
    suites = "\n\n".join(
        f"### {title}\n\n{_gate_table([gate for gate in declared if gate.suite == suite])}"
        for suite, title in _SUITES.items()
    )
    return (
        "# Gates\n\n*For whoever finds a night stopped or a model refused.* There are two gates: a run passes the "
        "first or "
        "nothing is published, and readers keep the run before; a model passes the second or the one in force stays. "
        "Either way the exit code is [6](errors.md).\n\n"
        f"## Before a run is published\n\n{len(declared)} expectations, judged by Great Expectations over counts "
        "of the "
        "whole run, never over a person's values. The terminal, the run's report, its Data Docs and Prefect's table "
        "`portas` name each with what was observed. Where several tables or features are judged, every one must "
        f"hold. *Critical* stops the run; a *warning* is told.\n\n{suites}\n\n{_TO_DO}"
        "## Before a model takes over\n\nA limit is broken only where the whole interval of the figure lies "
        "beyond it, so "
        "that chance alone refuses nobody. `escore models show VERSION` lists what was found; [read a model's "
        "report](../how-to/read-a-model-report.md) says how to judge it, and [train and "
        f"promote](../how-to/train-and-promote.md) how a committee overrules it.\n\n{_check_table()}\n"
    )


def _gate_table(declared: list[Gate]) -> str:
    rows = ((f"`{gate.name}`", "critical" if gate.critical else "warning", gate.about, gate.act) for gate in declared)
    return markdown_table(("expectation", "level", "what holds", "if it does not"), rows)


def _check_table() -> str:
    sources = _sources()
    rows = [
        (name, what if not limit else f"{what} {_limit_text(limit)}", sources.get(limit, _UNLIMITED.get(name, "")))
        for name, what, limit in _CHECKS
    ]
    return markdown_table(("check", "what holds", "why this limit"), rows)


def _limit_text(name: str) -> str:
    """Return a limit as a page shows it.

    >>> _limit_text("CALIBRATION_SLOPE")
    '0.8 and 1.25'
    """
    value = getattr(takeover_limits, name)
    return " and ".join(f"{bound:g}" for bound in value) if isinstance(value, tuple) else f"{value:g}"


def _sources() -> dict[str, str]:
    """Return what the declaration of every limit says of it, by the limit's name."""
    body = ast.parse(Path(takeover_limits.__file__).read_text(encoding="utf-8")).body
    found = {}
    for declaration, text in pairwise(body):
        if isinstance(declaration, ast.Assign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            name = declaration.targets[0]
            assert isinstance(name, ast.Name)
            found[name.id] = " ".join(str(text.value.value).split()).removesuffix(".")
    return found
