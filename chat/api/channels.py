"""Channels and their members."""

import msgspec
from asgiref.sync import async_to_sync
from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services, shapes
from chat.api.contract import documented, one_of, text
from chat.api.inputs import Arrangement, ChannelInput, ChannelRevision, NewMember, NewRole, Reasoned, Removing, or_none
from chat.api.moderation import end_of
from chat.api.pages import by_cursor, number, page_size, paged
from chat.api.people import known_people, member_acted_on, person_to_add
from chat.api.users import caller, checked
from chat.live.node import running_node
from chat.models import Channel, ChannelKind, Member, NotifyLevel, Role, Scope, User
from chat.models.folded import folded
from chat.reads import people as sightings
from chat.reads.channels import channels_among
from chat.rights.standing import Standing, moderates_everywhere, require_membership
from chat.rights.table import Right
from chat.services.messages import channel_of
from delivery.wire.errors import Invalid


class Channels(APIView):
    @documented(
        shapes.CursorPage[shapes.Channel],
        query={"scope": one_of("mine", "public", default="mine"), "search": text("A part of the name.")},
    )
    def get(self, request: Request) -> Response:
        """Lists channels: the caller's own (`?scope=mine`, default) or `public` ones; `?search=` looks in their names."""
        scope = request.query_params.get("scope", "mine")
        search = request.query_params.get("search", "").strip().replace("\x00", "")
        if scope == "public":
            rows = Channel.objects.live().filter(kind=ChannelKind.PUBLIC, name__says=search)
            mine = set(Member.objects.filter(user=caller(request)).values_list("channel_id", flat=True))
            return paged(request, rows, lambda row: _public(row, is_member=row.pk in mine))
        if scope != "mine":
            raise Invalid("scope must be mine or public.")
        return _mine(request, search)

    @documented(
        {201: shapes.Channel, 200: shapes.Channel},
        takes=ChannelInput(name="releases", topic="What goes out when", kind="public", members=[2, 5]),
        refuses=[409],
    )
    def post(self, request: Request) -> Response:
        """Creates a channel: 201. If these people already have a direct channel: 200 with that channel."""
        given = checked(ChannelInput, request)
        user = caller(request)
        people = known_people(given.members)
        if ChannelKind(given.kind) == ChannelKind.DIRECT:
            channel, is_new = services.open_direct_channel(user, others=people)
        else:
            channel, is_new = (
                services.open_channel(user, name=given.name, topic=given.topic, kind=given.kind, members=people),
                True,
            )
        return Response(_seen_by(user, channel.pk), status=201 if is_new else 200)


class OneChannel(APIView):
    scopes = {"PATCH": Scope.MODERATE, "DELETE": Scope.MODERATE}

    @documented(shapes.Channel)
    def get(self, request: Request, pk: int) -> Response:
        """Returns a channel that the caller is a member of, or a public one."""
        return Response(_seen_by(caller(request), pk))

    @documented(shapes.Channel, takes=ChannelRevision(topic="What went out"), refuses=[409])
    def patch(self, request: Request, pk: int) -> Response:
        """Changes the name, the topic or `archived` (true or false). Staff who are not members give a `reason`."""
        given = checked(ChannelRevision, request)
        user, reason = caller(request), given.reason
        if given.archived is msgspec.UNSET:
            name, topic = or_none(given.name), or_none(given.topic)
            row = services.revise_channel(user, channel=pk, name=name, topic=topic, reason=reason)
        elif given.archived:
            row = services.archive_channel(user, channel=pk, reason=reason)
        else:
            row = services.restore_channel(user, channel=pk, reason=reason)
        return Response(_described(user, row))

    @documented({204: None}, takes=Reasoned(reason="the project is over"))
    def delete(self, request: Request, pk: int) -> Response:
        """Archives the channel; nothing is deleted. Staff who are not members give a `reason`."""
        services.archive_channel(caller(request), channel=pk, reason=checked(Reasoned, request).reason)
        return Response(status=204)


class Join(APIView):
    @documented(shapes.Channel, refuses=[409])
    def post(self, request: Request, pk: int) -> Response:
        """Makes the caller a member of a public channel; repeating does nothing."""
        user = caller(request)
        services.join_channel(user, channel=pk)
        return Response(_seen_by(user, pk))


class Leave(APIView):
    @documented({204: None}, refuses=[409])
    def post(self, request: Request, pk: int) -> Response:
        """Ends the caller's membership; repeating does nothing."""
        services.leave_channel(caller(request), channel=pk)
        return Response(status=204)


class Members(APIView):
    @documented(shapes.CursorPage[shapes.Member])
    def get(self, request: Request, pk: int) -> Response:
        """For members: lists all members with their cursors and presence; `can` says what the caller may do to each."""
        own = require_membership(caller(request).pk, channel=pk)
        standing = Standing(own, moderates_everywhere(caller(request)))
        channel = Channel.objects.get(pk=pk)
        rows = Member.objects.with_mutes().filter(channel_id=pk).select_related("user")
        # Presence is in the memory of this process: no member costs a round trip.
        presence = async_to_sync(running_node)().presence

        def seen(row: Member) -> shapes.Member:
            can = standing.rights_over(row, channel)
            state = sightings.of_member(row, presence.state_of(row.user_id), viewer=own.user_id)
            return shapes.member_to_keeper(row, can=can, sees_mute=Right.MUTE in can, presence=state)

        return paged(request, rows, seen)

    @documented({201: shapes.Member}, takes=NewMember(user=2, role=Role.MEMBER), refuses=[409])
    def post(self, request: Request, pk: int) -> Response:
        """Adds a user to the channel; repeating does nothing."""
        given = checked(NewMember, request)
        user = person_to_add(caller(request), pk, given.user)
        member = services.add_member(caller(request), channel=pk, user=user, role=given.role, reason=given.reason)
        return Response(shapes.member_of(member), status=201)


class OwnMembership(APIView):
    @documented(
        shapes.Channel, takes=Arrangement(notify_level=NotifyLevel.MENTIONS, favourite=True, section="Projects")
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Changes the caller's own settings: `notify_level` (all, mentions or none), `favourite`, and `section`, a heading."""
        given = checked(Arrangement, request)
        services.arrange_channel(
            caller(request),
            channel=pk,
            notify_level=or_none(given.notify_level),
            favourite=or_none(given.favourite),
            section=or_none(given.section),
        )
        return Response(_seen_by(caller(request), pk))


class OneMember(APIView):
    scopes = {"PATCH": Scope.MODERATE, "DELETE": Scope.MODERATE}

    @documented(shapes.Member, takes=NewRole(role=Role.MODERATOR), refuses=[409])
    def patch(self, request: Request, pk: int, user: int) -> Response:
        """For owners: changes a member's role. Staff who are not members give a `reason`."""
        given = checked(NewRole, request)
        whom = member_acted_on(Right.PROMOTE, caller(request), pk, user)
        member = services.change_role(caller(request), channel=pk, user=whom, role=given.role, reason=given.reason)
        return Response(shapes.member_of(member))

    @documented({204: None}, takes=Removing(reason="spam", minutes=1440), refuses=[409])
    def delete(self, request: Request, pk: int, user: int) -> Response:
        """For owners and moderators: removes a member, who may return when added again, or after `minutes`.

        Staff who are not members give a `reason`.
        """
        given = checked(Removing, request)
        whom = member_acted_on(Right.REMOVE, caller(request), pk, user)
        services.remove_member(caller(request), channel=pk, user=whom, until=end_of(given.minutes), reason=given.reason)
        return Response(status=204)


def _mine(request: Request, search: str) -> Response:
    size, user = page_size(request), caller(request)
    ids = _found(user, search, after=number(request, "cursor", 0) or 0)[: size + 1]
    found = channels_among(user.pk, ids[:size])
    rows = [found[pk] for pk in ids[:size] if pk in found]
    return by_cursor(request, rows, ids[size - 1] if len(ids) > size else None)


def _found(user: User, search: str, *, after: int) -> list[int]:
    """The user's channels whose names contain the text, ordered by id: only the rows of the page are described."""
    mine = Member.objects.of([user.pk]).filter(channel_id__gt=after).in_lists().order_by("channel_id")
    if not search:
        return list(mine.values_list("channel_id", flat=True))
    # These names differ by reader (the people in them; for a visitor, the support): they are searched here, they are few.
    called = Q(channel__kind=ChannelKind.DIRECT) | Q(channel__is_support=True)
    found = mine.exclude(called).filter(channel__name__says=search).values_list("channel_id", flat=True)
    others = channels_among(user.pk, list(mine.filter(called).values_list("channel_id", flat=True)))
    wanted, *names = folded([search, *(channel.name for channel in others.values())])
    return sorted({*found, *(pk for pk, name in zip(others, names, strict=True) if wanted in name)})


def _seen_by(user: User, channel: int) -> shapes.Channel:
    return _own(user, channel) or _public(channel_of(user, channel), is_member=False)


def _described(user: User, row: Channel) -> shapes.Channel:
    """The channel that the user has just changed; staff may change a channel that they may not read."""
    return _own(user, row.pk) or _public(row, is_member=False)


def _own(user: User, channel: int) -> shapes.Channel | None:
    found = channels_among(user.pk, [channel]).get(channel)
    return None if found is None else msgspec.structs.replace(found, is_member=True)


def _public(row: Channel, *, is_member: bool) -> shapes.Channel:
    return msgspec.structs.replace(shapes.channel_of(row), is_member=is_member)
