"""Reads the environment, once and typed. A wrong value is refused with a sentence that names the variable.

Knows nothing of Django. A file `.env` beside manage.py is read first; real variables win over it.
"""

import dataclasses
import io
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import environ

from chat import addresses
from chat.origins import as_sent

BASE_DIR = Path(__file__).resolve().parent.parent
#: A host of ALLOWED_HOSTS: a name, an address of IPv4, or one of IPv6 in brackets.
_HOST = re.compile(r"\*|\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]")

#: A line of `.env`: a comment, or a variable.
_LINE = re.compile(r"#|(export )?\w+=", re.ASCII)

Value = TypeVar("Value")


class EnvError(Exception):
    """An environment variable has a value that can't be used."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """A variable, as it was read. `source`: environment, .env, or default."""

    name: str
    value: Any
    source: str
    is_secret: bool


#: All variables that this process has read, by name.
READINGS: dict[str, Reading] = {}
#: The process's environment before `.env` was read.
GIVEN = dict(os.environ)
_env = environ.Env()


def load(path: Path) -> str:
    """Reads a file of variables, over which real ones win. Returns what is wrong with it: then it sets none of them."""
    try:
        lines = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{path} can't be read: {error.strerror}."
    except UnicodeDecodeError:
        return f"{path} can't be read: it is not in UTF-8."
    for number, line in enumerate(lines, start=1):
        # The line is not shown: it may have a password.
        if line and not _LINE.match(line):
            return f"{path}, line {number}: write NAME=value, without spaces around the sign."
    environ.Env.read_env(io.StringIO("\n".join(lines)))
    return ""


_wrong_file = load(BASE_DIR / ".env")


def read(
    name: str, default: Value, convert: Callable[[str], Value], expected: str, *, is_secret: bool = False
) -> Value:
    """The variable as `convert` takes it, or the default if it is not set. Raises EnvError, which says what is `expected`."""
    if _wrong_file:
        raise EnvError(_wrong_file)
    raw = _env.str(name, default="").strip()
    if not raw:
        return _noted(name, default, "default", is_secret=is_secret)
    try:
        source = "environment" if name in GIVEN else ".env"
        return _noted(name, convert(raw), source, is_secret=is_secret)
    except (ValueError, environ.ImproperlyConfigured):
        shown = "can't be understood: it" if is_secret else f"is {raw!r}, but"
        raise EnvError(f"{name} {shown} must be {expected}.") from None


def _noted(name: str, value: Value, source: str, *, is_secret: bool) -> Value:
    READINGS[name] = Reading(name, value, source, is_secret)
    return value


def text(name: str, default: str = "", *, is_secret: bool = False) -> str:
    return read(name, default, str, "a text", is_secret=is_secret)


def integer(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    def convert(raw: str) -> int:
        number = int(raw)
        if not least <= number <= most:
            raise ValueError
        return number

    return read(name, default, convert, f"a whole number from {least} to {most}")


def boolean(name: str, default: bool) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

    def convert(raw: str) -> bool:
        if raw.lower() not in words:
            raise ValueError
        return words[raw.lower()]

    return read(name, default, convert, "true or false")


def words(name: str, default: list[str], *, is_secret: bool = False) -> list[str]:
    def convert(raw: str) -> list[str]:
        return [word.strip() for word in raw.split(",") if word.strip()]

    return read(name, default, convert, "a list", is_secret=is_secret)


def origins(name: str, default: list[str]) -> list[str]:
    """Origins, in exactly the form that browsers send: they are compared as strings."""
    given = words(name, default)
    for word in given:
        try:
            sent = as_sent(word)
        except ValueError as error:
            raise EnvError(f"{name}: {error}") from None
        if word != sent:
            raise EnvError(f"{name} has {word!r}, which no browser sends: write {sent}.")
    return given


def hosts(name: str, default: list[str]) -> list[str]:
    """Host names, as Django's ALLOWED_HOSTS has them: `.example.org` stands for its subdomains too, `*` for all hosts."""
    given = words(name, default)
    for word in given:
        if not _HOST.fullmatch(word.lower()):
            raise EnvError(f"{name} has {word!r}, but must be a list of hosts, without scheme, port and path.")
    return given


def networks(name: str, default: list[str]) -> list[addresses.Network]:
    given = words(name, default)
    try:
        return [addresses.network(word) for word in given]
    except ValueError:
        raise EnvError(f"{name} is {','.join(given)!r}, but must be a list of addresses or networks.") from None


def choice(name: str, default: str, among: Sequence[str]) -> str:
    known = {word.lower(): word for word in among}

    def convert(raw: str) -> str:
        if raw.lower() not in known:
            raise ValueError
        return known[raw.lower()]

    return read(name, default, convert, f"one of {', '.join(among)}")


def path(name: str, default: Path) -> Path:
    return read(name, default, lambda raw: Path(raw).expanduser(), "a folder").absolute()


def override(limits: Value, *, prefix: str) -> Value:
    """The dataclass `limits`, with each field replaced for which PREFIX + FIELD is set to a whole number."""
    found = {
        field.name: integer(prefix + field.name.upper(), getattr(limits, field.name))
        for field in dataclasses.fields(limits)  # type: ignore[arg-type]
    }
    return dataclasses.replace(limits, **found)  # type: ignore[type-var]
