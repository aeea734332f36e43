"""Builds the site strictly from its gathered sources, and holds it to what was promised: whole, and nothing fetched."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

from deploy.site.fetches import fetched
from deploy.site.stage import stage_site

_SHIM = Path(__file__).with_name("iframe-worker.js")
_SHIM_ELSEWHERE = "https://unpkg.com/iframe-worker/shim"
"""What the generator's offline search would fetch, and the same beside the pages."""
_PORTUGUESE = ("leiame.html", "reference/features.html")


class SiteError(Exception):
    """The site could not be built as it was promised; the text says why."""


def build_site(repository: Path, target: Path) -> None:
    """Replace ``target`` by the site of a repository; SiteError on any warning, or if a page would fetch anything."""
    with tempfile.TemporaryDirectory(prefix="escore-site-") as folder:
        sources = Path(folder)
        stage_site(repository, sources)
        _generate(sources)
        built = sources / "site"
        _settle(built)
        if found := fetched(built):
            raise SiteError("pages would fetch from elsewhere: " + ", ".join(found))
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(built, target)


def _generate(sources: Path) -> None:
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", "mkdocs.yml"]
    environment = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(  # noqa: S603 - words of ours
        command, cwd=sources, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SiteError(f"{done.stdout}{done.stderr}".strip())


def _settle(built: Path) -> None:
    """Give the pages their own copy of the one script that they would fetch, and the language they are written in."""
    shutil.copyfile(_SHIM, built / "assets" / _SHIM.name)
    for page in built.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        text = text.replace(_SHIM_ELSEWHERE, f"{'../' * (len(page.relative_to(built).parts) - 1)}assets/{_SHIM.name}")
        if page.relative_to(built).as_posix() in _PORTUGUESE:
            text = re.sub(r'<html lang="?en"?', '<html lang="pt-BR"', text, count=1)
        page.write_text(text, encoding="utf-8")
    _fold_accents(built)


def _fold_accents(built: Path) -> None:
    """Let the search find words by their letters alone: each part of the index ends with those that have accents."""
    index = json.loads((built / "search.json").read_text(encoding="utf-8"))
    for item in index["items"]:
        words = dict.fromkeys(re.findall(r"\w+", f"{item['title']} {item['text']}"))
        folded = [plain for word in words if (plain := without_accents(word)) != word]
        item["text"] += f"<p>{' '.join(folded)}</p>" if folded else ""
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    (built / "search.json").write_text(text, encoding="utf-8")
    (built / "search.js").write_text(f"var __index = {text};", encoding="utf-8")


def without_accents(word: str) -> str:
    """Return a word by its letters alone.

    >>> without_accents("variáveis")
    'variaveis'
    """
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))


def main() -> None:
    """Build the site of this repository into the folder named on the command line."""
    target = Path(sys.argv[1])
    try:
        build_site(Path(__file__).parents[2], target)
    except (SiteError, LookupError) as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(f"{len(list(target.rglob('*.html')))} pages in {target}; open {target / 'index.html'}\n")


if __name__ == "__main__":
    main()
