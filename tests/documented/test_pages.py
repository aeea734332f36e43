"""Every documented command and snippet does what its page says, in the order of the page.

The README comes first: all other pages begin where it ends, with 2,000 consumers (fewer in `make test`), a trained
model and published runs. The tutorial comes last, for its own last words remove everything.
"""

import pytest

from tests.documented.blocks import blocks_in
from tests.documented.classes import ALWAYS, LONG, TUTORIAL, pieces_in
from tests.documented.conftest import Open
from tests.documented.reader import Reader, StumbleError

MINUTES = 60
IN_TURN = [
    *(page for page in ALWAYS if page != TUTORIAL),
    *(pytest.param(page, marks=[pytest.mark.long, pytest.mark.timeout(60 * MINUTES)]) for page in LONG),
]


@pytest.mark.timeout(30 * MINUTES)
@pytest.mark.parametrize("page", IN_TURN)
def test_a_page_does_what_it_says(reader: Reader, page: str):
    reader.follow(page)


@pytest.mark.timeout(30 * MINUTES)
def test_the_tutorial_does_what_it_says(reader: Reader, open_house: Open):
    """In the long form from nothing, in a house of its own; else what the README had run is not run again."""
    if not reader.is_whole:
        reader.follow(TUTORIAL)
        return
    with open_house("tutorial") as alone:
        alone.follow(TUTORIAL)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A word.\n\n```sh\necho one\nfalse   # no\n```\n", r"^docs/lie\.md:5: exit code 1\nfalse"),
        ("```sh\nescore fly\n```\n", r"(?s)^docs/lie\.md:2: exit code 2\n.*fly"),
        ("```sh\necho one\n```\n\n```\ntwo\n```\n", r"(?s)lines that were not printed:\ntwo\nprinted:\none"),
        ("```python\nimport nowhere\n```\n", r"(?s)docs/lie\.md:2: .*No module named 'nowhere'"),
        ("```json\n{,}\n```\n", r"docs/lie\.md:2: "),
    ],
)
def test_a_page_that_lies_is_told_by_its_place(reader: Reader, text: str, told: str):
    pieces = pieces_in(blocks_in("docs/lie.md", text))
    with pytest.raises(StumbleError, match=told):
        reader.do("docs/lie.md", pieces)
