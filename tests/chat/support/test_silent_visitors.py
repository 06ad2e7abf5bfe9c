"""Visitors who write nothing are deleted; visitors who have written, or are blocked, are not."""

import datetime
import json
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from chat import clock
from chat.models import Token, User
from chat.support import services
from chat.support.models import Contact
from chat.support.services.pruning import prune_visitors
from delivery.wire.errors import NotFound
from tests.stage.files import file_of
from tests.stage.support import Desk, Visit
from tests.stage.support import visit as visit_of

DAY = datetime.timedelta(days=1)


@pytest.mark.holds("silent_visitor_days")
def test_who_came_and_wrote_nothing_is_forgotten_after_thirty_days(
    standing_clock: datetime.datetime, desk: Desk, vera: Visit
) -> None:
    vera.begin()
    silent, blocked = visit_of(desk.inbox, "Otto"), visit_of(desk.inbox, "Max")
    services.block_contact(desk.sue, visitor=blocked.visitor.pk, reason="Abuse.")
    Contact.objects.filter(visitor=silent.visitor).update(identity="17")
    User.objects.filter(kind="visitor").update(date_joined=standing_clock)
    assert prune_visitors(now=standing_clock + 30 * DAY) == 0
    with clock.at(standing_clock + 30 * DAY + datetime.timedelta(seconds=1)):
        output = StringIO()
        call_command("prune", "--json", stdout=output)
    assert json.loads(output.getvalue())["visitors"] == 1
    assert set(User.objects.filter(kind="visitor")) == {vera.visitor, blocked.visitor}
    assert not Token.objects.filter(user=silent.visitor.pk).exists()
    with pytest.raises(NotFound):
        silent.begin()


def test_who_has_given_a_file_stays_until_it_is_gone(desk: Desk, vera: Visit) -> None:
    file, later = file_of(vera.visitor), clock.now() + 31 * DAY
    assert prune_visitors(now=later) == 0
    file.delete()
    assert prune_visitors(now=later) == 1


def test_who_writes_at_that_moment_stays(desk: Desk, vera: Visit) -> None:
    def prune() -> int:
        try:
            return prune_visitors(now=clock.now() + 31 * DAY)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other, transaction.atomic():
        vera.begin()
        assert other.submit(prune).result() == 0
    assert User.objects.filter(pk=vera.visitor.pk).exists()
