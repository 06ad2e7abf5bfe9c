"""Markdown is only for display: at every door the body is the typed text, byte for byte."""

from tests.conftest import Cast, in_thread
from tests.stage.servers import Server

BODIES = [
    "**bold** _it_ ~~s~~ `code` [a](https://example.org) <b>no</b>",
    "```py\n\tif a:\n\t\tb  \n```\n\n|a|b|\n|-|-|\n|1|2|",
    "- a\n- b\n\n1. c\\\n   d  \n> e\u202e\u0301",
    "javascript:alert(1) [x](javascript:alert(1)) &amp; \\* \ufeff.",
]


async def test_what_is_posted_by_socket_and_by_http_is_what_everybody_is_told(server: Server, cast: Cast) -> None:
    http = server.http(cast.token(cast.bob))
    path = f"/channels/{cast.team.pk}/messages/"
    async with server.connect(cast.token(cast.alice)) as alice:
        for number, body in enumerate(BODIES):
            reply = await alice.post(cast.team.pk, body)
            given = {"client_msg_id": f"00000000-0000-4000-8000-00000000000{number}", "body": body}
            posted = await in_thread(http.post, path, json=given)
            assert (reply["message"]["body"], posted.status_code, posted.json()["body"]) == (body, 201, body)
    listed = (await in_thread(http.get, path)).json()["results"]
    assert [row["body"] for row in reversed(listed) if row["kind"] == "text"] == [b for b in BODIES for _ in "ab"]
