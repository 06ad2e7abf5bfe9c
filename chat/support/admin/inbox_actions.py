"""A supervisor's actions on an inbox in the admin: each calls its verb."""

from typing import Any

from django import forms

from chat.admin.actions import AdminAction, ReasonForm
from chat.models import User, UserKind
from chat.support import services
from chat.support.models import Hours, Inbox, Routing
from chat.support.services.inboxes import is_supervisor
from delivery.wire.errors import NotFound

CHANGE = "support.change_inbox"
ADD = "support.add_inbox"
#: Fields that are changed as they are.
_PLAIN = (
    *(
        "name",
        "is_enabled",
        "must_verify",
        "routing",
        "capacity",
        "lease_seconds",
        "reopen_days",
        "resolves_after_days",
    ),
    *("keeps_days", "asks_rating", "greeting", "closed_text", "mail_from", "hours"),
)


class _Unreasoned(ReasonForm):
    """The verbs of the desk ask for no reason."""

    reason = None  # type: ignore[assignment]


class NewInboxForm(_Unreasoned):
    name = forms.CharField(max_length=80, help_text="Customers see it at the top of the chat.")
    origins = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The origins of the pages that show the chat, one a line, such as https://www.example.com.",
    )


class InboxForm(NewInboxForm):
    is_enabled = forms.BooleanField(required=False, label="Accepts new conversations")
    must_verify = forms.BooleanField(required=False, label="Only users who are signed in on your page can write")
    greeting = forms.CharField(required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    closed_text = forms.CharField(required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    hours = forms.ModelChoiceField(Hours.objects.all(), required=False, empty_label="always open")
    routing = forms.ChoiceField(choices=Routing.choices)
    capacity = forms.IntegerField(
        min_value=0, max_value=1000, help_text="The most conversations that one agent can hold."
    )
    lease_seconds = forms.IntegerField(
        min_value=1,
        max_value=7 * 24 * 3600,
        help_text="Seconds after which an agent who does not work loses a conversation.",
    )
    reopen_days = forms.IntegerField(min_value=0, max_value=3650)
    resolves_after_days = forms.IntegerField(min_value=1, max_value=3650, required=False)
    keeps_days = forms.IntegerField(
        min_value=1, max_value=3650, required=False, help_text="After these days resolved conversations are erased."
    )
    asks_rating = forms.BooleanField(required=False, label="Asks for a rating")
    mail_from = forms.EmailField(required=False)


class AgentForm(_Unreasoned):
    username = forms.CharField(max_length=40)
    supervises = forms.BooleanField(required=False)


class AgentNameForm(_Unreasoned):
    username = forms.CharField(max_length=40)
    public_name = forms.CharField(
        max_length=80,
        required=False,
        help_text="The name that customers read from then on. Empty: the agent's display name.",
    )


class FormerAgentForm(_Unreasoned):
    username = forms.CharField(max_length=40)


def origins_of(given: dict[str, Any]) -> list[str]:
    return [line.strip() for line in given["origins"].splitlines() if line.strip()]


def _as_it_is(row: Inbox) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in _PLAIN}, "origins": "\n".join(row.origins)}


def _change(actor: User, row: Inbox, given: dict[str, Any]) -> None:
    changes = {name: given[name] for name in _PLAIN}
    services.change_inbox(actor, inbox=row.pk, origins=origins_of(given), **changes)


def _rotate(actor: User, row: Inbox, given: dict[str, Any]) -> str:
    secret = services.rotate_secret(actor, inbox=row.pk).secret
    return f"The secret of {row.name}, shown this once: {secret}"


def _add(actor: User, row: Inbox, given: dict[str, Any]) -> None:
    services.add_agent(actor, inbox=row, user=_named(given["username"]), supervises=given["supervises"])


def _name(actor: User, row: Inbox, given: dict[str, Any]) -> None:
    user = _named(given["username"]).pk
    services.change_agent(actor, inbox=row, user=user, public_name=given["public_name"])


def _remove(actor: User, row: Inbox, given: dict[str, Any]) -> None:
    services.remove_agent(actor, inbox=row, user=_named(given["username"]).pk)


def _named(username: str) -> User:
    user = User.objects.named(username.strip()).filter(kind=UserKind.PERSON).first()
    if user is None:
        raise NotFound(f"There is nobody with the username {username}.")
    return user


def _act(name: str, label: str, **more: Any) -> AdminAction:
    return AdminAction(name=name, label=label, permission=CHANGE, is_bulk=False, fits=is_supervisor, **more)


ACTS = (
    _act(
        "change", "Change the inbox", form=InboxForm, initial=_as_it_is, do=_change, consequence="It applies at once."
    ),
    _act(
        *("add-agent", "Add an agent"),
        form=AgentForm,
        do=_add,
        consequence="From then on they see the queue. A supervisor can also change the inbox and read its reports.",
    ),
    _act(
        *("name-agent", "Name an agent"),
        form=AgentNameForm,
        do=_name,
        consequence="Customers read this name in the agent's messages from then on. They never read a username.",
    ),
    _act(
        *("remove-agent", "Remove an agent"),
        form=FormerAgentForm,
        do=_remove,
        consequence="They no longer see the queue, and their conversations are free for others.",
        is_danger=True,
    ),
    _act(
        *("secret", "Create a new secret"),
        form=_Unreasoned,
        do=_rotate,
        consequence="Your server must sign with it from now on. The old secret stays valid until the next change.",
        is_danger=True,
    ),
)
