"""The alert of a mailbox that can't be collected from, by hand, as in test_alerts_fire.py."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from chat.support.models import Mailbox
from tests.conftest import in_thread
from tests.stage.harms import run_sql
from tests.stage.mailboxes import mail_server
from tests.stage.ports import free_port
from tests.stage.prometheus import Prometheus
from tests.stage.servers import Server, expect

pytestmark = pytest.mark.by_hand


async def test_it_fires_while_the_server_refuses_the_password_and_is_quiet_afterwards(
    own_server: Callable[..., Server], transactional_db: None, tmp_path: Path
) -> None:
    port = free_port()
    with contextlib.closing(Prometheus(tmp_path, port)) as prometheus, mail_server() as mails:
        well, mails.password = mails.password, "another"
        own_server(
            arguments=("serve", "--workers", "2"), METRICS_PORT=str(port), IMAP_URL=mails.url,
            GAPLESS_LIMIT_MAILBOX_SECONDS="1",
        )  # fmt: skip
        await expect(lambda: in_thread(is_failing), within=30)
        assert "GaplessMailboxFailing" not in prometheus.firing()
        await in_thread(run_sql, "UPDATE support_mailboxes SET failing_since = failing_since - interval '5 minutes'")
        await prometheus.fires("GaplessMailboxFailing")
        mails.password = well
        await in_thread(run_sql, "UPDATE support_mailboxes SET next_at = now()")
        await prometheus.is_quiet("GaplessMailboxFailing")


def is_failing() -> bool:
    return Mailbox.objects.filter(failing_since__isnull=False).exists()
