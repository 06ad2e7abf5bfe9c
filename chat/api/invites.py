"""Invitations of the caller: links to chosen channels, shown once, kept as a hash."""

from typing import Any

from django.db.models import Prefetch
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services
from chat.api import shapes
from chat.api.contract import Page, documented
from chat.api.inputs import InviteInput
from chat.api.pages import paged
from chat.api.users import caller, checked
from chat.links import invite_url
from chat.models import Channel, Invite
from delivery.wire.types import spell_time


class Invites(APIView):
    @documented(Page(shapes.Invite))
    def get(self, request: Request) -> Response:
        """The caller's invitations that stand; never their links."""
        channels = Prefetch("channels", Channel.objects.only("pk").order_by("pk"))
        rows = Invite.objects.standing().filter(created_by=caller(request)).prefetch_related(channels)
        return paged(request, rows, invite_dict)

    @documented({201: shapes.NewInvite}, takes=InviteInput, refuses=[404, 409])
    def post(self, request: Request) -> Response:
        """201 with a new invitation: `url` is shown this once. By who may add people in all of the channels.

        `uses`: how many people it lets in (100 without it); `expires_in`: seconds (a week without it).
        """
        given = checked(InviteInput, request)
        invite, secret = services.create_invite(
            caller(request), channels=given["channels"], uses=given["uses"], seconds=given["expires_in"]
        )
        return Response({**invite_dict(invite), "url": invite_url(secret, request=request)}, status=201)


class OneInvite(APIView):
    @documented({204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Takes an invitation back: its link lets nobody in any more."""
        services.revoke_invite(caller(request), invite=pk)
        return Response(status=204)


def invite_dict(invite: Invite) -> dict[str, Any]:
    return {
        "id": invite.pk,
        "channels": sorted(channel.pk for channel in invite.channels.all()),
        "uses": invite.uses,
        "used": invite.used,
        "created_at": spell_time(invite.created_at),
        "expires_at": spell_time(invite.expires_at),
    }
