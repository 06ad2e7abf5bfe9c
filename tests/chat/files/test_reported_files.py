"""Files of a reported message are evidence: kept for the moderators until there is a verdict, even if the message is deleted."""

import threading

import pytest
from django.db import connections, transaction

from chat import services
from chat.files import storage
from chat.files.hooks import NOBODY
from chat.files.reads import file_for
from chat.files.services import sweep
from chat.models import File, Report, User
from chat.reads.moderation import report_in_full, report_visible_to
from chat.services.inspecting import inspect_channel
from chat.services.reports import close_case
from delivery.wire.errors import NotFound
from tests.conftest import Cast, said
from tests.stage.callers import browser
from tests.stage.files import kept
from tests.stage.locks import until_waiting
from tests.stage.moderation import staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(cast: Cast) -> File:
    """bob said it in the team."""
    plan = kept(cast.bob, b"rude drawing", "plan.txt")
    said(cast.bob, cast.team, "", files=(plan.pk,))
    plan.refresh_from_db()
    return plan


def reported(cast: Cast, plan: File) -> Report:
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    assert plan.message_id is not None
    return services.report_message(cast.charlie, channel=cast.team.pk, message=plan.message_id, reason="rude")[0]


def may_have(user: User, file: File) -> bool:
    try:
        return file_for(user, file.pk, hooks=NOBODY) == file
    except NotFound:
        return False


def is_kept(file: File) -> bool:
    return storage.storage().exists(f"{file.folder}/{storage.WHOLE}")


def test_what_its_author_deletes_is_kept_for_who_decides_and_gone_with_the_verdict(cast: Cast, plan: File) -> None:
    case, moderator, agent = reported(cast, plan), staff("mo", "Moderator"), staff("agnes", "Support agent")
    services.delete_message(cast.bob, channel=cast.team.pk, message=case.message_id)
    assert sweep() == 0
    people = {cast.alice: True, moderator: True, cast.bob: False, cast.charlie: False, agent: False, cast.vera: False}
    assert {user: may_have(user, plan) for user in people} == people
    shown = report_in_full(report_visible_to(cast.alice, case.pk), cast.alice)
    assert [(file.name, file.url) for file in shown.reported_files] == [("plan.txt", f"/files/{plan.pk}/")]
    assert shown.message.files == []
    # It takes room of who gave it: deleting what was reported makes none.
    assert File.objects.filter(uploader=cast.bob).held().exists()
    services.close_report(cast.alice, report=case.pk, verdict="dismissed", reason="a joke")
    assert not may_have(cast.alice, plan)
    assert (sweep(), is_kept(plan)) == (1, False)
    # Its name stays in the report, as the words of a reported message do.
    assert report_visible_to(cast.alice, case.pk).files[0]["name"] == "plan.txt"  # type: ignore[index]


def test_what_a_keeper_deletes_is_decided_and_goes_at_once(cast: Cast, plan: File) -> None:
    case = reported(cast, plan)
    services.delete_message(cast.alice, channel=cast.team.pk, message=case.message_id, reason="rude")
    assert (sweep(), is_kept(plan), File.objects.exists()) == (1, False, False)


@pytest.mark.django_db(transaction=True)
def test_who_deletes_while_there_is_a_verdict_leaves_no_evidence(cast: Cast, plan: File) -> None:
    case = reported(cast, plan)

    def delete() -> None:
        services.delete_message(cast.bob, channel=cast.team.pk, message=case.message_id)
        connections.close_all()

    deleting = threading.Thread(target=delete)
    with transaction.atomic():
        close_case(case.message, actor=cast.alice, verdict="dismissed", reason="a joke")
        deleting.start()
        until_waiting(1)
    deleting.join()
    assert File.objects.get().evidence_of is None
    assert sweep() == 1


def test_staff_has_the_files_of_what_the_admin_shows_it(cast: Cast, plan: File) -> None:
    moderator, agent = staff("mo", "Moderator"), staff("agnes", "Support agent")
    square = services.open_channel(cast.charlie, name="square")
    public = kept(cast.charlie, b"the square", "square.txt")
    said(cast.charlie, square, files=(public.pk,))
    assert [may_have(who, file) for file in (public, plan) for who in (moderator, agent)] == [True, False, False, False]
    inspect_channel(moderator, channel=cast.team.pk, reason="a complaint")
    assert may_have(moderator, plan)
    page = browser("mo").get(f"/admin/chat/channel/{cast.team.pk}/reading/").content.decode()
    assert f'<a href="/files/{plan.pk}/">plan.txt</a> (12 B)' in page
    # Of a message without words the lists say the names, not that it was deleted.
    reported(cast, plan)
    for path in ("report", "message"):
        assert "plan.txt" in browser("mo").get(f"/admin/chat/{path}/").content.decode(), path
