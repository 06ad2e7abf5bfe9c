"""The bytes of mails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.support.letters.addresses import conversation_of, reply_address
from chat.support.letters.head import read_head
from chat.support.letters.incoming import ANSWER_ABOVE
from chat.support.letters.mail_parser import opened

pytestmark = pytest.mark.fast

HEADS = [b"", b"Content-Type: multipart/mixed; boundary=x\r\n", b"From: =?x?q?", b"To: <<>>, @\r\nFrom: (\r\n\r\n"]


@given(st.sampled_from(HEADS), st.binary(max_size=2000))
def test_whatever_comes_is_read(head: bytes, raw: bytes) -> None:
    said = opened(head + raw, ANSWER_ABOVE)
    names = [name for name, _ in said["attached"]]
    told = repr([read_head(head + raw), said["text"], *names])
    # Whole characters, and no NUL.
    assert "\\ud" not in told
    assert "\\x00" not in "".join([said["text"], read_head(head + raw).sender])


def test_a_reply_address_leads_to_its_conversation_only() -> None:
    address = reply_address("help+eu@shop.example", 12)
    assert conversation_of(["x@y.example", f"Shop <{address.upper()}>"]) == 12
    assert conversation_of([address.replace("+12-", "+13-")]) is None


def test_an_address_holds_after_the_key_has_changed(settings: object) -> None:
    address, old = reply_address("help@shop.example", 12), settings.SECRET_KEY  # type: ignore[attr-defined]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [old]  # type: ignore[attr-defined]
    assert conversation_of([address]) == 12
    settings.SECRET_KEY_FALLBACKS = []  # type: ignore[attr-defined]
    assert conversation_of([address]) is None
