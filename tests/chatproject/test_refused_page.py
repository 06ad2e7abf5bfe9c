"""The page of a refusal in a browser, with a policy that allows only its own style."""

import base64
import hashlib
import re
from http import HTTPStatus
from typing import Any

import pytest

from chatproject.serving import refusals, refused_page

BROWSER = (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")


async def refused(**scope: Any) -> tuple[dict[str, str], str]:
    sent: list[Any] = []

    async def send(event: Any) -> None:
        sent.append(event)

    async def receive() -> Any:
        raise AssertionError("nothing more is read")

    asked = {"type": "http", "method": "GET", "path": "/c/1/", "headers": [], **scope}
    await refusals.answer(refusals.BODY_TOO_BIG, asked, receive, send)
    start, body = sent
    assert start["status"] == 413
    return {name.decode(): value.decode() for name, value in start["headers"]}, body["body"].decode()


async def test_a_browser_that_is_refused_at_the_door_gets_a_page_with_a_way_back() -> None:
    headers, page = await refused(headers=[BROWSER], method="POST")
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-length"] == str(len(page.encode()))
    assert "That was too large" in page
    assert 'href="/"' in page
    style = re.search("<style>(.*)</style>", page)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in headers["content-security-policy"]


@pytest.mark.parametrize("asked", [{}, {"path": "/api/v1/channels/", "headers": [BROWSER]}])
async def test_programs_get_the_problem_document(asked: dict[str, Any]) -> None:
    headers, body = await refused(**asked)
    assert headers["content-type"] == "application/problem+json"
    assert '"code":"invalid"' in body


def test_who_should_come_back_reads_when_and_gets_the_same_address_again() -> None:
    page = refused_page.spell(HTTPStatus.SERVICE_UNAVAILABLE, "Too many.", method="GET", retry_after=7).decode()
    assert "Try again in 7 s." in page
    assert 'href=""' in page
