"""Invitations of the caller: links to chosen channels, shown once, kept as a hash."""

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
        """The caller's invitations that stand; never their links."""
        channels = Prefetch("channels", Channel.objects.only("pk").order_by("pk"))
        rows = Invite.objects.standing().filter(created_by=caller(request)).prefetch_related(channels)
        return paged(request, rows, shapes.invite_of)

    @documented(
        {201: shapes.NewInvite}, takes=InviteInput(channels=[12], uses=10, expires_in=604800), refuses=[404, 409]
    )
    def post(self, request: Request) -> Response:
        """201 with a new invitation: `url` is shown this once. By who may add people in all of the channels.

        `uses`: how many people it lets in (100 without it); `expires_in`: seconds (a week without it).
        """
        given = checked(InviteInput, request)
        invite, secret = services.create_invite(
            caller(request), channels=given.channels, uses=given.uses, seconds=given.expires_in
        )
        return Response(shapes.new_invite_of(invite, url=invite_url(secret, request=request)), status=201)


class OneInvite(APIView):
    @documented({204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Takes an invitation back: its link lets nobody in any more."""
        services.revoke_invite(caller(request), invite=pk)
        return Response(status=204)
