"""A channel as pages for a browser, without a server: the pages load nothing from elsewhere."""

from collections.abc import Iterable
from itertools import islice
from urllib.parse import quote

from django.utils.html import escape, linebreaks

from chat.models import Message, MessageKind
from chatproject.exporting.archive import Archive

#: Messages of one page, few enough for a browser to open it at once.
A_PAGE = 2000
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1d2433;background:#fff}"
    "@media(prefers-color-scheme:dark){body{color:#e7ebf3;background:#12161f}a{color:#8ab4ff}}"
    "article{margin:1rem 0}header{font-size:.875rem;opacity:.75}header b{font-size:1rem}p{margin:.25rem 0;overflow-wrap:anywhere}"
    ".system{opacity:.7;font-style:italic}nav{display:flex;gap:1rem;margin:2rem 0}"
)


def write_pages(archive: Archive, title: str, messages: Iterable[Message], *, count: int) -> None:
    """Writes the pages; `index.html` is the first. `messages`: oldest first, with their senders; `count`: their number."""
    pages = max(1, -(-count // A_PAGE))
    rest = iter(messages)
    for number in range(1, pages + 1):
        with archive.entry(_page(number)) as entry:
            entry.write(_head(title, number, pages).encode())
            for row in islice(rest, A_PAGE):
                entry.write(_article(row).encode())
            entry.write(f"{_nav(number, pages)}</body></html>\n".encode())


def _page(number: int) -> str:
    return "index.html" if number == 1 else f"page-{number}.html"


def _head(title: str, number: int, pages: int) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{_nav(number, pages)}"
    )


def _nav(number: int, pages: int) -> str:
    if pages == 1:
        return ""
    beside = ((number - 1, "Older"), (number + 1, "Newer"))
    links = (f'<a href="{_page(n)}">{word}</a>' for n, word in beside if 1 <= n <= pages)
    return f"<nav>{''.join(links)}<span>Page {number} of {pages}</span></nav>"


def _article(row: Message) -> str:
    when = f"<time>{row.created_at:%Y-%m-%d %H:%M} UTC</time>"
    if row.kind == MessageKind.SYSTEM:
        return f'<article id="m{row.pk}" class="system">{escape(row.body)} · {when}</article>\n'
    name = escape(row.said_as or row.sender.get_full_name())
    marks = " · edited" if row.edited_at and not row.deleted_at else ""
    body = "<p><i>deleted</i></p>" if row.deleted_at else linebreaks(row.body, autoescape=True)
    return f'<article id="m{row.pk}"><header><b>{name}</b> {when}{marks}{_cited(row)}</header>{body}{_files(row)}</article>\n'


def _cited(row: Message) -> str:
    cited = row.reply_to_id or row.thread_id
    return f' · in answer to <a href="#m{cited}">#{cited}</a>' if cited else ""


def _files(row: Message) -> str:
    return "".join(
        f'<p><a href="files/{file["id"]}-{quote(file["name"], safe="")}">{escape(file["name"])}</a></p>'
        for file in row.files or ()
    )
