"""The syntax of IMAP_URL, and that no output shows its password."""

from typing import Any

import pytest
from django.core.management import call_command

from chat.support.mailboxes.address import mailbox
from chatproject import env, env_urls

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("imap+ssl://help%40shop.example:x%2Fy@mail.example", "help@shop.example at mail.example/INBOX"),
        ("imap+tls://help:x@mail.example:1143/Support/New", "help at mail.example:1143/Support/New"),
        ("imap://help:x@127.0.0.1/INBOX", "help at 127.0.0.1/INBOX"),
        ("imap+ssl://a:b@x/I, imap+ssl://c:d@y/I", "a at x/I, c at y/I"),
        # A machine between the two could read the password.
        ("imap://help:x@mail.example/INBOX", None),
        ("imap+ssl://mail.example/INBOX", None),
        ("imap+ssl://help@mail.example/INBOX", None),
        ("pop3://help:x@mail.example", None),
        ("imap+ssl://help:x@mail.example:99999/", None),
    ],
)
def test_a_mailbox_is_named_by_a_url_and_shown_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str, address: str | None
) -> None:
    monkeypatch.setattr(env, "_env", type("Env", (), {"str": lambda self, name, default: url})())
    if address is None:
        with pytest.raises(env.EnvError, match="IMAP_URL can't be understood") as refused:
            env_urls.mailboxes("IMAP_URL")
        assert "x" not in str(refused.value).partition("must be")[0]
    else:
        assert ", ".join(map(str, env_urls.mailboxes("IMAP_URL"))) == address


def test_the_settings_show_the_mailbox_and_no_password(
    monkeypatch: pytest.MonkeyPatch, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.IMAP_URL = [mailbox("imap+ssl://help:secret@mail.example")]
    call_command("settings")
    [said] = [row for row in capsys.readouterr().out.splitlines() if row.startswith("IMAP_URL")]
    assert said.endswith("help at mail.example/INBOX")
