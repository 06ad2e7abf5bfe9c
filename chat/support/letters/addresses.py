"""Reply addresses of conversations: the inbox's address, with the conversation and a signature after a plus sign."""

import hmac
import re
from collections.abc import Iterable

from django.conf import settings
from django.utils.crypto import salted_hmac

_SALT = "gapless.support.reply"
#: Hexadecimal digits of the signature: 80 bits, which nobody can guess by sending mails.
_DIGITS = 20
_TAGGED = re.compile(rf"\+(\d{{1,18}})-([0-9a-f]{{{_DIGITS}}})@", re.IGNORECASE)


def reply_address(mail_from: str, conversation: int) -> str:
    name, _, domain = mail_from.rpartition("@")
    return f"{name}+{conversation}-{_signature(conversation, settings.SECRET_KEY)}@{domain}"


def conversation_of(addresses: Iterable[str]) -> int | None:
    """The conversation of the first valid reply address among these."""
    for address in addresses:
        found = _TAGGED.search(address)
        if found and _is_true(int(found[1]), found[2].lower()):
            return int(found[1])
    return None


def _is_true(conversation: int, signature: str) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(hmac.compare_digest(_signature(conversation, key), signature) for key in keys)


def _signature(conversation: int, key: str) -> str:
    return salted_hmac(_SALT, str(conversation), secret=key, algorithm="sha256").hexdigest()[:_DIGITS]
