"""The pages' files, which every process knows as it starts, and the libraries' own, which few people ask for."""

import asyncio

from django.http import HttpRequest, HttpResponse

from chatproject.serving.assets import SecuredFiles

OF_THE_ADMIN, OF_NOBODY = "/static/admin/css/base.css", "/static/admin/css/nothing.css"


async def _elsewhere(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404)


def _asking(path: str) -> HttpRequest:
    request = HttpRequest()
    request.path = request.path_info = path
    request.method = "GET"
    return request


async def test_files_that_were_not_collected_are_looked_for_when_one_is_asked_for() -> None:
    files = SecuredFiles(_elsewhere)
    await files(_asking("/nothing/"))
    assert OF_THE_ADMIN not in files.files
    # Those who ask at the same moment all get it.
    answers = await asyncio.gather(*(files(_asking(OF_THE_ADMIN)) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert (await files(_asking(OF_NOBODY))).status_code == 404
