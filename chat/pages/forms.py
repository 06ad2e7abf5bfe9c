"""The forms of the pages. Each calls a verb and shows its refusal at the form."""

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest

from chat.allowances.attempts import count_sign_in, count_sign_up
from chat.models import Channel, User
from chat.services import (
    change_password,
    check_sign_in,
    create_owner,
    open_direct_channel,
    sign_up,
    sign_up_by_invite,
    use_password_link,
)
from delivery.wire import ids
from delivery.wire.errors import RateLimited, Refused

#: The most names that the field takes; the limit of members refuses more.
MOST_NAMES = 100


@contextlib.contextmanager
def shown_at_the_form() -> Iterator[None]:
    """Turns a verb's refusal into an error of the form. Too many tries get a page of their own."""
    try:
        yield
    except RateLimited:
        raise
    except Refused as refusal:
        raise forms.ValidationError(refusal.detail) from None


class SignInForm(AuthenticationForm):
    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        """Checks and counts only when both name and password are given. Raises RateLimited."""
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username and password:
            count_sign_in(self.request, username)
            with shown_at_the_form():
                self.user_cache = check_sign_in(username, password=password)
        return self.cleaned_data


def new_password_field(label: str) -> forms.CharField:
    return forms.CharField(
        strip=False,
        max_length=200,
        label=label,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 8 characters, and not one of the common ones.",
    )


class AccountForm(forms.Form):
    username = User._meta.get_field("username").formfield(
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
        help_text="Letters, digits, dots, dashes and underscores.",
    )
    display_name = forms.CharField(
        max_length=80, required=False, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = new_password_field("Password")

    user: User

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.POST if request.method == "POST" else None)
        self._request = request

    def clean(self) -> dict[str, Any]:
        """Creates the account once all fields are valid. Raises RateLimited."""
        cleaned = super().clean() or {}
        if not self.errors:
            count_sign_up(self._request)
            with shown_at_the_form():
                self.user = self.create(cleaned)
        return cleaned

    def create(self, cleaned: dict[str, Any]) -> User:
        raise NotImplementedError


class SignUpForm(AccountForm):
    def create(self, cleaned: dict[str, Any]) -> User:
        return sign_up(**cleaned)


class InviteForm(AccountForm):
    """Sign-up by the link of an invitation."""

    channels: list[Channel]

    def __init__(self, request: HttpRequest, secret: str) -> None:
        super().__init__(request)
        self._secret = secret

    def create(self, cleaned: dict[str, Any]) -> User:
        user, self.channels = sign_up_by_invite(self._secret, **cleaned)
        return user


class OwnerForm(AccountForm):
    first_channel: Channel

    def create(self, cleaned: dict[str, Any]) -> User:
        owner, self.first_channel = create_owner(**cleaned)
        return owner


class NewPasswordForm(forms.Form):
    """A new password by a one-time link."""

    password = new_password_field("New password")

    user: User

    def __init__(self, request: HttpRequest, secret: str) -> None:
        super().__init__(request.POST if request.method == "POST" else None)
        self._secret = secret

    def clean_password(self) -> None:
        with shown_at_the_form():
            self.user = use_password_link(self._secret, password=self.cleaned_data["password"])


class PasswordForm(forms.Form):
    """A new password for a user who knows the present one."""

    current = forms.CharField(
        strip=False,
        max_length=200,
        label="Present password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    password = new_password_field("New password")
    keep_tokens = forms.BooleanField(
        required=False,
        label="Keep the tokens of my programs",
        help_text="Otherwise they end too: don't tick this if somebody may know your password.",
    )

    def __init__(self, request: HttpRequest, user: User) -> None:
        super().__init__(request.POST if request.method == "POST" else None)
        self._request = request
        self.user = user

    def clean_current(self) -> None:
        """A wrong password here counts like one at the sign-in. Raises RateLimited."""
        count_sign_in(self._request, self.user.username)
        if not self.user.check_password(self.cleaned_data["current"]):
            raise forms.ValidationError("This is not your present password.")

    def change(self) -> bool:
        """Changes the password. Returns False if it was refused; then the form has the reason."""
        try:
            change_password(
                self.user,
                password=self.cleaned_data["password"],
                keep_tokens=self.cleaned_data["keep_tokens"],
            )
        except Refused as refusal:
            self.add_error("password", refusal.detail)
            return False
        return True


class GroupForm(forms.Form):
    """The people of a new group conversation, by username."""

    people = forms.CharField(
        max_length=2000,
        label="With whom?",
        help_text="Usernames, separated by spaces or commas.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "placeholder": "@bob @carmen",
            }
        ),
    )

    channel: Channel

    def __init__(self, request: HttpRequest, user: User) -> None:
        super().__init__(request.POST if request.method == "POST" else None)
        self._user = user

    def clean_people(self) -> str:
        """Opens the conversation. Raises RateLimited."""
        given: str = self.cleaned_data["people"]
        names = list(dict.fromkeys(name.removeprefix("@") for name in given.replace(",", " ").split()))
        found = {name: (User.objects.named(name) & User.objects.people()).first() for name in names[:MOST_NAMES]}
        missing = [f"@{name}" for name, user in found.items() if user is None]
        if missing:
            raise forms.ValidationError(f"There is nobody called {', '.join(missing)}.")
        with shown_at_the_form():
            others = [user for user in found.values() if user is not None]
            self.channel, _ = open_direct_channel(self._user, others=others)
        return given


class MessageForm(forms.Form):
    """The composer for browsers without JavaScript."""

    body = forms.CharField(strip=False, required=False)
    client_msg_id = forms.CharField(strip=False, required=False)

    def message_id(self) -> uuid.UUID:
        """Raises Invalid."""
        given = self.cleaned_data["client_msg_id"]
        return ids.read_uuid(given) if given else uuid.uuid4()
