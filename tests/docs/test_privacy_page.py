"""The map of personal data is the declarations': page and picture are current, every column of every place is in it."""

import re
from pathlib import Path

import pytest

from contracts.table_declaration import DIRECT, Nature, Store
from flows.data_flow_figure import data_flow_figure
from flows.personal_data_map import (
    FLOWS,
    IMPERSONAL_RESULTS,
    PERSONAL_RESULTS,
    PLACES,
    PLACES_BY_NAME,
    Form,
    natures_of,
    natures_read,
)
from flows.privacy_page import FIGURE, PAGE, blocks, fill_page
from serve.access.callers import SCOPES
from stores.checks.results import COLUMNS

ROOT = Path(__file__).parents[2]


def test_page_and_picture_are_current():
    """`make docs` writes them; only the prose around the marks is written by hand."""
    page = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")
    assert fill_page(page, blocks()) == page
    assert (ROOT / "docs" / FIGURE).read_text(encoding="utf-8") == data_flow_figure()


def test_a_page_without_a_mark_is_refused():
    with pytest.raises(LookupError, match="columns"):
        fill_page("no marks", blocks())


@pytest.mark.parametrize("table", sorted(set(COLUMNS) - {"score_vigente"}))
def test_every_column_of_the_results_says_what_it_holds_of_a_person(table):
    personal, impersonal = set(PERSONAL_RESULTS.get(table, {})), set(IMPERSONAL_RESULTS.get(table, "").split())
    assert personal | impersonal == set(COLUMNS[table].split())
    assert not personal & impersonal


def test_only_stores_lake_results_and_api_hold_anybody_in_clear():
    """LGPD art. 46; domain rule: CPFs and names reach no log, error, trace, artifact or cache in clear."""
    clear = {p.name for p in PLACES if any(p.holds.get(nature) is Form.CLEAR for nature in DIRECT)}
    assert clear == {"base_a", "base_b", "base_c", "snapshot", "features", "results", "api"}
    assert not PLACES_BY_NAME["prefect"].is_personal
    assert not PLACES_BY_NAME["told"].is_personal


def test_names_addresses_and_free_text_never_leave_the_stores_for_the_lake():
    """LGPD art. 6 III: what nothing needs is not extracted."""
    everything = {nature for store in Store for nature in natures_of(store)}
    assert everything - natures_read() == {Nature.NAME, Nature.CONTACT, Nature.FREE_TEXT}


def test_flows_join_places_and_evidence_is_there():
    assert {name for origin, target, _ in FLOWS for name in (origin, target)} == set(PLACES_BY_NAME)
    for place in PLACES:
        for name in place.evidence:
            assert (ROOT / "tests" / name).is_file(), name


def test_every_scope_is_in_the_table_of_the_api():
    rows = re.findall(r"^\| `[A-Z]+ (\S+)` \| `(\S+)` \| (.+) \|$", blocks()["api"], re.MULTILINE)
    assert {scope for _, scope, _ in rows} == set(SCOPES)
    told = {path: words for path, _, words in rows}
    assert "address" in told["/clientes/{cliente_id}/score-data"]
    assert told["/clientes/{cliente_id}/score"] == "score, probability, reasons; the CPF masked"
    assert told["/clientes/{cpf}/consultar"] == "events; free text"
