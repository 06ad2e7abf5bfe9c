"""The stage hand: runs verbs over the harness' database, for a harness that has Django set up for another one (stage.py).

`python -m tests.faults.hand` reads {"verb": name, …} from stdin and answers {"ok": …} or {"error": …}. With "announce": false
nothing is announced.
"""

import datetime
import json
import os
import sys
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
django.setup()

from django.conf import settings  # noqa: E402 (Django comes first)
from django.contrib.auth import login  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.db import connections  # noqa: E402
from django.http import HttpRequest  # noqa: E402

from chat import clock, services  # noqa: E402
from chat.models import Message, Token, User  # noqa: E402
from delivery.bus import announcing  # noqa: E402
from tests.faults.desk_verbs import DESK_VERBS  # noqa: E402

Verb = TypeVar("Verb", bound=Callable[..., Any])
#: By the names of their functions.
VERBS: dict[str, Callable[..., Any]] = {**DESK_VERBS}


def answer_all() -> None:
    announce = announcing.announce
    for line in sys.stdin:
        question = json.loads(line)
        announcing.announce = announce if question.pop("announce") else lambda announcements: None
        try:
            answer = {"ok": VERBS[question.pop("verb")](**question)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        finally:
            connections.close_all()
        print(json.dumps(answer), flush=True)


def verb(work: Verb) -> Verb:
    VERBS[work.__name__] = work
    return work


def user(pk: int) -> User:
    return User.objects.get(pk=pk)


def newest(who: int, channel: int) -> int:
    """The last text of this user in this channel; 0 if there is none."""
    mine = Message.objects.filter(sender=who, channel=channel, kind="text", deleted_at=None).order_by("-seq")
    return mine.values_list("pk", flat=True).first() or 0


# ---- people and channels ----


@verb
def cast(name: str, people: int, channels: Sequence[Sequence[int]], kind: str = "private") -> dict[str, Any]:
    """New people with a token each, and channels; `channels`: the members of each as places, the owner first."""
    users = [services.create_user(f"{name}-{n}") for n in range(people)]
    tokens = [services.create_token(user, name="faults") for user in users]
    opened = [
        services.open_channel(
            users[places[0]], name=f"{name} {n}", kind=kind, members=[users[p] for p in places[1:]]
        ).pk
        for n, places in enumerate(channels)
    ]
    return {"users": [user.pk for user in users], "tokens": tokens, "channels": opened}


@verb
def join(who: int, channel: int) -> int:
    return services.join_channel(user(who), channel=channel).joined_rev


@verb
def leave(who: int, channel: int) -> None:
    services.leave_channel(user(who), channel=channel)


@verb
def add(actor: int, channel: int, who: int) -> int:
    return services.add_member(user(actor), channel=channel, user=user(who)).joined_rev


@verb
def remove(actor: int, channel: int, who: int) -> None:
    services.remove_member(user(actor), channel=channel, user=user(who))


@verb
def role(actor: int, channel: int, who: int, role: str) -> str:
    return services.change_role(user(actor), channel=channel, user=user(who), role=role).role


@verb
def notify(channel: int, who: int, level: str) -> str:
    return services.arrange_channel(user(who), channel=channel, notify_level=level).notify_level


@verb
def deactivate(who: int) -> int:
    return User.objects.filter(pk=who).update(is_active=False)


# ---- messages ----


@verb
def post(who: int, channel: int, body: str) -> int:
    said = services.check_body(body)
    draft = services.Draft(channel=channel, sender=who, client_msg_id=uuid.uuid4(), body=said)
    return len(services.post_messages([draft]))


@verb
def edit(who: int, channel: int, body: str) -> int:
    return services.edit_message(user(who), channel=channel, message=newest(who, channel), body=body).rev


@verb
def delete(who: int, channel: int) -> int:
    return services.delete_message(user(who), channel=channel, message=newest(who, channel)).rev


@verb
def delete_with_file(file: int) -> int:
    """The message that has it, and so the file."""
    message = Message.objects.get(file_rows=file)
    assert message.sender is not None
    return services.delete_message(message.sender, channel=message.channel_id, message=message.pk).rev


@verb
def read(channel: int, who: int, seq: int) -> int:
    return services.read_channel(user(who), channel=channel, seq=seq).read_seq


@verb
def new_epoch() -> str:
    return services.begin_epoch()


# ---- logins; `session` is the key that `sign_in` gave: those that end all of a user's logins don't look at it ----


@verb
def sign_in(who: int) -> str:
    """As a browser does; the session's key."""
    request = HttpRequest()
    request.session = SessionStore()
    login(request, user(who), backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    return str(request.session.session_key)


@verb
def sign_out(who: int, session: str) -> None:
    SessionStore(session).flush()
    services.recheck_logins(who)


@verb
def delete_tokens(who: int, session: str) -> None:
    for token in Token.objects.filter(user=who):
        services.delete_token(token.user, token=token.pk)


@verb
def revoke_tokens(who: int) -> int:
    return Token.objects.filter(user=who).delete()[0]


@verb
def change_password(who: int, session: str) -> None:
    services.change_password(user(who), password=f"another {uuid.uuid4()}")


@verb
def expire(who: int, session: str) -> None:
    """So long ago that no process believes otherwise, whatever its clock says."""
    ended_at = clock.now() - datetime.timedelta(hours=1)
    Session.objects.filter(pk=session).update(expire_date=ended_at)


@verb
def ban(who: int, session: str) -> int:
    return services.ban_user(None, user=who, reason="a fault").pk


if __name__ == "__main__":
    answer_all()
