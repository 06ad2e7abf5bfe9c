"""A private and a public channel with every kind of user, and the arguments for the calls of access_table.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chat import clock, services
from chat.models import Channel, Member, Message, Report, Role, Sanction, Scope, Token, User
from delivery.client.connection import CommandRefused, Connection
from tests.conftest import Cast, said
from tests.stage.files import kept
from tests.stage.moderation import message_by

PEOPLE = ("anonymous", "banned", "stranger", "staff", "member", "moderator", "owner")


@dataclass
class Scene:
    """A private channel (and a public one) with its people; what an act uses up is made anew for each."""

    channel: Channel
    public: Channel
    people: dict[str, User | None]
    tokens: dict[str, str]
    made: int = 0

    def newcomer(self) -> User:
        self.made += 1
        return User.objects.create(username=f"extra-{self.channel.pk}-{self.made}")

    def target(self) -> User:
        """A plain member."""
        user = self.newcomer()
        Member.objects.create(channel=self.channel, user=user)
        return user

    def removed(self) -> User:
        """Somebody who may not come back by themselves."""
        user = self.newcomer()
        Sanction.objects.create(channel=self.channel, user=user, kind="removal", created_at=clock.now())
        return user

    def message(self, who: str) -> int:
        user = self.people[who] or self.people["owner"]
        assert user is not None
        return message_by(user, self.channel)

    def anothers(self, who: str) -> int:
        return self.message("member" if who != "member" else "owner")

    def file(self) -> int:
        """Of a message that a plain member said."""
        member = self.people["member"]
        assert member is not None
        file = kept(member, b"the plan", "plan.txt")
        said(member, self.channel, files=(file.pk,))
        return file.pk

    def invite(self) -> int:
        """One of the console's."""
        return services.create_invite(None, channels=[self.public.pk])[0].pk

    def report(self, who: str) -> int:
        row = Message.objects.get(pk=self.anothers(who))
        fields = {"reason": "rude", "body": row.body, "created_at": clock.now()}
        return Report.objects.create(message=row, channel=self.channel, reporter=self.newcomer(), **fields).pk


def token_of(user: User) -> tuple[Token, str]:
    return services.new_token(user, name="tests", scopes=Scope.values, expires_at=None)


@pytest.fixture
def scene(cast: Cast) -> Scene:
    moderator, banned = services.create_user("mo"), services.create_user("banned")
    channel = services.open_channel(cast.alice, name="private", kind="private", members=[cast.bob, moderator, banned])
    public = services.open_channel(cast.alice, name="public")
    services.change_role(cast.alice, channel=channel.pk, user=moderator, role=Role.MODERATOR)
    named = {"banned": banned, "stranger": cast.charlie, "staff": cast.sam, "member": cast.bob}
    people = {"anonymous": None, **named, "moderator": moderator, "owner": cast.alice}
    tokens = {name: token_of(user)[1] for name, user in people.items() if user is not None}
    services.ban_user(None, user=banned.pk, reason="spam")
    return Scene(channel, public, people, tokens)


Body = Callable[[Scene, str], Any]


def nothing(scene: Scene, who: str) -> None:
    return None


def given(**fields: Any) -> Body:
    return lambda scene, who: {name: value(scene, who) if callable(value) else value for name, value in fields.items()}


def fresh(scene: Scene, who: str) -> str:
    scene.made += 1
    return f"00000000-0000-0000-0000-{scene.channel.pk:06d}{scene.made:06d}"


def own_channel(scene: Scene, who: str) -> int:
    return scene.channel.pk


async def answer_to(socket: Connection, op: str, fields: dict[str, Any]) -> str:
    """`ok`, or the code of the refusal."""
    try:
        await socket.command(op, **fields)
    except CommandRefused as refused:
        return refused.code
    return "ok"


def targets(scene: Scene, who: str) -> list[int]:
    return [scene.target().pk]
