"""Whom the caller wants to hear nothing from."""

from typing import Any

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services
from chat import shapes as sent
from chat.api import shapes
from chat.api.contract import Page, documented
from chat.api.inputs import NewBlock
from chat.api.pages import paged
from chat.api.users import caller, checked
from chat.models import Block, Scope, User
from delivery.wire.errors import NotFound
from delivery.wire.types import spell_time


class Blocks(APIView):
    scopes = {"POST": Scope.WRITE}

    @documented(Page(shapes.Block))
    def get(self, request: Request) -> Response:
        """Everybody whom the caller has blocked; `hello` has their ids as `blocks`."""
        return paged(request, Block.objects.filter(blocker=caller(request)).select_related("blocked"), _spelled)

    @documented({201: shapes.Block, 200: shapes.Block}, takes=NewBlock, refuses=[404])
    def post(self, request: Request) -> Response:
        """No direct messages go between the two from now on, whoever writes (`blocked`); a repeat is 200 with the first."""
        block, is_new = services.block_user(caller(request), whom=_person(checked(NewBlock, request)["user"]))
        return Response(_spelled(block), status=201 if is_new else 200)


class OneBlock(APIView):
    scopes = {"DELETE": Scope.WRITE}

    @documented({204: None})
    def delete(self, request: Request, user: int) -> Response:
        """Ends it, by the id of whom it is about; repeating does nothing."""
        services.unblock_user(caller(request), whom=_person(user))
        return Response(status=204)


def _spelled(block: Block) -> dict[str, Any]:
    person = msgspec.to_builtins(sent.person_of(block.blocked))
    # In one's own list each person stands once: their id is the block's.
    return {"id": block.blocked_id, "user": person, "created_at": spell_time(block.created_at)}


def _person(pk: int) -> User:
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise NotFound("There is no such user.")
    return user
