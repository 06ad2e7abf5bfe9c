"""A9: the first message, sent ten times at once while a process dies, begins one conversation with one message."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from chat.models import Conversation, Message
from tests.stage.servers import Server
from tests.stage.support import Desk


def test_a9_ten_times_at_once_and_a_process_dies_meanwhile(
    server: Server, own_server: Callable[..., Server], desk: Desk
) -> None:
    dying = own_server()
    visits = f"/api/v1/support/{desk.inbox.key}/visits/"
    token = httpx.post(server.url + visits, json={}, trust_env=False).json()["token"]
    said = {"client_msg_id": str(uuid.uuid4()), "body": "Where is my parcel?"}

    def post(n: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        # Who had no answer asks again, elsewhere: as every client does.
        for url in (dying.url if n % 2 else server.url, server.url):
            try:
                return httpx.post(f"{url}/api/v1/support/conversations/", json=said, headers=headers, trust_env=False)
            except httpx.TransportError:
                continue
        raise AssertionError("the living one has to answer")

    with ThreadPoolExecutor(11) as pool:
        posts = [pool.submit(post, n) for n in range(10)]
        pool.submit(dying.kill)
        answers = [each.result() for each in posts]
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Conversation.objects.count() == 1
    assert Message.objects.filter(kind="text").count() == 1
    begun = Message.objects.filter(channel=desk.inbox.desk, event__type="conversation.begun")
    assert begun.count() == 1
