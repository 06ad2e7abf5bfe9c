"""Accounts, tokens and a channel as the verbs create them, in one statement a table, so that every test has its own cast."""

import secrets
import uuid

from django.db import transaction

from chat import clock
from chat.allowances.counting import counted
from chat.allowances.table import CREATIONS
from chat.models import Channel, ChannelKind, Member, Message, MessageKind, Role, Scope, Token, User
from chat.models.token import digest_of
from chat.naming import looks
from chat.services.tokens import TOKEN_PREFIX


def people_called(*names: str, staff: str = "") -> dict[str, User]:
    """`staff`: one more, who is a superuser."""
    people = [_person(name) for name in names]
    if staff:
        people.append(_person(staff))
        people[-1].is_staff = people[-1].is_superuser = True
    return {user.username: user for user in User.objects.bulk_create(people)}


def private_channel(name: str, owner: User, member: User) -> Channel:
    """With these two, who are told of each other in its log."""
    seen, seen_in_any_case = looks(name)
    with counted(CREATIONS, owner), transaction.atomic():
        channel = Channel.objects.create(
            name=name, name_look=seen, name_look_any_case=seen_in_any_case, kind=ChannelKind.PRIVATE, created_by=owner,
            member_count=2, head=2,
        )  # fmt: skip
        now, roles = clock.now(), {owner: Role.OWNER, member: Role.MEMBER}
        Message.objects.bulk_create(
            Message(
                channel=channel, sender=owner, client_msg_id=uuid.uuid4(), kind=MessageKind.SYSTEM, seq=number, rev=number,
                created_at=now,
                body=f"{user.display_name} joined" if user == owner else f"{owner.display_name} added {user.display_name}",
                event={
                    "type": "member.joined", "user": user.pk, "role": role, "name": user.display_name,
                    "username": user.username, "member_count": number,
                },
            )
            for number, (user, role) in enumerate(roles.items(), 1)
        )  # fmt: skip
        Member.objects.bulk_create(
            Member(channel=channel, user=user, role=role, joined_rev=number, delivered_seq=number, read_seq=number)
            for number, (user, role) in enumerate(roles.items(), 1)
        )
    return channel


def _person(name: str) -> User:
    seen, seen_in_any_case = looks(name)
    user = User(username=name, username_look=seen, username_look_any_case=seen_in_any_case)
    user.display_name = name.capitalize()
    user.set_unusable_password()
    return user


def tokens_of(people: dict[str, User]) -> dict[str, str]:
    """A secret for each, with every scope."""
    secrets_of = {name: f"{TOKEN_PREFIX}{secrets.token_urlsafe(32)}" for name in people}
    Token.objects.bulk_create(
        Token(user=user, name="tests", scopes=Scope.values, digest=digest_of(secrets_of[name]))
        for name, user in people.items()
    )
    return secrets_of
