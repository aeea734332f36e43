"""The feature that the page on adding one declares is one: it passes every check and equals the plain reading."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from contracts.feature_terms import RiskDirection
from features import assets
from features.build import build_features
from features.catalog import CATALOG, make_catalog
from features.declaration import Family, Feature, Measure, RowColumn
from tests.documented.blocks import blocks_of
from tests.unit.features.test_brute_force import Consumer

PAGE = "docs/how-to/add-a-feature.md"
AS_OF = date(2026, 6, 30)


def family_with(_there: object, **added: tuple[object, ...]) -> Family:
    """Return the family of assets with what a page adds to it; ``...`` stands for what is there."""
    parts = {name: (*getattr(assets.FAMILY, name), *without_dots(items)) for name, items in added.items()}
    return replace(assets.FAMILY, **parts)


def without_dots(items: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(item for item in items if item is not ...)


def test_the_feature_of_the_page_equals_the_plain_reading_of_the_page(make_rows: Any, make_tables: Any) -> None:
    declaration, reading = (block.body for block in blocks_of(PAGE) if block.tag == "python")
    declared: dict[str, Any] = {
        "Family": family_with,
        "RowColumn": RowColumn,
        "Measure": Measure,
        "RiskDirection": RiskDirection,
    }
    exec(declaration, declared)
    family: Family = declared["FAMILY"]
    added: tuple[Feature, ...] = without_dots(declared["FEATURES"])
    families = [family if one is assets.FAMILY else one for one in CATALOG.families]
    catalog = make_catalog(families, (*CATALOG.features, *added))

    rows = make_rows(1, clients=120, as_of=AS_OF)
    built = build_features(make_tables(rows), AS_OF, catalog=catalog).to_pylist()
    clients = {client["cpf"]: client for client in rows["cliente"]}
    found, expected = [], []
    for row in built:
        person = Consumer(clients[row["cpf"]], rows, AS_OF)
        expected.append(eval(f"{{{reading}}}", {"person": person}))
        found.append({feature.name: row[feature.name] for feature in added})
    assert found == expected
    known = {value for row in found for value in row.values()}
    assert None in known
    assert len(known) > 10
