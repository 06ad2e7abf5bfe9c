"""The caller's invitations: links to chosen channels; each is shown once and kept as a hash."""

from django.db.models import Prefetch
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services, shapes
from chat.api.contract import documented
from chat.api.inputs import InviteInput
from chat.api.pages import paged
from chat.api.users import caller, checked
from chat.links import invite_url
from chat.models import Channel, Invite


class Invites(APIView):
    @documented(shapes.CursorPage[shapes.Invite])
    def get(self, request: Request) -> Response:
        """Lists the caller's valid invitations, without their links."""
        channels = Prefetch("channels", Channel.objects.only("pk").order_by("pk"))
        rows = Invite.objects.standing().filter(created_by=caller(request)).prefetch_related(channels)
        return paged(request, rows, shapes.invite_of)

    @documented(
        {201: shapes.NewInvite}, takes=InviteInput(channels=[12], uses=10, expires_in=604800), refuses=[404, 409]
    )
    def post(self, request: Request) -> Response:
        """Creates an invitation: 201; `url` is shown only here. The caller must be allowed to add people to all of the channels.

        `uses`: how many people it lets in (default 100); `expires_in`: in seconds (default one week).
        """
        given = checked(InviteInput, request)
        invite, secret = services.create_invite(
            caller(request), channels=given.channels, uses=given.uses, seconds=given.expires_in
        )
        return Response(shapes.new_invite_of(invite, url=invite_url(secret, request=request)), status=201)


class OneInvite(APIView):
    @documented({204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Revokes an invitation: its link stops working."""
        services.revoke_invite(caller(request), invite=pk)
        return Response(status=204)
