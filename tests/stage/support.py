"""What tests of the support desk stand on: an inbox with its agents, people from outside, and conversations that have begun."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
from django.db.models import F

from chat import services as services_of_chat
from chat.models import Channel, Conversation, Message, User, UserKind
from chat.support import services
from chat.support.models import Contact, Inbox
from chat.support.services.tallying import count_desks
from delivery.source import Committed
from tests.stage.accounts import people_called, tokens_of
from tests.stage.servers import EXPECT_SECONDS, Server

#: The address of the visitor vera, where it is known.
VERA = "vera@home.example"


@dataclass(frozen=True)
class Desk:
    """An inbox that sue supervises, with the agents ada, ben and cleo; dan is of the staff elsewhere."""

    inbox: Inbox
    sue: User
    ada: User
    ben: User
    cleo: User
    dan: User
    tokens: dict[str, str]

    def token(self, user: User) -> str:
        return self.tokens[user.username]

    def http(self, server: Server, user: User) -> httpx.Client:
        """The support's API for one of them."""
        return support_api(server, self.token(user))


@dataclass(frozen=True)
class Visit:
    """Somebody from outside, with the secret of their token."""

    visitor: User
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    def begin(self, body: str = "Where is my parcel?") -> Conversation:
        """A conversation that waits for an answer."""
        conversation, _ = services.begin(self.visitor, client_msg_id=uuid.uuid4(), body=body)
        return conversation


def open_desk(name: str = "Shop", origins: tuple[str, ...] = ("https://shop.example",), **settings: object) -> Desk:
    """`settings`: fields of the inbox."""
    people = people_called("sue", "ada", "ben", "cleo", "dan")
    owner = User.objects.create_superuser(f"owner-of-{name.lower()}", password=None)
    agents = [people[agent] for agent in ("ada", "ben", "cleo")]
    inbox = services.create_inbox(owner, name=name, origins=origins, agents=agents, **settings)
    services.add_agent(owner, inbox=inbox, user=people["sue"], supervises=True)
    return Desk(inbox=inbox, **people, tokens=tokens_of(people))


def held_by(agent: User, *, visitor: User, others: Sequence[User] = ()) -> Conversation:
    """A conversation of somebody who begins it as a visitor does, in an inbox of its own; `others`: more agents of it."""
    owner = User.objects.create_superuser("owner-of-their-inbox", password=None)
    inbox = services.create_inbox(owner, name="Their inbox", agents=[agent, *others])
    Contact.objects.create(visitor=visitor, inbox=inbox)
    # Not in the row: who tests act as by tokens of other scopes is no visitor otherwise.
    from_outside = User.objects.get(pk=visitor.pk)
    from_outside.kind = UserKind.VISITOR
    conversation, _ = services.begin(from_outside, client_msg_id=uuid.uuid4(), body="A question")
    return services.claim(agent, conversation=conversation.pk)


def visit(inbox: Inbox, name: str = "Vera") -> Visit:
    return Visit(*services.create_visit(inbox, display_name=name))


def support_api(server: Server, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"{server.url}/api/v1/support", headers=headers, trust_env=False)


def answer(agent: User, conversation: Conversation, body: str) -> int:
    """An agent answers; the number that the answer has."""
    services.enter(agent, conversation=conversation.pk)
    seen = Channel.objects.get(pk=conversation.pk).head
    draft = services_of_chat.Draft(
        channel=conversation.pk, sender=agent.pk, client_msg_id=uuid.uuid4(), body=body, seen_seq=seen
    )
    [outcome] = services_of_chat.post_messages([draft])
    assert isinstance(outcome, Committed), outcome
    return Message.objects.get(channel=conversation.pk, sender=agent, client_msg_id=draft.client_msg_id).seq


def note(agent: User, conversation: Conversation, body: str = "Odd.") -> int:
    """An agent notes something; the channel of the notes."""
    services.note(agent, conversation=conversation.pk, client_msg_id=uuid.uuid4(), body=body)
    notes = Conversation.objects.get(pk=conversation.pk).notes_id
    assert notes is not None
    return notes


def wait_until(condition: Callable[[], object], *, within: float = EXPECT_SECONDS) -> None:
    """As `expect` of tests.stage.servers, for tests without a socket."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s"
        time.sleep(0.05)


def count_all() -> None:
    """Counts what the desks' logs say, and waits for the web processes that count some of it themselves."""

    def is_counted() -> bool:
        count_desks()
        return not Inbox.objects.filter(desk__head__gt=F("counted_rev")).exists()

    wait_until(is_counted)
