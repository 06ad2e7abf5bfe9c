"""The operator's commands for accounts and tokens."""

import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from chat import services
from chat.models import AuditEntry, Token
from chat.tools.progress import progress_bar
from tests.conftest import Cast
from tests.stage.commands import run

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def test_accounts_are_listed_without_visitors_and_found_by_a_part_of_a_name(cast: Cast) -> None:
    visitor, _ = services.create_visitor(display_name="Customer")
    names = [user["username"] for user in run("users")["users"]]
    assert visitor.username not in names
    assert names == sorted(names)
    assert {"alice", "bob", "charlie", "sam"} <= set(names)
    [sam] = run("users", "sA")["users"]
    assert (sam["username"], sam["is_staff"], sam["tokens"]) == ("sam", True, 1)
    assert "superuser, 1 token\n" in said("users", "sam")
    assert said("users", "nobody-here") == "Nobody here is called nobody-here.\n"


def test_an_account_is_switched_off_and_on_with_a_reason(cast: Cast) -> None:
    assert "switched off" in said("deactivate_user", "BOB", "--reason", "has left")
    assert "switched off" in said("users", "bob")
    assert AuditEntry.objects.filter(act="user.deactivated", whom=cast.bob, reason="has left").exists()
    said("deactivate_user", "bob", "--reactivate", "--reason", "is back")
    assert run("users", "bob")["users"][0]["is_active"] is True
    with pytest.raises(CommandError, match="nobody is called"):
        said("deactivate_user", "nobody", "--reason", "x")
    with pytest.raises(CommandError, match="reason"):
        said("deactivate_user", "bob", "--reason", " ")


def test_tokens_are_listed_without_their_secrets_and_ended(cast: Cast) -> None:
    parent, secret = services.new_token(cast.bob, name="deploy bot", scopes=["read", "tokens"])
    services.new_token(cast.bob, name="made by it", scopes=["read"], parent=parent)
    listed: list[dict[str, Any]] = run("tokens", "bob")["tokens"]
    assert [token["name"] for token in listed][-2:] == ["deploy bot", "made by it"]
    assert secret not in said("tokens", "bob")
    assert run("tokens", "bob", "--revoke", str(parent.pk))["revoked"] == [parent.pk]
    assert not Token.objects.filter(name="made by it").exists()
    [others] = Token.objects.filter(user=cast.alice)
    with pytest.raises(CommandError, match=f"bob has no token {others.pk}"):
        said("tokens", "bob", "--revoke", str(others.pk))
    with pytest.raises(CommandError, match="number"):
        said("tokens", "bob", "--revoke", "x")
    run("tokens", "bob", "--revoke", "all")
    assert run("tokens", "bob")["tokens"] == []
    assert said("tokens", "bob") == "bob has no tokens.\n"
    assert Token.objects.filter(user=cast.alice).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", [("export_user", "bob"), ("backup",)])
def test_a_file_that_can_not_be_written_is_named_as_it_was_given(command: tuple[str, ...], cast: Cast) -> None:
    with pytest.raises(CommandError, match=r"no (export|backup) was made: /not/there/x: No such file or directory$"):
        said(*command, "/not/there/x")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_how_far_a_command_is_is_drawn_on_a_terminal_alone(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", seen := StringIO())
    monkeypatch.setattr(seen, "isatty", lambda: is_terminal)
    with progress_bar() as progress:
        list(progress.track(range(3), description="channels"))
    assert ("channels" in seen.getvalue()) == is_terminal
