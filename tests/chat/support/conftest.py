"""What every test of this room may ask for."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from django.core.cache import cache
from django.db import transaction

from chat.models import Conversation
from chat.support.models import Contact
from tests.stage.browsers import beside
from tests.stage.support import VERA, Desk, Visit, open_desk
from tests.stage.support import visit as visit_of

Made = TypeVar("Made")


@pytest.fixture
def desk(request: pytest.FixtureRequest, transactional_db: None) -> Desk:
    """An inbox with its agents, and its desk's log."""
    if "standing_clock" in request.fixturenames:
        request.getfixturevalue("standing_clock")
    cache.clear()
    return _made(request, open_desk)


@pytest.fixture
def vera(request: pytest.FixtureRequest, desk: Desk) -> Visit:
    """Somebody from outside, who has said nothing yet."""
    return _made(request, lambda: visit_of(desk.inbox))


@pytest.fixture
def conversation(request: pytest.FixtureRequest, vera: Visit) -> Conversation:
    """vera's, which waits for an answer."""
    return _made(request, vera.begin)


@pytest.fixture
def unseen(desk: Desk) -> Iterator[None]:
    """All of a test in one transaction: the web processes that tests share have a clockwork too, which sees none of it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _made(request: pytest.FixtureRequest, make: Callable[[], Made]) -> Made:
    # Beside Playwright's event loop, in which nothing can be announced.
    return beside(make) if "chromium" in request.fixturenames else make()


@pytest.fixture
def known(vera: Visit, conversation: Conversation) -> Conversation:
    """vera's address is known."""
    Contact.objects.filter(visitor=vera.visitor).update(email=VERA)
    return conversation
