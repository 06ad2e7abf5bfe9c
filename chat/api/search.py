"""Search over all messages that the caller may see."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import shapes
from chat.api.contract import documented, text
from chat.api.pages import address, listed
from chat.api.users import caller
from chat.search import search


class Search(APIView):
    @documented(
        shapes.FoundPage[shapes.Message],
        query={
            "q": text("What to search for.", required=True, example="deploy from:bob after:2026-11-01"),
            "cursor": text(
                "Where the page begins: from `next` of the page before.", pattern=r"^~{0,2}-?[0-9]{1,18}\.[0-9]{1,18}$"
            ),
        },
        refuses=[429],
    )
    def get(self, request: Request) -> Response:
        """Finds messages with all of `?q=`: words, "phrases", from: in: before: after: has: is:; newest first, 20 a page.

        The search looks in texts and in names of files; case, accents, width and ligatures make no difference. After the last
        message with the words come messages with similar words; a page with any of these says `approximate`. A page may be
        short, even empty, while `next` is not null: what the index can't find, each page searches a little further back.
        """
        found = search(
            caller(request), request.query_params.get("q", ""), cursor=request.query_params.get("cursor") or None
        )
        return listed(
            shapes.FoundPage(
                results=[shapes.message_of(row) for row in found.messages],
                next=address(request, cursor=found.next_cursor),
                previous=None,
                has_more=found.next_cursor is not None,
                next_cursor=found.next_cursor,
                approximate=found.is_approximate,
            )
        )
