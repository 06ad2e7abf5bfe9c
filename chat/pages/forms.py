"""The forms of the pages, over the verbs; what a verb refuses is shown at the form."""

import uuid
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from chat.models import Ban, User
from chat.services import change_password, create_owner, create_user
from delivery.errors import Refused


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "That username and password don't fit together. Mind capital letters in the password.",
        "inactive": "This account is not active.",
    }

    def get_invalid_login_error(self) -> forms.ValidationError:
        """Who is banned is told so, but only with the right password: nobody else learns it."""
        ban = Ban.objects.standing().select_related("user").filter(user__username=self.cleaned_data["username"]).first()
        if ban is not None and ban.user.check_password(self.cleaned_data["password"]):
            return forms.ValidationError(f"This account is banned: {ban.reason}", code="banned")
        return super().get_invalid_login_error()


class AccountForm(forms.Form):
    username = User._meta.get_field("username").formfield(
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
        help_text="Letters, digits, dots, dashes and underscores.",
    )
    display_name = forms.CharField(
        max_length=80, required=False, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 8 characters, and not one of the common ones.",
    )

    user: User

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                self.user = self.create(cleaned)
            except Refused as refusal:
                raise forms.ValidationError(refusal.detail) from None
        return cleaned

    def create(self, cleaned: dict[str, Any]) -> User:
        raise NotImplementedError


class SignUpForm(AccountForm):
    def create(self, cleaned: dict[str, Any]) -> User:
        return create_user(cleaned["username"], password=cleaned["password"], display_name=cleaned["display_name"])


class OwnerForm(AccountForm):
    def create(self, cleaned: dict[str, Any]) -> User:
        owner, _ = create_owner(cleaned["username"], password=cleaned["password"], display_name=cleaned["display_name"])
        return owner


class PasswordForm(forms.Form):
    """Another password for whoever knows the present one."""

    current = forms.CharField(
        strip=False,
        max_length=200,
        label="Present password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    password = forms.CharField(
        strip=False,
        max_length=200,
        label="New password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 8 characters, and not one of the common ones.",
    )

    def __init__(self, user: User, *args: Any) -> None:
        super().__init__(*args)
        self.user = user

    def clean_current(self) -> None:
        if not self.user.check_password(self.cleaned_data["current"]):
            raise forms.ValidationError("This is not your present password.")

    def change(self) -> bool:
        """Whether the password was changed; else the form says why not."""
        try:
            change_password(self.user, password=self.cleaned_data["password"])
        except Refused as refusal:
            self.add_error("password", refusal.detail)
            return False
        return True


class MessageForm(forms.Form):
    """The composer without JavaScript."""

    body = forms.CharField(strip=False)
    client_msg_id = forms.UUIDField(required=False)

    def message_id(self) -> uuid.UUID:
        return self.cleaned_data["client_msg_id"] or uuid.uuid4()
