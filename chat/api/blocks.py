"""The users whom the caller has blocked."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services, shapes
from chat.api.contract import documented
from chat.api.inputs import NewBlock
from chat.api.pages import paged
from chat.api.users import caller, checked
from chat.models import Block, Scope, User
from delivery.wire.errors import NotFound


class OwnBlocks(APIView):
    scopes = {"POST": Scope.WRITE}

    @documented(shapes.CursorPage[shapes.Block])
    def get(self, request: Request) -> Response:
        """Lists the users whom the caller has blocked; `hello` has their ids as `blocks`."""
        return paged(request, Block.objects.filter(blocker=caller(request)).select_related("blocked"), shapes.block_of)

    @documented({201: shapes.Block, 200: shapes.Block}, takes=NewBlock(user=2), refuses=[404])
    def post(self, request: Request) -> Response:
        """Blocks a user: from now on neither can send the other direct messages (`blocked`). 201; a repeat 200 with the first."""
        block, is_new = services.block_user(caller(request), whom=_person(checked(NewBlock, request).user))
        return Response(shapes.block_of(block), status=201 if is_new else 200)


class OneBlock(APIView):
    scopes = {"DELETE": Scope.WRITE}

    @documented({204: None})
    def delete(self, request: Request, user: int) -> Response:
        """Unblocks the user with this id; repeating does nothing."""
        services.unblock_user(caller(request), whom=_person(user))
        return Response(status=204)


def _person(pk: int) -> User:
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise NotFound("There is no such user.")
    return user
