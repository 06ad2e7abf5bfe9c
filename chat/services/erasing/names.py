"""The names of an erased person, and the text that replaces them."""

import re
from collections.abc import Sequence
from typing import Any

from chat.models import Act, AuditEntry, Channel, ChannelKind, Member, User
from chat.models.channel import ChannelQuerySet
from chat.naming import ERASED_USERNAME

#: The name that others read instead.
NOBODY = "Deleted user"


def username_for(user: int) -> str:
    """The username of an erased account, which no other account can have."""
    return f"{ERASED_USERNAME}-{user}"


def conversations_of(user: int) -> ChannelQuerySet:
    """Direct conversations that were opened with the person, who may have left them since."""
    return Channel.objects.filter(kind=ChannelKind.DIRECT, direct_key__regex=rf"(^|:){user}(:|$)")


def names_of(user: User) -> list[str]:
    """The person's username first, then all other names that they had, the longest first."""
    renames = AuditEntry.objects.filter(act=Act.USER_RENAMED, whom=user).values_list("details", flat=True)
    former = {name for details in renames for name in (details.get("from"), details.get("to"))}
    public = set(Member.objects.filter(user=user).exclude(public_name="").values_list("public_name", flat=True))
    others = {user.display_name, *former, *public} - {"", None, user.username}
    return [user.username, *sorted(others, key=lambda name: (-len(name), name))]


def without_names(text: str, names: Sequence[str]) -> str:
    """The text with each of these names replaced, where the name is a word of its own."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", NOBODY, text)
    return text


def event_without_names(event: Any, names: Sequence[str], *, user: int, is_direct: bool) -> Any:
    """A system message's event with the person's names replaced. Names of channels stay, except those of their conversations."""
    if str(event.get("type", "")).startswith("channel."):
        return {**event, "name": without_names(event["name"], names)} if is_direct and "name" in event else event
    return _people_without_names(event, names, username_for(user))


def _people_without_names(value: Any, names: Sequence[str], username: str) -> Any:
    if isinstance(value, list):
        return [_people_without_names(inner, names, username) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        key: username
        if key == "username" and inner == names[0]
        else NOBODY
        if key in ("name", "display_name") and inner in names
        else _people_without_names(inner, names, username)
        for key, inner in value.items()
    }
