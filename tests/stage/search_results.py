"""Results of searches: the bodies of the first page, or every page."""

from chat.models import User
from chat.search import Found, search


def bodies(user: User, query: str) -> list[str]:
    return [message.body for message in search(user, query).messages]


def all_pages(user: User, query: str) -> list[Found]:
    pages = [search(user, query)]
    while pages[-1].next_cursor is not None:
        assert len(pages) < 50, "it goes on for ever"
        pages.append(search(user, query, cursor=pages[-1].next_cursor))
    return pages
