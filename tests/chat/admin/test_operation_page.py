"""The staff's page of the operation, its figures and files."""

import csv
import datetime
import io
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from chat import clock
from chat.models import Day
from chat.reads.counted import Counted
from chat.services.minutes import keep_minute
from tests.conftest import Cast
from tests.stage import moments

pytestmark = pytest.mark.django_db
PAGE = "/admin/chat/minute/"
PATHS = (PAGE, f"{PAGE}figures/", f"{PAGE}figures.csv", f"{PAGE}days.csv")


@pytest.fixture
def staff(cast: Cast) -> Client:
    """With the one right that it takes."""
    cast.bob.is_staff = True
    cast.bob.save(update_fields=["is_staff"])
    cast.bob.user_permissions.add(Permission.objects.get(codename="view_minute"))
    client = Client()
    client.force_login(cast.bob)
    return client


@pytest.fixture(autouse=True)
def standing_clock() -> Iterator[datetime.datetime]:
    """Long after what the web processes of other tests note of themselves."""
    later = moments.NOW + datetime.timedelta(days=36_500)
    with clock.at(later):
        yield later


def test_who_may_look_sees_page_figures_and_files(staff: Client) -> None:
    now = clock.now().replace(second=0, microsecond=0)
    keep_minute(Counted(sockets=7, messages=12, breakers=["postgres_commit"]), at=now, process="one")
    Day.objects.create(day=now.date(), people=41, hours=[0] * 9 + [500] + [0] * 14)
    page = staff.get(PAGE).content.decode()
    assert "Busiest hours: 09:00" in page
    assert "<td>41</td><td>500</td>" in page
    said = staff.get(f"{PAGE}figures/?span=day").json()
    assert [(point["sockets"], point["messages"], point["away"]) for point in said["points"]] == [
        (7, 12, ["PostgreSQL"])
    ]
    [figures] = csv.DictReader(io.StringIO(staff.get(f"{PAGE}figures.csv?span=nonsense").content.decode()))
    assert (figures["at"], figures["sockets"], figures["away"]) == (now.isoformat(), "7", "PostgreSQL")
    day = next(csv.DictReader(io.StringIO(staff.get(f"{PAGE}days.csv").content.decode())))
    assert (day["people"], day["messages"], day["09:00"]) == ("41", "500", "500")


@pytest.mark.parametrize("path", PATHS)
def test_nobody_else_sees_any_of_it(cast: Cast, path: str) -> None:
    client = Client()
    assert client.get(path).status_code == 302
    client.force_login(cast.alice)
    assert client.get(path).status_code in (302, 403)
    cast.alice.is_staff = True
    cast.alice.save(update_fields=["is_staff"])
    assert client.get(path).status_code == 403


def test_nothing_kept_yet_is_said(staff: Client) -> None:
    Day.objects.all().delete()
    assert "No figures yet" in staff.get(PAGE).content.decode()
    assert staff.get(f"{PAGE}figures/").json()["points"] == []
