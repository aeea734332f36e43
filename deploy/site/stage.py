"""Gathers the site's sources: pages of the repository, what they link to as pages too, pictures, and settings."""

from __future__ import annotations

import json
import shutil
from collections import deque
from pathlib import Path, PurePosixPath

from deploy.site.layout import lay_out
from deploy.site.nav import INDEX, navigation
from deploy.site.places import FIRST, linked_files, move_links, relative_link, site_path

SETTINGS = Path(__file__).with_name("mkdocs.yml")
STYLE = Path(__file__).with_name("extra.css")
_SHOWN = {".svg", ".png", ".json"}
"""What a page shows or offers as it is; every other file that is linked to becomes a page."""
_LANGUAGES = {".py": "python", ".yml": "yaml", ".yaml": "yaml", ".toml": "toml", ".sql": "sql", ".js": "javascript"}
_BEFORE = (("Home", "index.md"), ("Em português", "leiame.md"), ("Guide", "guide.md"))
_AFTER = (("Changelog", "changelog.md"),)


def stage_site(repository: Path, folder: Path) -> None:
    """Fill an empty folder with ``mkdocs.yml`` and ``docs``; LookupError names a link that leads to no file."""
    queue = deque(PurePosixPath(path.relative_to(repository)) for path in _pages(repository))
    known = set(queue)
    while queue:
        path = queue.popleft()
        target = folder / "docs" / site_path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = _as_page(path, (repository / path).read_text(encoding="utf-8"))
        for linked in linked_files(text, path):
            _require_file(repository, linked, path)
            if linked.suffix in _SHOWN:
                _copy(repository / linked, folder / "docs" / site_path_of_shown(linked))
            elif linked not in known:
                known.add(linked)
                queue.append(linked)
        target.write_text(_moved(text, path), encoding="utf-8")
    _copy(STYLE, folder / "docs" / "assets" / STYLE.name)
    index = (repository / INDEX).read_text(encoding="utf-8")
    settings = SETTINGS.read_text(encoding="utf-8")
    nav = json.dumps(navigation(index, first=_BEFORE, last=_AFTER), ensure_ascii=False)
    (folder / "mkdocs.yml").write_text(f"{settings}nav: {nav}\n", encoding="utf-8")


def site_path_of_shown(path: PurePosixPath) -> PurePosixPath:
    """Return where a picture or a document that is offered as it is lies in the site."""
    return path.relative_to("docs") if path.parts[0] == "docs" else PurePosixPath("source", path)


def _pages(repository: Path) -> list[Path]:
    first = [repository / name for name in FIRST]
    return [*first, *sorted(path for path in (repository / "docs").rglob("*.md") if path not in first)]


def _require_file(repository: Path, linked: PurePosixPath, page: PurePosixPath) -> None:
    if not (repository / linked).is_file():
        raise LookupError(f"{page} links to {linked}, which is no file")


def _copy(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)


def _moved(text: str, path: PurePosixPath) -> str:
    here = site_path(path)

    def moved(target: PurePosixPath) -> str:
        place = site_path_of_shown(target) if target.suffix in _SHOWN else site_path(target)
        return relative_link(place, here)

    return lay_out(move_links(text, path, moved))


def _as_page(path: PurePosixPath, text: str) -> str:
    if path.suffix == ".md":
        return text
    return f"# {path}\n\n````{_LANGUAGES.get(path.suffix, '')}\n{text.rstrip()}\n````\n"
