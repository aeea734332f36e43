"""The system's Chromium for tests of pages, and what a page is watched for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
WAIT_MILLISECONDS = 20_000
WATCH_POLICY = """
window.refused = [];
document.addEventListener("securitypolicyviolation", event => window.refused.push(event.violatedDirective));
"""


@contextmanager
def launched() -> Iterator[Browser]:
    """Yield the browser; without one the tests that need it are left out, and say so."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip("no Chromium on this machine: `scripts/install-browser` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """What a page asked for, and what went wrong in it."""

    page: Page
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def hosts(self) -> set[str]:
        """Return the hosts that the page asked."""
        return {urlsplit(url).netloc for url in self.asked if not url.startswith("data:")}

    def refused(self) -> list[str]:
        """Return the directives of the content security policy that the page broke since it was last loaded."""
        found: list[str] = self.page.evaluate("window.refused")
        return found


def watch(page: Page) -> Watched:
    """Keep what a page asks for and what it complains of from now on; an answer that is no success is no complaint."""
    watched = Watched(page)
    page.set_default_timeout(WAIT_MILLISECONDS)
    page.on("request", lambda request: watched.asked.append(request.url))
    page.on("pageerror", lambda error: watched.faults.append(str(error)))
    page.on("console", lambda line: watched.faults.append(line.text) if _is_fault(line.type, line.text) else None)
    return watched


def _is_fault(kind: str, text: str) -> bool:
    return kind == "error" and not text.startswith("Failed to load resource")
