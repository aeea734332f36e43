"""Django REST Framework, which the source document proposes for Systems A and B: views that read one key.

No middleware, no authentication, no permissions, no database: less than any project has. ``/score`` is how a view is
written (data in, rendered by the framework); ``/score-texto`` hands the stored text on without reading it, which is the
least that a view of the framework can do.
"""

from __future__ import annotations

import json
from typing import Any

import django
import redis
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=[],
    ROOT_URLCONF=__name__,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

# Django's modules can be imported once its settings are there.
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import Http404, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from benchmarks.peers.stored_json import REDIS_URL, key_of  # noqa: E402

CACHE = redis.Redis.from_url(REDIS_URL)


def read_text(client_id: str) -> Any:
    text = CACHE.get(key_of(client_id))
    if text is None:
        raise Http404
    return text


class ScoreView(APIView):
    def get(self, _request: Request, cliente_id: str) -> Response:
        return Response(json.loads(read_text(cliente_id)))


class ScoreTextView(APIView):
    def get(self, _request: Request, cliente_id: str) -> HttpResponse:
        text = read_text(cliente_id)
        return HttpResponse(text, content_type="application/json", headers={"Content-Length": str(len(text))})


urlpatterns = [
    path("clientes/<cliente_id>/score", ScoreView.as_view()),
    path("clientes/<cliente_id>/score-texto", ScoreTextView.as_view()),
]
app = get_wsgi_application()
