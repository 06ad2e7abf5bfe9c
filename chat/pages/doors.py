"""Sign-up, sign-in, sign-out, passwords, and the owner's set-up. The forms count the tries."""

from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from chat.allowances.attempts import line_of_request
from chat.allowances.links import counted_as_link
from chat.links import invite_url
from chat.models import User
from chat.pages.forms import NewPasswordForm, OwnerForm, PasswordForm, SignInForm, SignUpForm
from chat.services import create_invite, is_sign_up_open, note_sign_in, recheck_logins, whose_password_link
from chat.setup import is_valid
from delivery.wire.errors import NotFound


class SignIn(LoginView):
    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(is_open=is_sign_up_open(), **kwargs)

    def get_success_url(self) -> str:
        """The address in `next`, unless it is this page: for a signed-in user Django would raise an error for such a loop."""
        url: str = super().get_success_url()
        return url if url != self.request.path else self.get_default_redirect_url()

    def form_valid(self, form: Any) -> HttpResponse:
        enter(self.request, form.get_user())
        return redirect(self.get_success_url())


class SignOut(LogoutView):
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        response = super().post(request, *args, **kwargs)
        if isinstance(user, User):
            recheck_logins(user.pk)
        return response


def sign_up(request: HttpRequest) -> HttpResponse:
    """Sign-up: a newcomer creates an account, if SIGN_UP is open."""
    if request.user.is_authenticated:
        return redirect("home")
    if not is_sign_up_open():
        return render(request, "registration/sign_up_closed.html", {"mode": settings.SIGN_UP}, status=403)
    form = SignUpForm(request)
    if form.is_valid():
        enter(request, form.user)
        return redirect("home")
    return render(request, "registration/sign_up.html", {"form": form}, status=400 if form.errors else 200)


@login_required
def change_password(request: HttpRequest) -> HttpResponse:
    """Changes the user's password, and signs them out everywhere else."""
    assert isinstance(request.user, User)
    form = PasswordForm(request, request.user)
    if form.is_valid() and _change_password(request, form):
        return redirect("password_changed")
    return render(request, "registration/password.html", {"form": form}, status=400 if form.errors else 200)


def _change_password(request: HttpRequest, form: PasswordForm) -> bool:
    # In one transaction: no request, also of another tab, meets the new password with the old session.
    with transaction.atomic():
        is_changed = form.change()
        if is_changed:
            request.session[HASH_SESSION_KEY] = form.user.get_session_auth_hash()
            request.session.save()
    return is_changed


@login_required
def password_changed(request: HttpRequest) -> HttpResponse:
    """Confirms the change, and gives the session a new key, so that a copied cookie ends too."""
    # Not at the change itself: other tabs would reconnect with the old cookie before the browser has the new one.
    request.session.cycle_key()
    return render(request, "registration/password_changed.html")


@counted_as_link
def new_password(request: HttpRequest, secret: str) -> HttpResponse:
    """The page of a one-time password link: a new password ends the user's sessions and tokens. 410 for any other link."""
    try:
        user = whose_password_link(secret)
    except NotFound as refusal:
        return render(request, "registration/new_password_gone.html", {"sentence": refusal.detail}, status=410)
    form = NewPasswordForm(request, secret)
    if form.is_valid():
        enter(request, form.user)
        return redirect("home")
    context = {"form": form, "person": user}
    return render(request, "registration/new_password.html", context, status=400 if form.errors else 200)


@counted_as_link
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """The set-up page, whose link `serve` prints: it makes the owner's account. 410 once there is any account."""
    if not is_valid(token):
        return render(request, "registration/setup_gone.html", status=410)
    form = OwnerForm(request)
    if form.is_valid():
        enter(request, form.user)
        return _welcome(request, form)
    return render(request, "registration/setup.html", {"form": form}, status=400 if form.errors else 200)


def _welcome(request: HttpRequest, form: OwnerForm) -> HttpResponse:
    """The owner's first page, with an invitation link for the others."""
    if settings.SIGN_UP == "closed":
        return redirect("home")
    _, secret = create_invite(form.user, channels=[form.first_channel.pk])
    context = {"channel": form.first_channel, "url": invite_url(secret, request=request)}
    return render(request, "registration/welcome.html", context)


def enter(request: HttpRequest, user: User) -> None:
    """Signs in a user who has proved their identity."""
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    note_sign_in(user, line=line_of_request(request))
