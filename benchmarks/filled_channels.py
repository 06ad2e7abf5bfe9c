"""The channels for benchmarks.http: one with a million messages, many smaller ones, and members of all, of many, of one.

Created once in the data folder of the benchmarks (four minutes), and used again by later runs.
"""

from dataclasses import dataclass

from django.core.management import call_command

from chat import services
from chat.models import Channel, Member, Token, User

#: Besides the large one: how many channels, and how many messages in all of them.
SMALLER, IN_SMALLER = 49, 200_000
#: Members of each of them: as many as `fill` makes by itself.
FILLERS = 20
#: Channels in which little was ever said, for somebody who is in very many.
QUIET, IN_QUIET = 450, 45_000


@dataclass(frozen=True)
class Reader:
    """Somebody who asks: a token, and what the questions are about."""

    token: str
    channels: list[int]
    #: The one in which most was said of those that this person is in, and its head.
    largest: int
    head: int


def lay_out(messages: int) -> dict[str, Reader]:
    """`all`: in the large channel and the smaller ones; `many`: in the quiet ones too; `one`: only in one of the smaller."""
    call_command("migrate", interactive=False, verbosity=0)
    people = {whose: _person(f"reader-{whose}-{messages}") for whose in ("all", "many", "one")}
    if not Member.objects.filter(user=people["one"]).exists():
        _fill(messages, people)
    return {whose: _reader(user) for whose, user in people.items()}


def lay_out_one(messages: int) -> Reader:
    """Somebody in one large channel and nowhere else: soon made."""
    call_command("migrate", interactive=False, verbosity=0)
    user = _person(f"reader-alone-{messages}")
    if not Member.objects.filter(user=user).exists():
        call_command("fill", messages, channels=1, member=[user.username], seed=4, verbosity=0)
    return _reader(user)


def filler_tokens() -> list[str]:
    """The tokens of the accounts that wrote all messages: members of the large channel and of the smaller ones."""
    return [_token(user) for user in User.objects.filter(username__startswith="filler").order_by("pk")[:FILLERS]]


def _fill(messages: int, people: dict[str, User]) -> None:
    everywhere = [people["all"].username, people["many"].username]
    call_command("fill", messages, channels=1, member=everywhere, seed=1, verbosity=0)
    call_command("fill", IN_SMALLER, channels=SMALLER, member=everywhere, seed=2, verbosity=0)
    small = Channel.objects.filter(members__user=people["all"]).order_by("-head")[SMALLER // 5]
    call_command("fill", IN_QUIET, channels=QUIET, member=everywhere[1:], people=5, seed=3, verbosity=0)
    assert small.created_by is not None
    services.add_member(small.created_by, channel=small.pk, user=people["one"])


def _person(name: str) -> User:
    return User.objects.filter(username=name).first() or services.create_user(name)


def _reader(user: User) -> Reader:
    mine = list(Channel.objects.filter(members__user=user).order_by("-head"))
    return Reader(_token(user), [channel.pk for channel in mine], mine[0].pk, mine[0].head)


def _token(user: User) -> str:
    Token.objects.filter(user=user).delete()
    return services.create_token(user, name="benchmark")
