"""How a view says that its request should wait and then be asked again; the server reads it (chatproject/serving/waiting.py)."""

from dataclasses import dataclass

from rest_framework.request import Request
from rest_framework.response import Response

from delivery.node import running
from delivery.wire.errors import RateLimited

#: On an answer that is not sent.
HEADER = "X-Gapless-Wait"
#: In the scope of a request that may be answered so.
MAY_WAIT = "gapless.may_wait"
#: In the scope of one that came together with too many others of the same user.
MANY_WAIT = "gapless.many_wait"
#: Who has as many requests waiting may come back then.
AGAIN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Wait:
    """For the channel to go on from this number."""

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
    """What to answer so that it waits; None where it can't. Raises RateLimited when too many of the user's wait already."""
    node, scope = running(), getattr(request._request, "scope", {})
    if scope.get(MANY_WAIT) or (node is not None and scope.get(MAY_WAIT) and not node.waits.has_room(wait.user_id)):
        raise RateLimited("Too many of your requests are waiting already.", retry_after=AGAIN_SECONDS)
    if node is None or not scope.get(MAY_WAIT):
        return None
    return Response(headers={HEADER: wait.spell()})
