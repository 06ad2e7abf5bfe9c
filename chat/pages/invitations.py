"""The page of an invitation link: a newcomer signs up here, a signed-in user joins the channels."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from chat.allowances.links import counted_as_link
from chat.models import Channel, Invite, User
from chat.pages.doors import enter
from chat.pages.forms import InviteForm
from chat.services import accept_invite, open_invite
from delivery.wire.errors import NotFound, RateLimited, Refused


@counted_as_link
def invite(request: HttpRequest, secret: str) -> HttpResponse:
    """The page of an invitation: who invites, to which channels, and how to join. 410 for every link that is not valid."""
    try:
        found, channels = open_invite(secret)
    except NotFound as refusal:
        return _gone(request, refusal.detail)
    if isinstance(request.user, User):
        return _join(request, request.user, secret, found, channels)
    form = InviteForm(request, secret)
    if form.is_valid():
        enter(request, form.user)
        return redirect("channel", pk=form.channels[0].pk)
    context = {**_said(found, channels), "form": form}
    return render(request, "registration/invite.html", context, status=400 if form.errors else 200)


def _join(request: HttpRequest, user: User, secret: str, found: Invite, channels: list[Channel]) -> HttpResponse:
    error = ""
    if request.method == "POST":
        try:
            return redirect("channel", pk=accept_invite(user, secret=secret)[0].pk)
        except RateLimited:
            raise
        except Refused as refusal:
            error = refusal.detail
    context = {**_said(found, channels), "error": error}
    return render(request, "registration/invite_join.html", context, status=400 if error else 200)


def _said(found: Invite, channels: list[Channel]) -> dict[str, object]:
    return {"inviter": found.created_by, "channels": channels}


def _gone(request: HttpRequest, sentence: str) -> HttpResponse:
    is_closed = settings.SIGN_UP == "closed"
    context = {"sentence": "Sign-up is closed here, so invitations do not work." if is_closed else sentence}
    return render(request, "registration/invite_gone.html", context, status=410)
