"""Where each file of the repository lies in the site, and its links, which GitHub and the site must both follow.

``README.md`` is the site's first page, ``docs/`` its root. A file elsewhere that a page links to becomes a page of its
own, with its text: the site reads without the repository and without a network.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import PurePosixPath

FIRST = {"README.md": "index.md", "LEIAME.md": "leiame.md", "CHANGELOG.md": "changelog.md", "docs/index.md": "guide.md"}
"""Pages whose place in the site is not their place in the repository."""

FENCE = re.compile(r"^(?P<indent> *)```.*?^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?\[(?:[^\]`]|`[^`]*`)*\]\()([^)\s]+)(\))")


def site_path(path: PurePosixPath) -> PurePosixPath:
    """Return where a file of the repository lies in the site's folder of sources.

    >>> site_path(PurePosixPath("docs/how-to/roll-back.md")), site_path(PurePosixPath("README.md"))
    (PurePosixPath('how-to/roll-back.md'), PurePosixPath('index.md'))
    >>> site_path(PurePosixPath(".github/workflows/ci.yml"))
    PurePosixPath('source/github/workflows/ci.yml.md')
    """
    if str(path) in FIRST:
        return PurePosixPath(FIRST[str(path)])
    if path.parts[0] == "docs":
        below = path.relative_to("docs")
        return below.with_name("index.md") if below.name == "README.md" else below
    return PurePosixPath("source", *(part.removeprefix(".") for part in path.parts[:-1]), f"{path.name}.md")


def linked_files(text: str, page: PurePosixPath) -> list[PurePosixPath]:
    """Return the files of the repository that a page links to or shows, in order; ``page`` is its own path there."""
    found: list[PurePosixPath] = []

    def note(target: PurePosixPath) -> str:
        found.append(target)
        return str(target)

    move_links(text, page, note)
    return list(dict.fromkeys(found))


def move_links(text: str, page: PurePosixPath, moved: Callable[[PurePosixPath], str]) -> str:
    """Return a page with each link to a file replaced by what ``moved`` makes of that file's path in the repository.

    Links to other hosts, to an anchor of the page itself, and whatever stands in a code block stay.

    >>> page = PurePosixPath("docs/how-to/a.md")
    >>> move_links("[b](../b.md#c), [d](https://e)", page, lambda target: f"<{target}>")
    '[b](<docs/b.md>#c), [d](https://e)'
    """

    def replace(match: re.Match[str]) -> str:
        before, link, after = match.groups()
        path, hash_sign, anchor = link.partition("#")
        if not path or re.match(r"[a-z]+:", link):
            return match[0]
        target = PurePosixPath(os.path.normpath(page.parent / path))
        return f"{before}{moved(target)}{hash_sign}{anchor}{after}"

    parts, end = [], 0
    for fence in FENCE.finditer(text):
        parts += [_LINK.sub(replace, text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, _LINK.sub(replace, text[end:])])


def relative_link(target: PurePosixPath, page: PurePosixPath) -> str:
    """Return the link from one page of the site to another file of it.

    >>> relative_link(PurePosixPath("index.md"), PurePosixPath("how-to/roll-back.md"))
    '../index.md'
    """
    return PurePosixPath(os.path.relpath(target, page.parent)).as_posix()
