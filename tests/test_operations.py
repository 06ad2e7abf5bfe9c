"""The operator's commands."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chat.models import Channel, Message, User
from chat.streams import descriptions
from tests.conftest import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def run(command: str, *arguments: str) -> Any:
    """What a command says with --json."""
    said = StringIO()
    call_command(command, *arguments, "--json", stdout=said)
    return json.loads(said.getvalue())


def test_fill_makes_channels_full_of_messages_in_one_log_each(cast: Cast) -> None:
    said = run("fill", "300", "--channels", "3", "--people", "4", "--member", "vera")
    assert said["messages"] == 300
    for channel in Channel.objects.filter(pk__in=said["channels"]):
        numbers = list(Message.objects.filter(channel=channel).order_by("rev").values_list("seq", "rev"))
        assert numbers == [(number, number) for number in range(1, channel.head + 1)]
        times = list(Message.objects.filter(channel=channel, kind="text").order_by("seq").values_list("created_at"))
        assert times == sorted(times)
    assert [described["unread"] for described in descriptions(User.objects.get(username="vera"))] == [0, 0, 0]


@pytest.mark.parametrize("arguments", [("0",), ("10", "--people", "100"), ("10", "--member", "nobody")])
def test_fill_refuses_nonsense_in_one_sentence(cast: Cast, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("fill", *arguments)
