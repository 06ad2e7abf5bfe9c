"""Presence over HTTP: the same states as on the socket."""

from asgiref.sync import async_to_sync
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import shapes
from chat.api.contract import documented, text
from chat.api.users import caller
from chat.live.node import running_node
from chat.reads import people as sightings
from delivery.wire import ids
from delivery.wire.errors import Invalid

#: Users whose presence one request may ask for.
MOST_ASKED = 100


class PresenceOf(APIView):
    @documented(shapes.People, query={"users": text("Ids of users, separated by commas.", example="1,2")})
    def get(self, request: Request) -> Response:
        """Returns the presence of `?users=1,2` (at most 100), without it the caller's.

        Users who share no channel with the caller are left out.
        """
        user = caller(request)
        asked = _numbers(request.query_params.get("users", str(user.pk)))
        seen = sightings.last_seen(user.pk, asked)
        state_of = async_to_sync(running_node)().presence.state_of
        answer = {pk: sightings.with_last_seen(state_of(pk), at) for pk, at in seen.items()}
        if user.pk in answer:
            answer[user.pk] = sightings.own_state(user, answer[user.pk])
        return Response(shapes.People(users=answer))


def _numbers(raw: str) -> list[int]:
    words = raw.split(",")
    if len(words) > MOST_ASKED:
        raise Invalid(f"At most {MOST_ASKED} people can be asked for at once.")
    if not all(map(ids.is_number, words)):
        raise Invalid("users must be whole numbers with commas between them.")
    return [int(word) for word in words]
