"""A view says here that its request should wait and then run again; the server does it (chatproject/serving/long_polls.py)."""

from dataclasses import dataclass

from rest_framework.request import Request
from rest_framework.response import Response

from delivery.node import running
from delivery.wire.errors import RateLimited

#: The header of such an answer, which the server does not send.
HEADER = "X-Gapless-Wait"
#: Key in the scope of a request that may wait.
MAY_WAIT = "gapless.may_wait"
#: Key in the scope of a request of a user with too many waiting requests.
MANY_WAIT = "gapless.many_wait"
#: The `Retry-After` for a user with too many waiting requests, in seconds.
AGAIN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Wait:
    """A request that waits until the channel has a change after this number."""

    channel_id: int
    number: int
    user_id: int
    seconds: int

    @classmethod
    def spelled(cls, text: str) -> "Wait":
        return cls(*map(int, text.split()))

    def spell(self) -> str:
        return f"{self.channel_id} {self.number} {self.user_id} {self.seconds}"


def wait_for(request: Request, wait: Wait) -> Response | None:
    """The answer that makes the request wait; None if it can't wait. Raises RateLimited if too many requests of the user wait."""
    node, scope = running(), getattr(request._request, "scope", {})
    if scope.get(MANY_WAIT) or (node is not None and scope.get(MAY_WAIT) and not node.waits.has_room(wait.user_id)):
        raise RateLimited("Too many of your requests are waiting already.", retry_after=AGAIN_SECONDS)
    if node is None or not scope.get(MAY_WAIT):
        return None
    return Response(headers={HEADER: wait.spell()})
