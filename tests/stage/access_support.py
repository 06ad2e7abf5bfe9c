"""The expected answers at the support's paths: for people who are no agents of any inbox, and visitors of no inbox."""

import datetime
from typing import Any

from chat import clock
from tests.stage.access_scene import Body, fresh, given, nothing

#: Method, path, the status for each of PEOPLE in their order, what fills the path and the body.
SUPPORT: list[tuple[str, str, str, Body, Body]] = []


def row(method: str, path: str, statuses: str, *, path_of: Body = nothing, body: Body = nothing) -> None:
    SUPPORT.append((method, "support/" + path, statuses, path_of, body))


nobodys: Any = given(pk=10**9, user=10**9)
first = given(client_msg_id=fresh, body="hi")
#                                                anonymous banned stranger staff member moderator owner
row("GET", "agents/me/",                         "401 401 403 403 403 403 403")  # fmt: skip
row("PATCH", "agents/me/",                       "401 401 403 403 403 403 403", body=given(accepting=False))  # fmt: skip
row("GET", "inboxes/",                           "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "inboxes/",                          "401 401 403 201 403 403 403", body=given(name=fresh))  # fmt: skip
row("GET", "inboxes/<int:pk>/",                  "401 401 404 404 404 404 404", path_of=nobodys)  # fmt: skip
row("PATCH", "inboxes/<int:pk>/",                "401 401 404 404 404 404 404", path_of=nobodys, body=given(name=fresh))  # fmt: skip
row("POST", "inboxes/<int:pk>/secret/",          "401 401 404 404 404 404 404", path_of=nobodys)  # fmt: skip
row("POST", "inboxes/<int:pk>/agents/",          "401 401 404 404 404 404 404", path_of=nobodys, body=given(user=1))  # fmt: skip
row("PATCH", "inboxes/<int:pk>/agents/<int:user>/",  "401 401 404 404 404 404 404", path_of=nobodys, body=given(capacity=3))  # fmt: skip
row("DELETE", "inboxes/<int:pk>/agents/<int:user>/", "401 401 404 404 404 404 404", path_of=nobodys)  # fmt: skip
row("GET", "conversations/",                     "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "conversations/",                    "401 401 403 403 403 403 403", body=first)  # fmt: skip
# Nobody of these is an agent: for them there is no such conversation.
talk = "conversations/<int:pk>/"
row("GET", "conversations/counts/",               "401 401 200 200 200 200 200")  # fmt: skip
row("GET", talk,                                "401 401 404 404 404 404 404")  # fmt: skip
row("PATCH", talk,                              "401 401 404 404 404 404 404", body=given(priority="high"))  # fmt: skip
row("GET", talk + "messages/",                  "401 401 404 404 404 404 404")  # fmt: skip
row("GET", talk + "notes/",                     "401 401 404 404 404 404 404")  # fmt: skip
row("POST", talk + "claim/",                    "401 401 404 404 404 404 404")  # fmt: skip
row("POST", talk + "release/",                  "401 401 404 404 404 404 404")  # fmt: skip
row("POST", talk + "assign/",                   "401 401 404 404 404 404 404", body=given(agent=lambda s, who: s.target().pk))  # fmt: skip
row("POST", talk + "take-over/",                "401 401 404 404 404 404 404")  # fmt: skip
row("POST", talk + "answer/",                   "401 401 404 404 404 404 404", body=given(client_msg_id=fresh, body="hi"))  # fmt: skip
row("POST", talk + "note/",                     "401 401 404 404 404 404 404", body=given(client_msg_id=fresh, body="hi"))  # fmt: skip
row("POST", talk + "snooze/",                   "401 401 404 404 404 404 404", body=given(until=lambda s, who: (clock.now() + datetime.timedelta(days=1)).isoformat()))  # fmt: skip
row("POST", talk + "pending/",                  "401 401 404 404 404 404 404")  # fmt: skip
row("POST", talk + "resolve/",                  "401 401 404 404 404 404 404")  # fmt: skip
row("POST", talk + "reopen/",                   "401 401 404 404 404 404 404")  # fmt: skip
row("POST", "visitors/<int:user>/block/",        "401 401 404 404 404 404 404", path_of=nobodys, body=given(reason="abuse"))  # fmt: skip
row("DELETE", "visitors/<int:user>/block/",      "401 401 404 404 404 404 404", path_of=nobodys, body=given(reason="fine"))  # fmt: skip
row("GET", "conversations/<int:pk>/rating/",      "401 401 404 404 404 404 404", path_of=nobodys)  # fmt: skip
row("POST", "conversations/<int:pk>/rating/",     "401 401 404 404 404 404 404", path_of=nobodys, body=given(score=5))  # fmt: skip
row("POST", "conversations/<int:pk>/transcript/", "401 401 404 404 404 404 404", path_of=nobodys)  # fmt: skip
row("GET", "canned/",                            "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "canned/",                           "401 401 404 404 404 404 404", body=given(inbox=10**9, code="hello", body="Hi"))  # fmt: skip
row("PATCH", "canned/<int:pk>/",                 "401 401 404 404 404 404 404", path_of=nobodys, body=given(body="Hi"))  # fmt: skip
row("DELETE", "canned/<int:pk>/",                "401 401 404 404 404 404 404", path_of=nobodys)  # fmt: skip
row("GET", "hours/",                             "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "hours/",                            "401 401 403 201 403 403 403", body=given(name=fresh, time_zone="UTC", spans=[]))  # fmt: skip
row("GET", "hours/<int:pk>/",                    "401 401 404 404 404 404 404", path_of=nobodys)  # fmt: skip
row("PATCH", "hours/<int:pk>/",                  "401 401 403 404 403 403 403", path_of=nobodys, body=given(name=fresh, time_zone="UTC", spans=[]))  # fmt: skip
row("GET", "inboxes/<int:pk>/policies/",         "401 401 404 404 404 404 404", path_of=nobodys)  # fmt: skip
row("PATCH", "inboxes/<int:pk>/policies/",       "401 401 404 404 404 404 404", path_of=nobodys, body=given(policies=[]))  # fmt: skip
row("GET", "reports/",                           "401 401 403 200 403 403 403")  # fmt: skip
row("GET", "visitors/<int:user>/",               "401 401 404 404 404 404 404", path_of=nobodys)  # fmt: skip
row("DELETE", "visitors/<int:user>/",            "401 401 404 404 404 404 404", path_of=nobodys, body=given(reason="asked"))  # fmt: skip
row("GET", "<str:key>/",                         "404 404 404 404 404 404 404")  # fmt: skip
row("POST", "<str:key>/visits/",                 "404 401 404 404 404 404 404")  # fmt: skip
