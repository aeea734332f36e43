"""The documentation as a site: it builds without a warning, shows what GitHub shows, and fetches nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, Page

from deploy.site.build import SiteError, build_site
from deploy.site.fetches import fetched
from deploy.site.nav import KINDS, Section, read_sections
from deploy.site.places import site_path
from tests.browser import launched, watch

ROOT = Path(__file__).parents[2]
INDEX = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
PAGES = ["README.md", "LEIAME.md", "CHANGELOG.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]
GITHUB = MarkdownIt("commonmark").enable("table")
PARTS = re.compile(r"<(h[1-6]|table|tr|li|pre|img)\b")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of this repository; building it fails on any warning."""
    target = tmp_path_factory.mktemp("site") / "built"
    build_site(ROOT, target)
    return target


def article(page: Path) -> str:
    return re.findall(r"<article.*?</article>", page.read_text(encoding="utf-8"), re.DOTALL)[0]


def parts(text: str) -> Counter[str]:
    """Count headings, tables and their rows, items of lists, blocks of code and pictures."""
    return Counter(PARTS.findall(text))


def test_every_page_has_the_parts_that_github_shows(site):
    """A list that is none to the generator, or a block that it does not see, would show here."""
    lacking = {}
    for name in PAGES:
        shown = parts(article(site / site_path(PurePosixPath(name)).with_suffix(".html")))
        wanted = parts(GITHUB.render((ROOT / name).read_text(encoding="utf-8")))
        if wanted != shown:
            lacking[name] = f"wanted {wanted - shown}, too many {shown - wanted}"
    assert lacking == {}


def test_a_file_that_a_page_links_to_is_a_page(site):
    page = site / "source" / "github" / "workflows" / "ci.yml.html"
    assert "runs-on" in article(page)


def test_no_page_fetches_anything_from_elsewhere(site):
    assert fetched(site) == []


def test_what_would_be_fetched_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<script src="//cdn.example/x.js"></script><a href="https://example.org">')
    (tmp_path / "b.css").write_text("@import url(https://fonts.example/css);")
    assert fetched(tmp_path) == ["a.html: //cdn.example/x.js", "b.css: https://fonts.example/css"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", "<script>fetch('%s')</script>"),
        ("a.html", '<script type="module">import x from "%s"</script>'),
        ("a.html", '<button onclick="fetch(`%s`)">'),
        ("a.html", '<meta http-equiv="refresh" content="5; url=%s">'),
        ("a.html", "<meta content='0;URL=%s' http-equiv=Refresh>"),
        ("a.html", '<style>@import"%s";</style>'),
        ("a.html", '<p style="background: url( %s )">'),
        ("a.html", '<img src="a.png" srcset="a.png 1x, %s 2x">'),
        ("a.html", '<video poster="%s">'),
        ("a.html", '<iframe src="%s">'),
        ("a.css", "@import '%s' print;"),
        ("a.css", "@import url(%s);"),
        ("a.css", "p { background: URL('%s') }"),
        ("a.css", 'p { background: image-set("%s" 1x) }'),
        ("a.js", 'const there = "%s"; new Worker(there);'),
        ("a.js", "importScripts(`%s`)"),
        ("a.js", "new EventSource('%s')"),
        ("a.svg", '<svg><image href="%s"/></svg>'),
    ],
)
@pytest.mark.parametrize("address", ["https://elsewhere.example/it", "//elsewhere.example/it"])
def test_every_way_to_fetch_is_found(tmp_path, name, content, address):
    (tmp_path / name).write_text(content.replace("%s", address))
    assert fetched(tmp_path) == [f"{name}: {address}"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", '<a href="https://elsewhere.example">https://elsewhere.example</a>'),
        ("a.html", '<link rel="canonical" href="https://escore.example/">'),
        ("a.html", "<code>fetch(&quot;https://elsewhere.example&quot;)</code>"),
        ("a.html", '<script type="application/json">{"at": "https://elsewhere.example"}</script>'),
        ("a.html", '<meta http-equiv="refresh" content="0; url=next.html">'),
        ("a.js", 'document.createElementNS("http://www.w3.org/2000/svg", "svg")'),
        ("search.js", 'var __index = {"text": "\'https://elsewhere.example\'"}'),
    ],
)
def test_what_is_only_shown_or_followed_is_let_be(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert fetched(tmp_path) == []


def test_what_the_generators_script_asks_for_counts_where_a_page_has_the_part(tmp_path):
    (tmp_path / "a.js").write_text('load("https://unpkg.com/mermaid@12/dist/mermaid.min.js")')
    (tmp_path / "b.html").write_text('<p class="plain">a mermaid</p>')
    assert fetched(tmp_path) == []
    (tmp_path / "c.html").write_text('<pre class="mermaid">graph</pre>')
    assert fetched(tmp_path) == ["a.js: https://unpkg.com/mermaid@12/dist/mermaid.min.js"]


def places(sections: list[Section]) -> Iterator[str]:
    for section in sections:
        yield from (place for _, place in section.pages)
        yield from places(section.sections)


def test_the_navigation_has_every_page_of_the_documentation_once_under_its_kind():
    sections = read_sections(INDEX)
    assert tuple(section.title for section in sections) == KINDS
    pages = {
        str(site_path(PurePosixPath(name))) for name in PAGES if name.startswith("docs/") and name != "docs/index.md"
    }
    assert pages <= set(places(sections))


def test_no_page_is_listed_twice_in_the_index():
    """The list is the navigation; two lines for one page come of merges."""
    listed = re.findall(r"^(?:[-*]|\d+\.) \[[^\]]+\]\(([^)#]+)\)", INDEX, re.MULTILINE)
    assert [link for link, count in Counter(listed).items() if count > 1] == []


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A repository of four small pages, without what makes ours large."""
    root = tmp_path / "repository"
    (root / "docs").mkdir(parents=True)
    for name in ("README.md", "LEIAME.md", "CHANGELOG.md"):
        (root / name).write_text(f"# {name}\n")
    (root / "docs" / "index.md").write_text("# Index\n\n## Reference\n\n- [it](../README.md)\n")
    return root


def test_an_anchor_that_is_not_there_fails_the_build(broken, tmp_path):
    (broken / "LEIAME.md").write_text("# Leia\n\n[x](docs/index.md#nowhere)\n")
    with pytest.raises(SiteError, match="anchor does not exist"):
        build_site(broken, tmp_path / "site")


def test_a_link_to_no_file_fails_the_build(broken, tmp_path):
    (broken / "LEIAME.md").write_text("# Leia\n\n[x](docs/none.md)\n")
    with pytest.raises(LookupError, match=r"LEIAME.md links to docs/none.md"):
        build_site(broken, tmp_path / "site")
    assert not (tmp_path / "site").exists()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


def search(page: Page, words: str, *, finds: str) -> None:
    """Search the site for words, as its reader would, and wait until a page is found."""
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search").fill(words)
    page.get_by_role("option").filter(has_text=finds).first.wait_for(timeout=60_000)
    page.keyboard.press("Escape")


def test_pages_open_from_the_disk_and_are_searched_in_both_languages(site, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    seen = watch(page)
    page.goto((site / "index.html").as_uri())
    search(page, "rollback", finds="Roll back")
    search(page, "núcleos", finds="Dois comandos")
    search(page, "nucleos", finds="Dois comandos")
    assert seen.faults == []
    assert seen.hosts() == {""}, "the disk, and no other host"
    page.close()


@pytest.mark.parametrize(
    "name", ["index.html", "leiame.html", "reference/gates.html", "how-to/run-on-many-machines.html"]
)
def test_pages_fit_a_phone_and_have_a_dark_side(site, browser, name):
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    page = context.new_page()
    page.goto((site / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.body.dataset.mdColorScheme") == "slate"
    assert page.locator("html").get_attribute("lang") == ("pt-BR" if name == "leiame.html" else "en")
    context.close()
