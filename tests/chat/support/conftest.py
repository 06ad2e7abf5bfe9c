"""What every test of this room may ask for."""

import pytest
from django.core.cache import cache

from chat.models import Conversation
from tests.stage.support import Desk, Visit, open_desk
from tests.stage.support import visit as visit_of


@pytest.fixture
def desk(request: pytest.FixtureRequest, transactional_db: None) -> Desk:
    """An inbox with its agents, and its desk's log."""
    if "standing_clock" in request.fixturenames:
        request.getfixturevalue("standing_clock")
    cache.clear()
    return open_desk()


@pytest.fixture
def vera(desk: Desk) -> Visit:
    """Somebody from outside, who has said nothing yet."""
    return visit_of(desk.inbox)


@pytest.fixture
def conversation(vera: Visit) -> Conversation:
    """vera's, which waits for an answer."""
    return vera.begin()
