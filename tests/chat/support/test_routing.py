"""Automatic routing: in turn or to the agent with the fewest, within capacity; and back to the former agent."""

import datetime
from collections import Counter

import pytest

from chat import clock
from chat.models import Conversation, User
from chat.services import deactivate_user
from chat.support import services
from chat.support.models import Agent, Inbox, Routing
from chat.support.services import due
from chat.support.services.lapsing import lapse_leases
from chat.support.services.routing import give_back, route
from tests.conftest import said
from tests.stage.support import Desk, Visit, visit

pytestmark = pytest.mark.usefixtures("unseen")


def everybody(user: int) -> bool:
    return True


def nobody(user: int) -> bool:
    return False


def begun(desk: Desk, count: int) -> list[Conversation]:
    """Each of another customer, in the order of their waiting."""
    return [visit(desk.inbox, f"Visitor {n}").begin() for n in range(count)]


def inbox(desk: Desk, **fields: object) -> None:
    Inbox.objects.filter(pk=desk.inbox.pk).update(**fields)


def accepting(desk: Desk, *users: User) -> None:
    Agent.objects.filter(inbox=desk.inbox).update(accepting=False)
    Agent.objects.filter(inbox=desk.inbox, user__in=users).update(accepting=True)


def holders(conversations: list[Conversation]) -> list[User | None]:
    rows = Conversation.objects.in_bulk([one.pk for one in conversations])
    return [rows[one.pk].assignee for one in conversations]


def test_where_agents_claim_nothing_is_given(desk: Desk) -> None:
    begun(desk, 2)
    assert route(everybody) == 0


def test_in_turn_each_gets_the_next_who_waits_longest(desk: Desk) -> None:
    inbox(desk, routing=Routing.TURNS)
    accepting(desk, desk.ada, desk.ben)
    conversations = begun(desk, 4)
    assert route(nobody) == 4
    assert holders(conversations) == [desk.ada, desk.ben, desk.ada, desk.ben]


def test_while_another_process_gives_the_first_who_is_behind_waits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox(desk, routing=Routing.TURNS, capacity=1)
    accepting(desk, desk.ada)
    conversations = begun(desk, 2)
    do = due._do
    with monkeypatch.context() as patched:
        # As it is seen while somebody else has it locked; the transaction of this test is seen by nobody.
        patched.setattr(due, "_do", lambda pk, act: None if pk == conversations[0].pk else do(pk, act))
        assert route(everybody) == 0
    assert route(everybody) == 1
    assert holders(conversations) == [desk.ada, None]


def test_who_has_the_least_gets_the_next(desk: Desk) -> None:
    inbox(desk, routing=Routing.LEAST)
    accepting(desk, desk.ada, desk.ben, desk.cleo)
    first = begun(desk, 2)
    for conversation in first:
        services.claim(desk.ada, conversation=conversation.pk)
    begun(desk, 5)
    assert route(nobody) == 5
    held = Counter(row.assignee for row in Conversation.objects.select_related("assignee"))
    assert sorted(held.values()) == [2, 2, 3]


def test_nobody_gets_more_than_they_hold_at_most_and_the_rest_waits(desk: Desk) -> None:
    inbox(desk, routing=Routing.LEAST, capacity=3)
    accepting(desk, desk.ada)
    conversations = begun(desk, 4)
    assert route(nobody) == 3
    assert holders(conversations) == [desk.ada] * 3 + [None]
    services.resolve(desk.ada, conversation=conversations[0].pk)
    assert route(nobody) == 1
    assert holders(conversations)[1:] == [desk.ada] * 3
    Agent.objects.filter(user=desk.ben, inbox=desk.inbox).update(accepting=True, capacity=0)
    begun(desk, 1)
    assert route(nobody) == 0


def test_who_does_not_accept_or_was_switched_off_gets_nothing(desk: Desk) -> None:
    inbox(desk, routing=Routing.TURNS)
    accepting(desk, desk.ada, desk.ben)
    services.set_accepting(desk.ada, accepting=False)
    deactivate_user(None, user=desk.ben.pk, reason="left")
    conversations = begun(desk, 1)
    assert route(everybody) == 0
    services.set_accepting(desk.ada, accepting=True)
    assert route(nobody) == 1
    assert holders(conversations) == [desk.ada]


def test_who_let_it_lapse_gets_it_again_only_if_nobody_else_can_and_they_are_here(desk: Desk) -> None:
    inbox(desk, routing=Routing.TURNS)
    accepting(desk, desk.ada, desk.ben)
    [conversation] = begun(desk, 1)

    def lapsed() -> None:
        Conversation.objects.update(lease_until=clock.now() - datetime.timedelta(seconds=1))
        assert lapse_leases() == 1

    route(nobody)
    assert holders([conversation]) == [desk.ada]
    lapsed()
    # It would be ada's turn by the time at which she was given one.
    Agent.objects.filter(user=desk.ada).update(given_at=None)
    route(nobody)
    assert holders([conversation]) == [desk.ben]
    lapsed()
    assert route(nobody) == 0
    assert route(lambda user: user == desk.ada.pk) == 1
    assert holders([conversation]) == [desk.ada]


def test_what_nobody_there_can_take_keeps_nobody_behind_it_waiting(desk: Desk) -> None:
    inbox(desk, routing=Routing.TURNS, capacity=1)
    accepting(desk, desk.ada)
    first, second = begun(desk, 2)
    route(nobody)
    Conversation.objects.filter(assignee=desk.ada).update(lease_until=clock.now() - datetime.timedelta(seconds=1))
    lapse_leases()
    assert route(nobody) == 1
    assert holders([first, second]) == [None, desk.ada]


@pytest.mark.parametrize("routing", [Routing.PULL, Routing.TURNS])
def test_what_is_opened_again_goes_back_to_who_had_it_if_they_can_take_it(
    desk: Desk, vera: Visit, routing: str
) -> None:
    def opened_again() -> Conversation:
        conversation = vera.begin()
        services.take_over(desk.ada, conversation=conversation.pk)
        services.resolve(desk.ada, conversation=conversation.pk)
        said(vera.visitor, conversation.channel, "one more thing")
        return conversation

    inbox(desk, routing=routing, capacity=1)
    accepting(desk, desk.ada)
    first = opened_again()
    # Not to somebody else before it was looked for who had it.
    assert route(everybody) == 0
    assert give_back(everybody) == 1
    assert holders([first]) == [desk.ada]
    # She has no more room; then it is anybody's.
    services.release(desk.ada, conversation=first.pk)
    absent = opened_again()
    assert give_back(nobody) == 0
    assert holders([absent]) == [None]
    assert give_back(everybody) == 0
    assert Conversation.objects.get(pk=absent.pk).former_assignee is None
