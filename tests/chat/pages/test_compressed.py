"""The channel pages are compressed as the browser knows it, and never say by their size what is in them."""

import brotli
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from chat.pages.compressed import MOST_NOISE, compressed

BODY = b"the same words again and again, " * 500


@compressed
def page(request: object) -> HttpResponse:
    return HttpResponse(BODY)


@pytest.mark.parametrize(
    ("known", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5", "br"),
        ("gzip, br;q=0", "gzip"),
        ("brr, gzip", "gzip"),
        ("", None),
    ],
)
def test_a_page_comes_as_the_browser_knows_it(known: str, coding: str | None) -> None:
    answer = page(RequestFactory().get("/", headers={"accept-encoding": known}))
    assert answer.headers.get("Content-Encoding") == coding
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_its_length_is_random_and_its_words_are_whole() -> None:
    answers = [page(RequestFactory().get("/", headers={"accept-encoding": "br"})) for _ in range(50)]
    assert {brotli.decompress(answer.content) for answer in answers} == {BODY}
    noise = {len(answer.headers["X-Noise"]) for answer in answers}
    assert len(noise) > 10
    assert max(noise) <= MOST_NOISE
