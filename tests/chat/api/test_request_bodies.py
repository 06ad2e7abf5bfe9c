"""Errors in a request's body are sentences by field."""

from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from chat.api.inputs import (
    ChannelInput,
    ChannelRevision,
    Input,
    InviteInput,
    MessageInput,
    NewMember,
    Nothing,
    Profile,
    TokenInput,
    moment,
)
from chat.api.reading import read
from delivery.wire import ids

pytestmark = pytest.mark.fast

KEY = "0b9d2c4e-5f2a-4c0e-9a51-6f7d3b1f8a10"
WRONG: list[tuple[type[Input], Any, dict[str, list[str]]]] = [
    (Nothing, ["x"], {"non_field_errors": ["The body is an object with fields, or empty."]}),
    (Nothing, {"b": 1, "a": 2}, {"a": ["There is no such field."], "b": ["There is no such field."]}),
    (MessageInput, {}, {"client_msg_id": ["This field is required."], "body": ["This field is required."]}),
    (MessageInput, {"client_msg_id": f" {KEY}", "body": "x"}, {"client_msg_id": ["Must be a valid UUID."]}),
    (MessageInput, {"client_msg_id": KEY, "body": "a\x00"}, {"body": ["Null characters are not allowed."]}),
    (MessageInput, {"client_msg_id": KEY, "body": None}, {"body": ["This field may not be null."]}),
    (MessageInput, {"client_msg_id": KEY, "body": 5}, {"body": ["Not a valid string."]}),
    (ChannelInput, {"members": [1, "two"]}, {"members": ["1: A valid integer is required."]}),
    (ChannelInput, {"members": [1, True]}, {"members": ["1: A valid integer is required."]}),
    (ChannelInput, {"members": [1.0]}, {"members": ["0: A valid integer is required."]}),
    (ChannelInput, {"members": 5}, {"members": ["Expected a list of items."]}),
    (ChannelInput, {"members": [1] * 100}, {"members": ["Ensure this field has no more than 99 elements."]}),
    (ChannelInput, {"kind": "inner"}, {"kind": ['"inner" is not a valid choice.']}),
    (ChannelInput, {"name": "x" * 81}, {"name": ["Ensure this field has no more than 80 characters."]}),
    (ChannelRevision, {"archived": "true"}, {"archived": ["Must be a valid boolean."]}),
    (
        ChannelRevision,
        {"archived": True, "name": "x"},
        {"archived": ["Archive and rename in two requests: each is done or not."]},
    ),
    (NewMember, {"user": -1}, {"user": ["Ensure this value is greater than or equal to 0."]}),
    (NewMember, {"user": 2**63}, {"user": [f"Ensure this value is less than or equal to {ids.MOST}."]}),
    (NewMember, {"user": 1, "role": "king"}, {"role": ['"king" is not a valid choice.']}),
    (NewMember, {"user": 1, "role": 5}, {"role": ["Not a valid string."]}),
    (InviteInput, {"channels": []}, {"channels": ["This list may not be empty."]}),
    (TokenInput, {"name": "x", "scopes": ["read", "all"]}, {"scopes": ['1: "all" is not a valid choice.']}),
    (Profile, {"status": "x", "activity": 1}, {"status": ['"x" is not a valid choice.'], "activity": ["Not a valid string."]}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "errors"), WRONG)
def test_what_is_wrong_is_said_by_field(kind: type[Input], body: Any, errors: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError) as refused:
        read(kind, body)
    assert refused.value.detail == errors


def test_texts_are_stripped_but_what_people_say_and_passwords_are_not() -> None:
    assert read(ChannelInput, {"name": " team "}).name == "team"
    assert read(MessageInput, {"client_msg_id": KEY, "body": " hi "}).body == " hi "
    assert read(TokenInput, {"name": "x", "password": " secret "}).password == " secret "


@pytest.mark.parametrize("text", ["tomorrow", "1999-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00", "2027", ""])
def test_a_moment_is_one_that_the_calendar_knows(text: str) -> None:
    with pytest.raises(ValidationError):
        moment(text, field="expires_at")
