"""Every column of the stores says what it tells of a person; the search for persons knows every one that names one."""

from contracts.table_declaration import DIRECT, Nature
from contracts.tables import TABLES
from tests.personal_data import SEARCHED

FREE_OF_PERSONS = {"id", "registrado_em", "registrada_em", "atualizado_em"}
"""A record's own key, and when it was written down."""


def test_only_a_records_own_columns_tell_nothing():
    found = {column.name for table in TABLES for column in table.columns if column.nature is Nature.NONE}
    assert found == FREE_OF_PERSONS


def test_no_key_that_goes_to_the_rejects_names_a_person_directly():
    natures = {table.column(table.key).nature for table in TABLES if table.key != "_id"}
    assert natures <= {Nature.NONE, Nature.PSEUDONYM}


def test_the_same_name_tells_the_same_of_a_person():
    """But for `id`, which is the consumer's in `cliente` alone, and what Base C calls by a name of Base A's or B's."""
    natures: dict[str, set[Nature]] = {}
    for table in TABLES:
        for column in table.columns:
            natures.setdefault(column.name, set()).add(column.nature)
    several = {name for name, found in natures.items() if len(found) > 1}
    assert several == {"id", "empresa", "tipo", "valor"}


def test_the_search_looks_for_every_column_that_names_or_finds_a_person():
    found = {column.name for table in TABLES for column in table.columns if column.nature in DIRECT}
    assert found == set(SEARCHED)
