"""Sign-up, sign-in, sign-out, passwords, and the owner's set-up. Guarded by address and name."""

import unicodedata
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django_ratelimit.core import get_usage

from chat.allowances.window import Usage
from chat.api.usage import with_usage
from chat.models import User
from chat.pages.errors import TooOften
from chat.pages.forms import AccountForm, OwnerForm, PasswordForm, SignInForm, SignUpForm
from chat.services import join_first_channel, recheck_logins
from chat.setup import is_valid

View = Callable[..., HttpResponseBase]

#: Attempts to sign in: generous for an office behind one address, tight for one name.
SIGN_IN_BY_ADDRESS = "60/m"
SIGN_IN_BY_NAME = "10/m"
SIGN_UP_BY_ADDRESS = "20/h"
CHANGES_BY_USER = "10/m"


def guarded(*, group: str, key: Any, rate: str) -> Callable[[View], View]:
    """So many POSTs of a key in a window, whatever becomes of them; raises TooOften, which ends as a page."""

    def guard(view: View) -> View:
        @wraps(view)
        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            found = get_usage(request, group=group, key=key, rate=rate, method="POST", increment=True)
            if found is None:
                return view(request, *args, **kwargs)
            usage = Usage(found["limit"], max(0, found["limit"] - found["count"]), max(1, found["time_left"]))
            if found["should_limit"]:
                raise TooOften(usage)
            return with_usage(view(request, *args, **kwargs), usage)

        return counted

    return guard


def _name_tried(group: str, request: HttpRequest) -> str:
    # As the form and the lookup see it: no spaces around, one case, one spelling.
    return unicodedata.normalize("NFKC", request.POST.get("username", "")).strip().casefold()[:80]


def _sign_in_guard(view: View) -> View:
    by_address = guarded(group="sign-in-address", key="ip", rate=SIGN_IN_BY_ADDRESS)
    by_name = guarded(group="sign-in-name", key=_name_tried, rate=SIGN_IN_BY_NAME)
    return by_address(by_name(view))


@method_decorator(_sign_in_guard, name="dispatch")
class SignIn(LoginView):
    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


class SignOut(LogoutView):
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        response = super().post(request, *args, **kwargs)
        if isinstance(user, User):
            recheck_logins(user.pk)
        return response


@guarded(group="sign-up", key="ip", rate=SIGN_UP_BY_ADDRESS)
def sign_up(request: HttpRequest) -> HttpResponse:
    """An account of one's own."""
    if request.user.is_authenticated:
        return redirect("home")
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        join_first_channel(form.user)
        return _enter(request, form)
    return render(request, "registration/sign_up.html", {"form": form}, status=400 if form.errors else 200)


@login_required
@guarded(group="password", key="user", rate=CHANGES_BY_USER)
def change_password(request: HttpRequest) -> HttpResponse:
    """Another password: signs out everywhere but here."""
    assert isinstance(request.user, User)
    form = PasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid() and _change_password(request, form):
        return redirect("password_changed")
    return render(request, "registration/password.html", {"form": form}, status=400 if form.errors else 200)


def _change_password(request: HttpRequest, form: PasswordForm) -> bool:
    # Together: nobody, not even another tab, finds the new password with the old session.
    with transaction.atomic():
        is_changed = form.change()
        if is_changed:
            request.session[HASH_SESSION_KEY] = form.user.get_session_auth_hash()
            request.session.save()
    return is_changed


@login_required
def password_changed(request: HttpRequest) -> HttpResponse:
    """The session gets another key, so that a copied cookie ends too."""
    # Not at the change itself: other tabs would come back with the old cookie before the new one has arrived here.
    request.session.cycle_key()
    return render(request, "registration/password_changed.html")


@guarded(group="setup", key="ip", rate=SIGN_UP_BY_ADDRESS)
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """The link on the console. Its page is gone once there is any account."""
    if not is_valid(token):
        return render(request, "registration/setup_gone.html", status=410)
    form = OwnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _enter(request, form)
    return render(request, "registration/setup.html", {"form": form}, status=400 if form.errors else 200)


def _enter(request: HttpRequest, form: AccountForm) -> HttpResponse:
    login(request, form.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect("home")
