"""A15: what is snoozed comes back when the customer writes, and is never resolved by itself."""

import datetime

from chat import clock
from chat.models import Message
from chat.support.models import Inbox
from tests.conftest import said
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, wait_until


def test_a15_a_snoozed_conversation_is_open_when_its_customer_writes_or_its_time_has_come(
    server: Server, desk: Desk, vera: Visit
) -> None:
    written, timed, silent = (vera.begin(f"question {n}") for n in range(3))
    with desk.http(server, desk.ada) as ada:

        def state(pk: int) -> dict[str, object]:
            return dict(ada.get(f"/conversations/{pk}/").json())

        def snooze(pk: int, **ahead: int) -> str:
            until = (clock.now() + datetime.timedelta(**ahead)).isoformat()
            answer = ada.post(f"/conversations/{pk}/snooze/", json={"until": until})
            assert (answer.status_code, answer.json()["state"]) == (200, "snoozed"), answer.text
            return str(answer.json()["snoozed_until"])

        until = snooze(written.pk, days=1)
        snooze(timed.pk, seconds=2)
        snooze(silent.pk, days=30)
        # Said long ago, in an inbox that resolves what nobody goes on with.
        Message.objects.filter(channel=silent.pk).update(created_at=clock.now() - datetime.timedelta(days=10))
        Inbox.objects.filter(pk=desk.inbox.pk).update(resolves_after_days=3)
        said(vera.visitor, written.channel, "one more thing")
        now = state(written.pk)
        assert (now["state"], now["snoozed_until"], now["former_snooze"]) == ("open", None, until)
        assert now["waiting_since"] is not None
        wait_until(lambda: state(timed.pk)["state"] == "open", within=2 + 3)
        assert state(timed.pk)["waiting_since"] is not None
        assert state(silent.pk)["state"] == "snoozed"
