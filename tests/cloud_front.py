"""A site as CloudFront makes one of ``deploy/aws/page.yaml``: a bucket's files, the API's paths, and header fields."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from deploy.templates import FOLDER, load_template

FILES = "files"
"""How the template names the bucket among its origins."""
_HOP = {"connection", "content-length", "content-encoding", "transfer-encoding", "date", "server"}


def cloud_front(bucket: Path, api: str) -> Starlette:
    """Return the distribution over a folder in the bucket's place, and over the API at an address."""
    resources = load_template(FOLDER / "page.yaml")["Resources"]
    distribution = resources["Page"]["Properties"]["DistributionConfig"]
    default = distribution["DefaultCacheBehavior"]
    client = httpx.AsyncClient(base_url=api)

    async def answer(request: Request) -> Response:
        path = request.url.path.lstrip("/")
        behaviours = (each for each in distribution["CacheBehaviors"] if fnmatchcase(path, each["PathPattern"]))
        behaviour = next(behaviours, default)
        if request.method not in behaviour.get("AllowedMethods", ["GET", "HEAD"]):
            return Response(status_code=403)
        if behaviour["TargetOriginId"] == FILES:
            file = bucket / (path or distribution["DefaultRootObject"])
            found = FileResponse(file) if file.is_file() else Response(status_code=403)
        else:
            found = await _passed_on(client, request)
        found.headers.update(_fields_of(resources[behaviour["ResponseHeadersPolicyId"]["Ref"]]))
        return found

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "DELETE"])])


async def _passed_on(client: httpx.AsyncClient, request: Request) -> Response:
    """AllViewerExceptHostHeader."""
    fields = [(name, value) for name, value in request.headers.items() if name != "host"]
    address = f"{request.url.path}?{request.url.query}".rstrip("?")
    told = await client.request(request.method, address, headers=fields, content=await request.body())
    kept = {name: value for name, value in told.headers.items() if name not in _HOP}
    return Response(told.content, told.status_code, headers=kept)


def _fields_of(policy: Mapping[str, Any]) -> dict[str, str]:
    """Return the header fields that a policy sets whatever the origin says."""
    config = policy["Properties"]["ResponseHeadersPolicyConfig"]
    of: Mapping[str, Any] = config["SecurityHeadersConfig"]
    assert all(each["Override"] for each in of.values())
    tls = of["StrictTransportSecurity"]
    fields = {"Strict-Transport-Security": f"max-age={tls['AccessControlMaxAgeSec']}; includeSubDomains; preload"}
    if "ContentTypeOptions" in of:
        fields["X-Content-Type-Options"] = "nosniff"
        fields["X-Frame-Options"] = of["FrameOptions"]["FrameOption"]
        fields["Referrer-Policy"] = of["ReferrerPolicy"]["ReferrerPolicy"]
        fields["Content-Security-Policy"] = of["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    items = config.get("CustomHeadersConfig", {}).get("Items", [])
    return fields | {each["Header"]: each["Value"] for each in items}
