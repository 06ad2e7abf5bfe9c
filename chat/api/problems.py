"""Every error of the API as application/problem+json (RFC 9457) with the socket's codes; every error page as a page."""

import logging
import math
import secrets
import sys
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response
from structlog.contextvars import get_contextvars

from chat import shapes
from chat.allowances.window import Usage
from chat.api.authentication import OutOfDate
from chat.api.usage import with_usage
from delivery import metrics
from delivery.service_errors import DATABASE_AWAY
from delivery.wire.errors import Forbidden, Internal, Invalid, NotFound, OutOfScope, RateLimited, Refused, Unavailable

logger = logging.getLogger("gapless.api")

PROBLEM = "application/problem+json"
T = TypeVar("T", bound=HttpResponse)


def problem(
    refusal: Refused, *, status: int | None = None, errors: dict[str, list[str]] | None = None
) -> shapes.Problem:
    metrics.errors.labels(refusal.code, "http").inc()
    # The same id as in the log: the reference of an unexpected error, else the id of the request.
    reference = getattr(refusal, "reference", None) or get_contextvars().get("request_id") or secrets.token_hex(6)
    return shapes.problem_of(refusal, status=status or refusal.status, errors=errors, request_id=reference)


def problem_response(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER: translates refusals and DRF's own exceptions; any other exception becomes `internal`."""
    refusal, status, errors = _refusal_for(error)
    response = Response(problem(refusal, status=status, errors=errors), status=status or refusal.status)
    response.content_type = PROBLEM
    _with_retry(refusal, response)
    if isinstance(refusal, RateLimited) and refusal.limit is not None:
        with_usage(response, Usage(refusal.limit, 0, refusal.retry_after or 1))
    if isinstance(error, OutOfDate):
        response["X-CSRFToken"] = get_token(context["request"]._request)
    challenge = getattr(error, "auth_header", None)
    if isinstance(error, OutOfScope):
        # RFC 6750, section 3.1.
        challenge = f'Bearer realm="gapless", error="insufficient_scope", scope="{error.scope}"'
    if challenge:
        response["WWW-Authenticate"] = challenge
    return response


def _refusal_for(error: Exception) -> tuple[Refused, int | None, dict[str, list[str]] | None]:
    match error:
        case Refused():
            return error, None, None
        case exceptions.ValidationError():
            return Invalid("Some fields can't be used as they are."), None, _by_field(error.detail)
        case exceptions.Throttled():
            return RateLimited(retry_after=getattr(error, "wait", None) or 1), None, None
        case Http404() | exceptions.NotFound():
            return NotFound(), None, None
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return Forbidden(str(error.detail)), error.status_code, None
        case PermissionDenied() | exceptions.PermissionDenied():
            return Forbidden(str(getattr(error, "detail", "")) or ""), None, None
        case exceptions.APIException():
            return Invalid(str(error.detail)), error.status_code, None
    if isinstance(error, DATABASE_AWAY):
        return Unavailable(), None, None
    reference = secrets.token_hex(6)
    logger.error("reference %s", reference, exc_info=error)
    return Internal(reference), None, None


def _by_field(detail: Any) -> dict[str, list[str]]:
    if not isinstance(detail, dict):
        detail = {"non_field_errors": detail}
    return {str(field): list(_sentences(found)) for field, found in detail.items()}


def _sentences(found: Any, place: str = "") -> Iterator[str]:
    # DRF nests the errors of one item of a list: its place is part of the key.
    if isinstance(found, dict):
        for key, below in found.items():
            yield from _sentences(below, f"{place}{key}: ")
    elif isinstance(found, list | tuple):
        for below in found:
            yield from _sentences(below, place)
    else:
        yield f"{place}{found}"


# ---- for requests that reach no view of the API, and for pages ----


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, Invalid(), "400.html")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, Forbidden(), "403.html")


def not_secure(request: HttpRequest) -> HttpResponse:
    return _answer(request, Forbidden("The API is spoken over https only: nothing was done."), "403.html")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, NotFound(), "404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """Called by Django while it handles the exception that no view and no middleware has answered."""
    if isinstance(sys.exception(), DATABASE_AWAY):
        return _answer(request, Unavailable(), "503.html")
    return _answer(request, Internal(secrets.token_hex(6)), "500.html")


def _answer(request: HttpRequest, refusal: Refused, template: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        said = msgspec.json.encode(problem(refusal))
        return _with_retry(refusal, HttpResponse(said, status=refusal.status, content_type=PROBLEM))
    return _with_retry(refusal, render(request, template, status=refusal.status))


def _with_retry(refusal: Refused, response: T) -> T:
    if refusal.retry_after is not None:
        response["Retry-After"] = str(max(1, math.ceil(refusal.retry_after)))
    return response
