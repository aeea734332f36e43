"""Every documented command and snippet has a class, and every entry of a list speaks of something that is there."""

import pytest

from tests.aws_commands import commands_in
from tests.documented.blocks import CHECKED, ROOT, UNCHECKED, blocks_of, pages
from tests.documented.classes import ALWAYS, LISTS, LONG, Class, pieces_of

WITH_PIECES = [page for page in pages() if any(block.tag in CHECKED for block in blocks_of(page))]
MAY_STAND_APART = 55


def test_every_page_with_commands_or_snippets_has_its_turn():
    """A new page goes into ALWAYS if its blocks are cheap, else into LONG."""
    assert sorted((*ALWAYS, *LONG)) == WITH_PIECES


def test_no_block_hides_behind_an_unknown_language():
    tags = {block.place: block.tag for page in pages() for block in blocks_of(page)}
    assert {place: tag for place, tag in tags.items() if tag not in CHECKED | UNCHECKED} == {}


@pytest.mark.parametrize("kind", LISTS)
def test_every_entry_speaks_of_a_block_that_is_there(kind):
    spoken_of = {piece.entry for page in WITH_PIECES for piece in pieces_of(page)}
    assert [entry for entry in LISTS[kind] if entry not in spoken_of] == []


def test_what_another_test_runs_names_a_test_that_is_there():
    for entry in LISTS[Class.ELSEWHERE]:
        path, _, name = entry.why.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert (entry.words if path.endswith(".md") else f"def {name or 'test_'}") in text, entry


def test_few_are_left_out_for_good():
    """A list of exceptions that grows is no test; two pages are of AWS from beginning to end."""
    pages = [page for page in WITH_PIECES if not page.endswith("-on-aws.md")]
    left_out = [piece.place for page in pages for piece in pieces_of(page) if piece.kind is Class.NOT_HERE]
    assert len(left_out) <= MAY_STAND_APART, left_out


def test_what_needs_a_cloud_is_judged_by_what_the_cloud_says_of_itself():
    """`tests/docs/test_aws_commands.py` finds in it what it judges."""
    clouds = [piece for page in WITH_PIECES for piece in pieces_of(page) if piece.kind is Class.CLOUD]
    assert clouds
    assert [piece.place for piece in clouds if not list(commands_in(piece.text))] == []
