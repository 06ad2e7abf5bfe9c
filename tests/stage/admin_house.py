"""The staff's site with one user of each group, and one row of each model."""

from typing import Any

import pytest

from chat import clock, services
from chat.models import Sanction
from tests.conftest import Cast
from tests.stage.moderation import message_of, staff

KINDS = ("report", "message", "channel", "member", "sanction", "user", "ban", "auditentry")


SEES = {
    "mo": set(KINDS),
    "agnes": {*KINDS} - {"auditentry", "message", "report"},
    "otto": {*KINDS} - {"message"},
    "sam": set(KINDS),
    "alice": set(),
}


@pytest.fixture
def house(cast: Cast) -> Cast:
    """One of each group, and one of each row."""
    for name, role in (("mo", "Moderator"), ("agnes", "Support agent"), ("otto", "Auditor")):
        staff(name, role)
    row = message_of(cast.bob, cast, "first words")
    services.edit_message(cast.bob, channel=cast.team.pk, message=row.pk, body="other words")
    services.report_message(cast.alice, channel=cast.team.pk, message=row.pk, reason="rude")
    services.ban_user(cast.sam, user=cast.vera.pk, reason="spam")
    Sanction.objects.create(channel=cast.team, user=cast.charlie, kind="removal", by=cast.alice, created_at=clock.now())
    return cast


def page_of(row: Any) -> str:
    return f"/admin/chat/{row._meta.model_name}/{row.pk}/change/"
