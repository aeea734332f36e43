"""No parser without a target: what the source decodes is fuzzed, or is told why it is not from outside."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.fuzz.decoders import decoding_functions
from tests.fuzz.inventory import GROUPS, all_targets, group_of

ROOT = Path(__file__).parents[2]
DECODING = decoding_functions(ROOT)
READ = {name for target in all_targets() for name in target.reads}

_OURS = "what the engine has just made itself"
_BUFFER = "counts bits or bytes of an Arrow buffer that another function checked"
_PASSES = "hands on what a function that is fuzzed reads"
_CALLERS = "an argument of the caller's own program, refused unless it is one"
_CHECKED_URL = "a URL of the settings, whose form was checked when they were read (settings/urls)"

NOT_FROM_OUTSIDE = {
    "contracts.lake_filesystem:open_filesystem": _CHECKED_URL,
    "escore.drift:load_drift": _PASSES,
    "escore.nights:_day_of": _CALLERS,
    "escore.nights:_name_of": _CALLERS,
    "escore.scorecards:list_models": _PASSES,
    "escore.scorecards:load_fairness": _PASSES,
    "escore.scorecards:load_points": _PASSES,
    "extract.postgres_copy:copy_query": "the text of our own statement",
    "features.folds:_count_true": _BUFFER,
    "features.ownership:true_places": _BUFFER,
    "features.syntax:parse": "DuckDB's own tree of the declared SQL",
    "flows.api_changes:main": "documents of the API in the repository, named by the caller",
    "flows.commands.output:shown": "makes any text printable",
    "flows.demo_examples:Caller._ask": "the demonstration's own API",
    "flows.model_details:gather_details": _PASSES,
    "flows.model_export:_encode": _PASSES,
    "flows.model_listing:summarize_entry": _PASSES,
    "flows.model_report:render_model_report": _PASSES,
    "flows.monitor:_observe": "what a task of the same run returned",
    "flows.monitor:monitor_run": _PASSES,
    "flows.problem_catalogue:_section": _OURS,
    "flows.score:_Night._await_strays": "what a task of the same run returned",
    "flows.score:_Night._work_ranges": "what a task of the same run returned",
    "models.registry:_as_stored": _OURS,
    "population.dirt_hand:Hand._reserved": _OURS,
    "population.dirt_hand:Hand.uuid": _OURS,
    "population.document_defects:_as_decimal": _OURS,
    "population.documents:money_value": _OURS,
    "population.relational_defects:_money_kinds": _OURS,
    "serve.access.guard:Guard.admit": "the header's name alone",
    "serve.access.minting:_thumbprint": _OURS,
    "serve.api.draining:has_input": "the kernel's answer",
    "serve.api.openapi_document:_problem_response": _OURS,
    "serve.api.tracing:_traces_url": _CHECKED_URL,
    "serve.auditing.audit_rows:ship_piece": "records whose checksum is of this segment: the writer's own ASCII",
    "serve.auditing.entry:storable": "makes any text storable",
    "serve.published.key_layout:generation_of": _OURS,
    "serve.published.key_layout:locate": "a keyed hash",
    "serve.publishing.erasure:_places": "the pointer and the descriptions, which published/run reads",
    "serve.publishing.generations:Generations.listed": "run ids alone, refused as the pointer is",
    "serve.publishing.score_partitions:_runs_named": "names of partitions that PostgreSQL listed by our own pattern",
    "serve.sources.sql_store:_engine": _CHECKED_URL,
    "serve.systems.client_counts:expected_matches": "PostgreSQL's own plan",
    "serve.systems.page_links:PageLinks._seal": _OURS,
    "stores.check:_probe_lake": _CHECKED_URL,
    "stores.migrate:_grant": _CHECKED_URL,
    "stores.run_ids:new_run_id": _OURS,
}
"""Functions that decode, and why no target reads by them."""


def test_every_function_that_decodes_has_a_target_or_a_reason():
    assert sorted(DECODING - READ - NOT_FROM_OUTSIDE.keys()) == [], (
        "declare a target in tests/fuzz/targets, or a reason here"
    )


def test_no_reason_is_given_for_what_is_fuzzed_or_gone():
    assert NOT_FROM_OUTSIDE.keys() & READ == set()
    assert NOT_FROM_OUTSIDE.keys() - DECODING == set()


def test_names_of_targets_say_their_group_and_are_unique():
    names = [target.name for target in all_targets()]
    assert len(set(names)) == len(names)
    for group in GROUPS:
        assert all(target.name.startswith(f"{group}/") for target in group_of(group))


@contextmanager
def entered() -> Iterator[set[str]]:
    """Note every function of Python that is entered within the block."""
    names: set[str] = set()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            names.add(f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield names
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("group", GROUPS)
def test_samples_reach_what_their_target_says_it_reads(group):
    for target in group_of(group):
        samples = target.seeds()
        with entered() as names:
            for sample in samples:
                with suppress(*target.errors):
                    target.call(sample)
        assert set(target.reads) <= names, f"{target.name}: its samples never enter {set(target.reads) - names}"
