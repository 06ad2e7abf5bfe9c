"""The stage hand: a process with the product in it that runs verbs over the harness' database, asked line by line.

The harness itself has Django set up for another database (the tests' one), or not at all. `python -m tests.faults.stage`
reads {"verb": name, …} from stdin and answers {"ok": …} or {"error": …}. With "bell": false nothing is announced.
"""

import asyncio
import datetime
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from delivery.children import die_with_parent
from tests.faults.services import ROOT


class Stage:
    """The asking side. One verb at a time, from any thread."""

    def __init__(self, environ: dict[str, str], *, log: Path) -> None:
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "tests.faults.stage"],
                cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )  # fmt: skip
        self._lock = threading.Lock()

    async def ask(self, verb: str, *, bell: bool = True, **arguments: Any) -> Any:
        """What the verb returned. Raises VerbRefused with its sentence."""
        return await asyncio.to_thread(self._ask, {"verb": verb, "bell": bell, **arguments})

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline() or '{"error": "the stage hand has gone"}')
        if "error" in answer:
            raise VerbRefused(answer["error"])
        return answer["ok"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class VerbRefused(Exception):
    """The verb raised; the text is its type and sentence."""


# ---- the answering side: Django is set up for the harness' database --------------------------------------------------


def answer_all() -> None:
    import django  # noqa: PLC0415 (only this process has a database to set it up for)

    django.setup()
    from django.db import connections  # noqa: PLC0415

    from delivery.bus import bell  # noqa: PLC0415

    ring = bell.ring
    verbs = {**_verbs(), **_login_verbs()}
    for line in sys.stdin:
        question = json.loads(line)
        bell.ring = ring if question.pop("bell") else lambda announcements: None
        try:
            answer = {"ok": verbs[question.pop("verb")](**question)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        finally:
            connections.close_all()
        print(json.dumps(answer), flush=True)


def _verbs() -> dict[str, Callable[..., Any]]:
    from chat import services  # noqa: PLC0415
    from chat.models import Message, Token, User  # noqa: PLC0415

    def user(pk: int) -> User:
        return User.objects.get(pk=pk)

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

    def newest(who: int, channel: int) -> int:
        """The last text of this user in this channel; 0 if there is none."""
        mine = Message.objects.filter(sender=who, channel=channel, kind="text", deleted_at=None).order_by("-seq")
        return mine.values_list("pk", flat=True).first() or 0

    return {
        "cast": cast,
        "join": lambda who, channel: services.join_channel(user(who), channel=channel).joined_rev,
        "add": lambda actor, channel, who: services.add_member(user(actor), channel=channel, user=user(who)).joined_rev,
        "remove": lambda actor, channel, who: services.remove_member(user(actor), channel=channel, user=user(who)),
        "role": lambda actor, channel, who, role: (
            services.change_role(user(actor), channel=channel, user=user(who), role=role).role
        ),
        "notify": lambda channel, who, level: (
            services.choose_notify_level(user(who), channel=channel, level=level).notify_level
        ),
        "read": lambda channel, who, seq: services.read_channel(user(who), channel=channel, seq=seq).read_seq,
        "new_epoch": services.begin_epoch,
        "leave": lambda who, channel: services.leave_channel(user(who), channel=channel),
        "revoke_tokens": lambda who: Token.objects.filter(user=who).delete()[0],
        "post": lambda who, channel, body: len(
            services.post_messages(
                [
                    services.Draft(
                        channel=channel, sender=who, client_msg_id=uuid.uuid4(), body=services.check_body(body)
                    )
                ]
            )
        ),
        "deactivate": lambda who: User.objects.filter(pk=who).update(is_active=False),
        "edit": lambda who, channel, body: (
            services.edit_message(user(who), channel=channel, message=newest(who, channel), body=body).rev
        ),
        "delete": lambda who, channel: (
            services.delete_message(user(who), channel=channel, message=newest(who, channel)).rev
        ),
    }


def _login_verbs() -> dict[str, Callable[..., Any]]:
    """`session`: the key that "sign_in" gave; those that end all of a user's logins don't look at it."""
    from django.conf import settings  # noqa: PLC0415
    from django.contrib.auth import login  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415
    from django.contrib.sessions.models import Session  # noqa: PLC0415
    from django.http import HttpRequest  # noqa: PLC0415

    from chat import clock, services  # noqa: PLC0415
    from chat.models import Token, User  # noqa: PLC0415

    def sign_in(who: int) -> str:
        """As a browser does; the session's key."""
        request = HttpRequest()
        request.session = SessionStore()
        login(request, User.objects.get(pk=who), backend=settings.AUTHENTICATION_BACKENDS[0])
        request.session.save()
        return str(request.session.session_key)

    def sign_out(who: int, session: str) -> None:
        SessionStore(session).flush()
        services.recheck_logins(who)

    def delete_tokens(who: int, session: str) -> None:
        for token in Token.objects.filter(user=who):
            services.delete_token(token.user, token=token.pk)

    def change_password(who: int, session: str) -> None:
        services.change_password(User.objects.get(pk=who), password=f"another {uuid.uuid4()}")

    def expire(who: int, session: str) -> None:
        """So long ago that no process believes otherwise, whatever its clock says."""
        ended_at = clock.now() - datetime.timedelta(hours=1)
        Session.objects.filter(pk=session).update(expire_date=ended_at)

    return {
        "sign_in": sign_in,
        "sign_out": sign_out,
        "change_password": change_password,
        "delete_tokens": delete_tokens,
        "ban": lambda who, session: services.ban_user(None, user=who, reason="a fault").pk,
        "expire": expire,
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    answer_all()
