"""The API's descriptions: the OpenAPI document of its paths, a page for people, the AsyncAPI document of the socket."""

import functools
from collections.abc import Callable

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from chat.api import asyncapi, openapi, problems

View = Callable[[HttpRequest], HttpResponse]


def takes_no_parameters(view: View) -> View:
    """Refuses unknown parameters, as the other paths of the API do."""

    @functools.wraps(view)
    def held(request: HttpRequest) -> HttpResponse:
        return problems.bad_request(request, ValueError("unknown parameters")) if request.GET else view(request)

    return held


@require_safe
@takes_no_parameters
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document of these paths, for everybody."""
    return HttpResponse(msgspec.json.encode(openapi.document()), content_type="application/json")


@require_safe
@takes_no_parameters
def socket(request: HttpRequest) -> HttpResponse:
    """The AsyncAPI 3 document of the socket, for everybody."""
    return HttpResponse(msgspec.json.encode(asyncapi.document()), content_type="application/json")


@require_safe
@ensure_csrf_cookie
def page(request: HttpRequest) -> HttpResponse:
    """The page of the API for people, self-hosted; a signed-in user can try each request."""
    return render(request, "chat/api.html")
