"""The user's own pages: invitations and tokens, with a way to revoke them, and a new conversation with several people."""

from collections.abc import Callable

from django.contrib import messages as notices
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from chat.models import Channel, Invite, Token, User
from chat.pages.forms import GroupForm
from chat.services import delete_token, revoke_invite
from delivery.wire import ids
from delivery.wire.errors import NotFound, Refused

_both = require_http_methods(["GET", "HEAD", "POST"])


@login_required
@_both
def invitations(request: HttpRequest) -> HttpResponse:
    """The user's valid invitations, with a way to revoke each."""
    user = _person(request)
    if request.method == "POST":
        return _ended(
            request, lambda pk: revoke_invite(user, invite=pk), "The invitation is revoked: its link no longer works."
        )
    channels = Prefetch("channels", Channel.objects.order_by("pk"))
    rows = Invite.objects.standing().filter(created_by=user).prefetch_related(channels).order_by("-pk")
    return render(request, "own/invitations.html", {"rows": rows})


@login_required
@_both
def tokens(request: HttpRequest) -> HttpResponse:
    """The user's tokens for programs, without their secrets, with a way to revoke each."""
    user = _person(request)
    if request.method == "POST":
        return _ended(
            request,
            lambda pk: delete_token(user, token=pk),
            "The token and all tokens that it has created are revoked.",
        )
    return render(request, "own/tokens.html", {"rows": Token.objects.filter(user=user).order_by("-pk")})


@login_required
@_both
def new_group(request: HttpRequest) -> HttpResponse:
    """Starts a conversation with several people, or opens the one that these people have already."""
    form = GroupForm(request, _person(request))
    if form.is_valid():
        return redirect("channel", pk=form.channel.pk)
    return render(request, "own/group.html", {"form": form}, status=400 if form.errors else 200)


def _ended(request: HttpRequest, end: Callable[[int], None], sentence: str) -> HttpResponse:
    given = request.POST.get("id", "")
    try:
        if not given.isascii() or not given.isdigit() or int(given[:20]) > ids.MOST:
            raise NotFound
        end(int(given[:20]))
        notices.success(request, sentence)
    except Refused as refusal:
        notices.error(request, refusal.detail)
    return redirect(request.path)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
