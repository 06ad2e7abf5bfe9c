"""How ids and numbers are written by clients, the same at every door."""

import re

#: What PostgreSQL's bigint holds.
MOST = 2**63 - 1
#: In full, with dashes, in either case: what else libraries take for a UUID (no dashes, braces, urn:uuid:, numbers) is none.
UUID_PATTERN = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_UUID = re.compile(UUID_PATTERN)
_NUMBER = re.compile("0|[1-9][0-9]{0,18}")


def is_uuid(given: object) -> bool:
    return isinstance(given, str) and _UUID.fullmatch(given) is not None


def is_number(text: str) -> bool:
    """Whether these are the digits of a whole number from 0 to MOST: no sign, no zeros before it."""
    return _NUMBER.fullmatch(text) is not None and int(text) <= MOST
