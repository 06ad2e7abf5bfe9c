"""The expected answers: every path, page and op, for every kind of user. A path that is not in these tables fails a test."""

from tests.stage.access_scene import Body, fresh, given, nothing, own_channel, targets, token_of
from tests.stage.access_support import SUPPORT

BULK = {"channel": own_channel, "users": targets, "reason": "rude"}
#: Method and path → what fills the path and the body, and the status for each of PEOPLE in their order.
API: dict[tuple[str, str], tuple[Body, Body, str]] = {}


def row(method: str, path: str, statuses: str, *, path_of: Body = nothing, body: Body = nothing) -> None:
    API[method, "api/v1/" + path] = (path_of, body, statuses)


one = "channels/<int:pk>/"
a_member = given(user=lambda s, who: s.target().pk)
own_message = given(message=lambda s, who: s.message(who))
anothers_message = given(message=lambda s, who: s.anothers(who))
#                                               anonymous banned stranger staff member moderator owner
row("GET", "channels/",                         "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "channels/",                        "401 401 201 201 201 201 201", body=given(name=fresh))  # fmt: skip
row("GET", one,                                 "401 401 404 404 200 200 200")  # fmt: skip
row("PATCH", one,                               "401 401 404 200 403 200 200", body=given(topic=fresh, reason="tidy"))  # fmt: skip
row("DELETE", one,                              "401 401 404 204 403 403 204", body=given(reason="done"))  # fmt: skip
row("POST", one + "join/",                      "401 401 404 404 200 200 200")  # fmt: skip
row("POST", one + "leave/",                     "401 401 404 404 204 204 403")  # fmt: skip
row("PATCH", one + "membership/",               "401 401 404 404 200 200 200", body=given(notify_level="all"))  # fmt: skip
row("GET", one + "members/",                    "401 401 404 404 200 200 200")  # fmt: skip
row("POST", one + "members/",                   "401 401 404 404 403 201 201", body=given(user=lambda s, who: s.newcomer().pk))  # fmt: skip
row("PATCH", one + "members/<int:user>/",       "401 401 404 200 403 403 200", path_of=a_member, body=given(role="moderator", reason="helps"))  # fmt: skip
row("DELETE", one + "members/<int:user>/",      "401 401 404 204 403 204 204", path_of=a_member, body=given(reason="rude"))  # fmt: skip
row("GET", one + "messages/",                   "401 401 404 404 200 200 200")  # fmt: skip
row("POST", one + "messages/",                  "401 401 404 404 201 201 201", body=given(client_msg_id=fresh, body="hi"))  # fmt: skip
row("GET", one + "messages/<int:message>/",     "401 401 404 404 200 200 200", path_of=anothers_message)  # fmt: skip
row("PATCH", one + "messages/<int:message>/",   "401 401 404 404 200 200 200", path_of=own_message, body=given(body="y"))  # fmt: skip
row("DELETE", one + "messages/<int:message>/",  "401 401 404 200 403 200 200", path_of=anothers_message, body=given(reason="rude"))  # fmt: skip
row("POST", one + "messages/<int:message>/reactions/", "401 401 404 404 200 200 200", path_of=anothers_message, body=given(emoji="👍"))  # fmt: skip
row("DELETE", one + "messages/<int:message>/reactions/",  "401 401 404 404 200 200 200", path_of=anothers_message)  # fmt: skip
row("GET", one + "messages/<int:message>/thread/",   "401 401 404 404 200 200 200", path_of=anothers_message)  # fmt: skip
row("PATCH", one + "messages/<int:message>/thread/", "401 401 404 404 200 200 200", path_of=anothers_message, body=given(following=True))  # fmt: skip
row("POST", one + "messages/<int:message>/pin/", "401 401 404 404 200 200 200", path_of=anothers_message)  # fmt: skip
row("DELETE", one + "messages/<int:message>/pin/", "401 401 404 404 200 200 200", path_of=anothers_message)  # fmt: skip
row("GET", one + "pins/",                       "401 401 404 404 200 200 200")  # fmt: skip
row("GET", one + "changes/",                    "401 401 404 404 200 200 200")  # fmt: skip
row("POST", one + "read/",                      "401 401 404 404 200 200 200", body=given(seq=1))  # fmt: skip
row("POST", "reports/",                         "401 401 404 404 201 201 201", body=given(channel=own_channel, message=lambda s, who: s.anothers(who), reason="rude"))  # fmt: skip
row("GET", "moderation/",                       "401 401 403 200 403 200 200")  # fmt: skip
row("GET", "moderation/reports/",               "401 401 403 200 403 200 200")  # fmt: skip
row("GET", "moderation/reports/<int:pk>/",      "401 401 404 200 404 200 200", path_of=given(pk=lambda s, who: s.report(who)))  # fmt: skip
row("POST", "moderation/reports/close/",        "401 401 404 200 404 200 200", body=given(reports=lambda s, who: [s.report(who)], verdict="dismissed", reason="fine"))  # fmt: skip
row("GET", "moderation/messages/<int:pk>/",     "401 401 404 404 403 200 200", path_of=given(pk=lambda s, who: s.anothers(who)))  # fmt: skip
row("POST", "moderation/messages/delete/",      "401 401 404 200 403 200 200", body=given(messages=lambda s, who: [s.anothers(who)], reason="rude"))  # fmt: skip
row("POST", "moderation/members/remove/",       "401 401 404 200 403 200 200", body=given(**BULK))  # fmt: skip
row("POST", "moderation/members/readmit/",      "401 401 404 200 403 200 200", body=given(**{**BULK, "users": lambda s, who: [s.removed().pk]}))  # fmt: skip
row("GET", "moderation/members/removed/",       "401 401 403 200 403 200 200")  # fmt: skip
row("POST", "moderation/members/mute/",         "401 401 404 200 403 200 200", body=given(**BULK, minutes=5))  # fmt: skip
row("POST", "moderation/members/unmute/",       "401 401 404 200 403 200 200", body=given(**BULK))  # fmt: skip
row("GET", "moderation/members/muted/",         "401 401 403 200 403 200 200")  # fmt: skip
row("GET", "moderation/bans/",                  "401 401 403 200 403 403 403")  # fmt: skip
row("POST", "moderation/bans/",                 "401 401 403 200 403 403 403", body=given(users=targets, reason="spam"))  # fmt: skip
row("POST", "moderation/bans/lift/",            "401 401 403 404 403 403 403", body=given(users=targets, reason="fine"))  # fmt: skip
row("GET", "moderation/audit/",                 "401 401 403 200 403 200 200")  # fmt: skip
row("GET", "blocks/",                           "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "blocks/",                          "401 401 201 201 201 201 201", body=given(user=lambda s, who: s.newcomer().pk))  # fmt: skip
row("DELETE", "blocks/<int:user>/",             "401 401 204 204 204 204 204", path_of=given(user=lambda s, who: s.newcomer().pk))  # fmt: skip
row("GET", "mentions/",                         "401 401 200 200 200 200 200")  # fmt: skip
row("GET", "cited/",                            "401 401 200 200 200 200 200")  # fmt: skip
row("GET", "search/",                           "401 401 200 200 200 200 200")  # fmt: skip
row("GET", "threads/",                          "401 401 200 200 200 200 200")  # fmt: skip
row("GET", "saved/",                            "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "saved/",                           "401 401 404 404 201 201 201", body=anothers_message)  # fmt: skip
row("DELETE", "saved/",                         "401 401 404 404 404 404 404")  # fmt: skip
row("DELETE", "saved/<int:message>/",           "401 401 404 404 204 204 204", path_of=anothers_message)  # fmt: skip
row("GET", "invites/",                          "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "invites/",                         "401 401 404 404 403 201 201", body=given(channels=lambda s, who: [s.channel.pk]))  # fmt: skip
row("DELETE", "invites/<int:pk>/",              "401 401 404 404 404 404 404", path_of=given(pk=lambda s, who: s.invite()))  # fmt: skip
row("GET", "tokens/",                           "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "tokens/",                          "401 401 201 201 201 201 201", body=given(name="new"))  # fmt: skip
row("DELETE", "tokens/<int:pk>/",               "401 401 404 404 404 404 404", path_of=given(pk=lambda s, who: token_of(s.newcomer())[0].pk))  # fmt: skip
row("GET", "users/me/",                         "401 401 200 200 200 200 200")  # fmt: skip
row("PATCH", "users/me/",                       "401 401 200 200 200 200 200", body=given(display_name="Me"))  # fmt: skip
row("GET", one + "stats/",                      "401 401 404 200 200 200 200")  # fmt: skip
row("GET", "schema/",                           "200 200 200 200 200 200 200")  # fmt: skip
row("GET", "docs/",                             "200 200 200 200 200 200 200")  # fmt: skip
row("GET", "asyncapi.json",                     "200 200 200 200 200 200 200")  # fmt: skip
row("GET", "users/",                            "401 401 200 200 200 200 200")  # fmt: skip
row("GET", "presence/",                         "401 401 200 200 200 200 200")  # fmt: skip
row("POST", "files/",                           "401 401 415 415 415 415 415")  # fmt: skip
row("GET", "files/<int:pk>/",                   "401 401 404 404 200 200 200", path_of=given(pk=lambda s, who: s.file()))  # fmt: skip
row("GET", "files/<int:pk>/preview/",           "401 401 404 404 404 404 404", path_of=given(pk=lambda s, who: s.file()))  # fmt: skip
row("POST", "files/uploads/",                   "401 401 201 201 201 201 201", body=given(name="plan.txt", size=5))  # fmt: skip
row("GET", "files/uploads/<int:pk>/",           "401 401 404 404 404 404 404", path_of=given(pk=lambda s, who: s.file()))  # fmt: skip
row("PATCH", "files/uploads/<int:pk>/",         "401 401 404 404 404 404 404", path_of=given(pk=lambda s, who: s.file()))  # fmt: skip
row("DELETE", "files/uploads/<int:pk>/",        "401 401 404 404 404 404 404", path_of=given(pk=lambda s, who: s.file()))  # fmt: skip
for method, path, statuses, path_of, body in SUPPORT:
    row(method, path, statuses, path_of=path_of, body=body)


#: Method and path → the status for each of PEOPLE; 302 leads to the sign-in page. What changes anything needs a CSRF token: 403.
PAGES = {
    "GET healthz": "200 200 200 200 200 200 200",
    "GET readyz": "200 200 200 200 200 200 200",
    "GET metrics": "200 200 200 200 200 200 200",
    "GET version": "200 200 200 200 200 200 200",
    "GET ": "302 302 200 200 200 200 200",
    "GET c/<int:pk>/": "302 302 404 404 200 200 200",
    "GET c/<int:pk>/m/<int:seq>": "302 302 404 404 200 200 200",
    "GET c/<int:pk>/post/": "302 302 405 405 405 405 405",
    "POST c/<int:pk>/post/": "403 403 403 403 403 403 403",
    "GET sign-in/": "200 200 302 302 302 302 302",
    "POST sign-in/": "403 403 403 403 403 403 403",
    "GET sign-up/": "403 403 302 302 302 302 302",
    "POST sign-up/": "403 403 403 403 403 403 403",
    "GET sign-out/": "405 405 405 405 405 405 405",
    "POST sign-out/": "403 403 403 403 403 403 403",
    "GET password/": "302 302 200 200 200 200 200",
    "POST password/": "403 403 403 403 403 403 403",
    "GET invitations/": "302 302 200 200 200 200 200",
    "POST invitations/": "403 403 403 403 403 403 403",
    "GET tokens/": "302 302 200 200 200 200 200",
    "POST tokens/": "403 403 403 403 403 403 403",
    "GET new-group/": "302 302 200 200 200 200 200",
    "POST new-group/": "403 403 403 403 403 403 403",
    "GET invite/<str:secret>/": "410 410 410 410 410 410 410",
    "POST invite/<str:secret>/": "403 403 403 403 403 403 403",
    "GET new-password/<str:secret>/": "410 410 410 410 410 410 410",
    "POST new-password/<str:secret>/": "403 403 403 403 403 403 403",
    "GET setup/<str:token>/": "410 410 410 410 410 410 410",
    "POST setup/<str:token>/": "403 403 403 403 403 403 403",
    "GET files/<int:pk>/": "401 401 404 404 404 404 404",
    "GET files/<int:pk>/preview/": "401 401 404 404 404 404 404",
    "GET widget.js": "200 200 200 200 200 200 200",
    "GET widget/<str:key>/": "404 404 404 404 404 404 404",
    "GET admin/logout/": "405 405 405 405 405 405 405",
    "POST admin/logout/": "403 403 403 403 403 403 403",
    "GET admin/password_change/": "302 302 302 302 302 302 302",
    "GET admin/desk/": "302 302 403 200 403 403 403",
    "GET admin/desk/hours/": "302 302 403 200 403 403 403",
    "POST admin/desk/hours/": "403 403 403 403 403 403 403",
    "GET admin/desk/reports/": "302 302 403 200 403 403 403",
    "GET admin/": "302 302 302 200 302 302 302",
    # Last: it gives the session another key, of which the other processes' cookies know nothing.
    "GET password/changed/": "302 302 200 200 200 200 200",
}


#: Op → fields, and what each is answered: as in the channel of the scene, and a visitor in the own conversation and in another.
OPS: dict[str, tuple[Body, str]] = {}


def op(name: str, answers: str, *, fields: Body = nothing) -> None:
    OPS[name] = (fields, answers)


posted = given(channel=own_channel, client_msg_id=fresh, body="hi")
edited = given(channel=own_channel, message=lambda s, who: s.message(who), body="y")
deleted = given(channel=own_channel, message=lambda s, who: s.anothers(who), reason="rude")
reacted = given(channel=own_channel, message=lambda s, who: s.anothers(who), emoji="👍")
pinned = given(channel=own_channel, message=lambda s, who: s.anothers(who))
seen = given(channel=own_channel, seq=1)
#                     stranger  staff     member    moderator owner     visitor   in another's
op("sync",           "ok        ok        ok        ok        ok        ok        ok")  # fmt: skip
op("message.post",   "not_found not_found ok        ok        ok        ok        not_found", fields=posted)  # fmt: skip
op("message.edit",   "not_found not_found ok        ok        ok        ok        not_found", fields=edited)  # fmt: skip
op("message.delete", "not_found ok        forbidden ok        ok        forbidden not_found", fields=deleted)  # fmt: skip
op("reaction.add",   "not_found not_found ok        ok        ok        forbidden forbidden", fields=reacted)  # fmt: skip
op("reaction.remove", "not_found not_found ok       ok        ok        forbidden forbidden", fields=reacted)  # fmt: skip
op("pin.add",        "not_found not_found ok        ok        ok        forbidden forbidden", fields=pinned)  # fmt: skip
op("pin.remove",     "not_found not_found ok        ok        ok        forbidden forbidden", fields=pinned)  # fmt: skip
op("delivered",      "not_found not_found ok        ok        ok        ok        not_found", fields=seen)  # fmt: skip
op("read",           "not_found not_found ok        ok        ok        ok        not_found", fields=seen)  # fmt: skip
op("typing",         "not_found not_found ok        ok        ok        ok        not_found", fields=given(channel=own_channel, on=False))  # fmt: skip
op("viewing",        "not_found not_found forbidden forbidden forbidden forbidden not_found", fields=given(channel=own_channel, on=True))  # fmt: skip
op("presence",       "ok        ok        ok        ok        ok        forbidden forbidden", fields=given(status="online"))  # fmt: skip
op("ping",           "ok        ok        ok        ok        ok        ok        ok")  # fmt: skip
