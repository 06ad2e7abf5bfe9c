"""An agent who is removed from the inbox while the desk reads a conversation for them gets nothing of it."""

from typing import Any

import pytest
from django.test import Client

from chat.models import Conversation
from chat.reads import history
from chat.reads.history import Page
from chat.support import services
from chat.support.services import transcripts
from delivery.wire.errors import Forbidden, NotFound
from tests.stage.support import Desk, note


@pytest.mark.parametrize("what", ["messages", "notes"])
def test_an_agent_who_is_removed_meanwhile_gets_no_history(
    desk: Desk, conversation: Conversation, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.enter(desk.ada, conversation=conversation.pk)
    note(desk.ada, conversation, "They called twice")
    path = f"/api/v1/support/conversations/{conversation.pk}/{what}/"
    client = Client(headers={"Authorization": f"Bearer {desk.token(desk.ada)}"})
    assert client.get(path).status_code == 200
    page = history.page

    def removed_before(*given: Any, **more: Any) -> Page:
        services.remove_agent(desk.sue, inbox=desk.inbox, user=desk.ada.pk)
        return page(*given, **more)

    monkeypatch.setattr(history, "page", removed_before)
    assert client.get(path).status_code in (403, 404)


def test_an_agent_who_is_removed_meanwhile_gets_no_transcript(
    desk: Desk, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.enter(desk.ada, conversation=conversation.pk)
    read = transcripts.transcript_rows

    def removed_before(*given: Any, **more: Any) -> Any:
        services.remove_agent(desk.sue, inbox=desk.inbox, user=desk.ada.pk)
        return read(*given, **more)

    assert "parcel" in transcripts.transcript(desk.ada, conversation=conversation.pk)[0]
    monkeypatch.setattr(transcripts, "transcript_rows", removed_before)
    with pytest.raises((NotFound, Forbidden)):
        transcripts.transcript(desk.ada, conversation=conversation.pk)
