"""Opens one mail in a process of its own, because the mail may be malicious.

Run as `opener.py MOST_FILES ANSWER_ABOVE TARGET`, with the mail on standard input; TARGET is an open descriptor that gets the bytes
of the attachments, one after another. It prints the mail's content as JSON. It knows nothing of Gapless, and limits itself before
it opens the mail.
"""

import email
import email.header
import email.policy
import html.parser
import json
import os
import re
import resource
import sys
from collections.abc import Iterator
from email.message import Message
from typing import Any

MEMORY_BYTES = 768 * 2**20
PROCESSOR_SECONDS = 5
WRITTEN_BYTES = 64 * 2**20
#: A low priority, so that the server's own work goes first.
NICE = 10
#: The most characters of a text: more than any mail may become.
TEXT_CHARACTERS = 500_000
#: The most characters of an attachment's name.
NAME_CHARACTERS = 300
#: The deepest nesting of parts.
MOST_DEEP = 30

#: Types of signatures, which nobody reads.
_SIGNATURES = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
#: The lines with which mail programs begin the quoted mail.
_QUOTES = re.compile(
    r"^(>|-{3,} ?(original message|ursprüngliche nachricht|message d'origine)"
    r"|(on|am|le|el|il) .{6,200}(wrote|schrieb|a écrit|escribió|ha scritto).{0,100}:\s*$)",
    re.IGNORECASE,
)
_BREAKING = {"br", "p", "div", "tr", "li", "h1", "h2", "h3", "blockquote", "table", "ul", "ol"}
_UNSEEN = {"script", "style", "head", "title", "template", "noscript"}

#: An attachment's name and bytes.
Attached = tuple[str, bytes]


def main(most_files: str, answer_above: str, target: str) -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, WRITTEN_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    os.nice(NICE)
    said = opened(sys.stdin.buffer.read(), answer_above)
    attached: list[Attached] = said.pop("attached")
    with os.fdopen(int(target), "wb") as files:
        for _, content in attached[: int(most_files)]:
            files.write(content)
    sizes = [(name, len(content)) for name, content in attached]
    sys.stdout.write(json.dumps({**said, "attached": sizes}))


def opened(raw: bytes, answer_above: str) -> dict[str, Any]:
    """The text above the quoted mail, and the attachments; raises any error of the parser."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    texts: list[tuple[str, str]] = []
    attached = [(_name(part), content) for part, content in _parts(message, texts)]
    return {"text": _above_quotes(_told(texts), answer_above)[:TEXT_CHARACTERS], "attached": attached}


# ---- the parts ----


def _parts(part: Message, texts: list[tuple[str, str]], *, deep: int = 0) -> Iterator[tuple[Message, bytes]]:
    """The attachments, with their bytes; text parts go to `texts`, with their kind."""
    if deep > MOST_DEEP:
        raise ValueError("too many parts within parts")
    _spell(part)
    kind = part.get_content_type()
    if kind == "message/rfc822" or not part.is_multipart():
        if kind in ("text/plain", "text/html") and not _is_attached(part):
            texts.append((kind, _text(part)))
        elif kind not in _SIGNATURES:
            yield part, _bytes(part)
    elif kind == "multipart/alternative":
        yield from _best(part, texts, deep=deep)
    else:
        for each in _children(part):
            yield from _parts(each, texts, deep=deep + 1)


def _spell(part: Message) -> None:
    # Many programs write names as plain UTF-8, against the rules.
    for name, value in list(part.raw_items()):
        if not str(value).isascii():
            part.replace_header(name, str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _best(part: Message, texts: list[tuple[str, str]], *, deep: int) -> Iterator[tuple[Message, bytes]]:
    """For one content in several forms: the text of one form, and the attachments of all."""
    forms: list[list[tuple[str, str]]] = []
    for each in _children(part):
        forms.append([])
        for attached, content in _parts(each, forms[-1], deep=deep + 1):
            if attached.get_content_maintype() != "text":
                yield attached, content
    # The first form with text, plain text before others.
    said = [form for form in forms if _told(form).strip()]
    plain = [form for form in said if form[0][0] == "text/plain"]
    texts += [*plain, *said, []][0]


def _children(part: Message) -> list[Message]:
    inside = part.get_payload() if part.is_multipart() else None
    return [each for each in inside if isinstance(each, Message)] if isinstance(inside, list) else []


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _bytes(part: Message) -> bytes:
    inside = _children(part)
    if inside:
        # An attached mail, unchanged.
        return inside[0].as_bytes()
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""


def _name(part: Message) -> str:
    given = part.get_filename() or ""
    try:
        name = str(email.header.make_header(email.header.decode_header(given)))
    except (ValueError, LookupError):
        name = given
    if not name and part.get_content_type() == "message/rfc822":
        name = "mail.eml"
    if not name:
        ending = re.sub("[^a-z0-9]", "", part.get_content_subtype())[:10]
        name = f"file.{ending}" if part.get_content_maintype() in ("image", "audio", "video") else "file"
    return name[:NAME_CHARACTERS].encode("utf-8", "replace").decode()


# ---- the text ----


def _text(part: Message) -> str:
    raw = _bytes(part)
    try:
        said = raw.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        said = raw.decode("utf-8", "replace")
    # Some charsets can encode halves of surrogate pairs.
    said = said.encode("utf-8", "replace").decode()
    return said.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _told(texts: list[tuple[str, str]]) -> str:
    return "\n".join(_Words.of(said) if kind == "text/html" else said for kind, said in texts)


class _Words(html.parser.HTMLParser):
    """The visible text of an HTML part, line by line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._said: list[str] = []
        self._unseen = 0

    @classmethod
    def of(cls, page: str) -> str:
        words = cls()
        words.feed(page)
        words.close()
        lines = (" ".join(line.split()) for line in "".join(words._said).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).replace("\x00", "").strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BREAKING:
            self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BREAKING and tag != "br":
            self._break(tag)

    def _break(self, tag: str) -> None:
        if tag == "br" or self._said[-1:] != ["\n"]:
            self._said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            # Line breaks of the source are no line breaks of the page.
            self._said.append(re.sub(r"\s+", " ", data))


def _above_quotes(text: str, answer_above: str) -> str:
    kept: list[str] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        # The line that introduces the quoted mail may be broken in two.
        both = f"{line.strip()} {lines[number + 1].strip()}" if number + 1 < len(lines) else line
        if answer_above in line or _QUOTES.match(line.strip()) or (line.strip() and _QUOTES.match(both)):
            break
        kept.append(line.rstrip())
    return "\n".join(kept).strip()


if __name__ == "__main__":
    main(*sys.argv[1:])
