"""What browsers may load is said with every answer: pages, the API, the admin, refusals."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from chat.middleware.content_policy import content_policy

POLICY = "Content-Security-Policy"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/login/", "/api/v1/me/", "/admin/login/", "/there/is/no/such/page/"])
def test_every_answer_has_the_policy(client: Client, path: str) -> None:
    said = client.get(path).headers[POLICY].split("; ")
    assert {"default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "script-src 'self'"} <= set(said)


def answered(response: HttpResponse) -> HttpResponse:
    return content_policy(lambda request: response)(RequestFactory().get("/"))


@pytest.mark.fast
def test_an_answer_with_a_policy_of_its_own_keeps_it() -> None:
    assert answered(HttpResponse(headers={POLICY: "default-src 'none'"})).headers[POLICY] == "default-src 'none'"


@pytest.mark.fast
@pytest.mark.parametrize(
    ("status", "debug", "has_it"), [(404, True, False), (500, True, False), (404, False, True), (200, True, True)]
)
def test_the_pages_of_debug_may_use_their_own_scripts(settings: Any, status: int, debug: bool, has_it: bool) -> None:
    settings.DEBUG = debug
    assert (POLICY in answered(HttpResponse(status=status)).headers) is has_it
