"""Writes the bill of materials, CycloneDX 1.6 JSON: ``python -m deploy.supply.bill_of_materials`` (``make sbom``).

From the locks alone, so the same locks give the same bytes: no time, and a serial number made of the content. A
component's scope says where it is: ``required`` in the image, ``optional`` in the image by an extra, ``excluded`` not
in the image (demo, tests, the page's tools, other Pythons and systems). There are no addresses in it.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from deploy.supply.image_packages import ROOT, image_packages, image_python
from deploy.supply.licences import licence_of
from deploy.supply.lock_file import ROOT_PACKAGE, Pin, read_lock
from deploy.supply.locked import target_environment

BILL = ROOT / "docs" / "reference" / "sbom.cdx.json"
PAGE_LOCK = ROOT / "serve" / "web" / "package-lock.json"
"""The page's lock, where there is a page."""
SERIALS = UUID("c5b0e6b4-6f0f-5d52-9d9b-9c8a7f0c2f11")
"""Namespace of the serial numbers."""
_NOT_SPDX = {"BSD"}
_LINE = re.compile(r'(?={"bom-ref":|{"dependsOn":|"serialNumber":)')
"""Where a line begins: a line a component, so that a change of the lock shows as such."""
Component = dict[str, Any]


def make_bill(page_lock: Path = PAGE_LOCK) -> str:
    """Return the document's text."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    own = f"pkg:pypi/{ROOT_PACKAGE}@{project['version']}"
    pins = read_lock()
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": ROOT_PACKAGE,
                "version": project["version"],
                "description": project["description"],
                "purl": own,
            },
        },
        "components": [*components_of(pins), *(components_of_page(page_lock) if page_lock.is_file() else [])],
        "dependencies": needs_of(pins, own),
    }
    digest = uuid5(SERIALS, json.dumps(document, sort_keys=True))
    text = json.dumps({**document, "serialNumber": f"urn:uuid:{digest}"}, sort_keys=True, separators=(",", ":"))
    return _LINE.sub("\n", text) + "\n"


def components_of(pins: Sequence[Pin]) -> list[Component]:
    """Return a component a pin, with its scope, licence and the hashes of all its files."""
    required, image = set(image_packages(extras=())), set(image_packages())
    environment = target_environment(image_python())
    components = []
    for pin in pins:
        installed = pin.name in image and pin.holds(environment)
        scope = ("required" if pin.name in required else "optional") if installed else "excluded"
        component = _component(_purl(pin), pin.name, pin.version, scope=scope, licence=licence_of(pin.name))
        component["hashes"] = [{"alg": "SHA-256", "content": digest} for digest in pin.hashes]
        if pin.marker is not None:
            component["properties"] = [{"name": "escore:marker", "value": pin.marker}]
        components.append(component)
    return components


def components_of_page(lock: Path) -> list[Component]:
    """Return a component a package of the page's ``package-lock.json``, which is in version 3 of its form."""
    packages: Mapping[str, Mapping[str, Any]] = json.loads(lock.read_text("utf-8"))["packages"]
    found: dict[str, Component] = {}
    for place, package in packages.items():
        if not place or package.get("link"):
            continue
        name = place.rpartition("node_modules/")[2]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        scope = "excluded" if package.get("dev") or package.get("optional") else "required"
        if purl in found:
            scope = min(scope, found[purl]["scope"], key=("required", "excluded").index)
        component = _component(purl, name, package["version"], scope=scope, licence=package.get("license"))
        algorithm, _, digest = package["integrity"].partition("-")
        component["hashes"] = [
            {"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}
        ]
        found[purl] = component
    return [found[purl] for purl in sorted(found)]


def needs_of(pins: Sequence[Pin], own: str) -> list[dict[str, Any]]:
    """Return who needs whom, as the resolver noted it in the lock."""
    needs: dict[str, set[str]] = defaultdict(set)
    for pin in pins:
        for asker in pin.askers:
            needs[asker].add(_purl(pin))
    by_purl = {own: needs[ROOT_PACKAGE]} | {_purl(pin): needs[pin.name] for pin in pins}
    return [{"ref": purl, "dependsOn": sorted(by_purl[purl])} for purl in sorted(by_purl)]


def _component(purl: str, name: str, version: str, *, scope: str, licence: str | None) -> Component:
    component: Component = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "scope": scope,
    }
    if licence is not None:
        component["licenses"] = [_licence(licence)]
    return component


def _licence(expression: str) -> dict[str, Any]:
    if expression in _NOT_SPDX:
        return {"license": {"name": expression}}
    return {"expression": expression} if " " in expression else {"license": {"id": expression}}


def _purl(pin: Pin) -> str:
    return f"pkg:pypi/{pin.name}@{pin.version}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m deploy.supply.bill_of_materials", description="Write the bill.")
    parser.add_argument("target", type=Path, nargs="?", default=BILL)
    parser.parse_args().target.write_text(make_bill(), "utf-8")
