"""Inboxes, their secrets and their agents."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.api.contract import documented
from chat.api.pages import paged
from chat.api.people import known_people
from chat.api.users import caller, checked
from chat.models import Scope
from chat.shapes import CursorPage
from chat.support import services, shapes
from chat.support.api.inputs import AgentRevision, InboxInput, InboxRevision, NewAgent, changed
from chat.support.models import Agent, Hours
from chat.support.services.inboxes import inbox_of, inboxes_of
from chat.support.services.seats import public_names


class Inboxes(APIView):
    scopes = {"POST": Scope.MODERATE}

    @documented(CursorPage[shapes.InboxInFull])
    def get(self, request: Request) -> Response:
        """Lists the caller's inboxes: those in which they are an agent; for a superuser all inboxes."""
        return paged(request, inboxes_of(caller(request)), shapes.inbox_in_full)

    @documented(
        {201: shapes.NewInbox},
        takes=InboxInput(name="Shop", origins=["https://shop.example"], agents=[2, 5]),
        refuses=[409],
    )
    def post(self, request: Request) -> Response:
        """For supervisors and superusers: creates an inbox, which the caller supervises: 201; `secret` is shown only here."""
        given = checked(InboxInput, request)
        people = known_people(given.agents)
        inbox = services.create_inbox(caller(request), name=given.name, origins=given.origins, agents=people)
        return Response(shapes.new_inbox_of(inbox), status=201)


class OneInbox(APIView):
    scopes = {"PATCH": Scope.MODERATE}

    @documented(shapes.InboxInFull)
    def get(self, request: Request, pk: int) -> Response:
        """Returns one of the caller's inboxes."""
        return Response(shapes.inbox_in_full(inbox_of(caller(request), pk)))

    @documented(shapes.InboxInFull, takes=InboxRevision(lease_seconds=600, greeting="How can we help?"), refuses=[409])
    def patch(self, request: Request, pk: int) -> Response:
        """For supervisors: changes an inbox; fields that are left out stay. A new `lease_seconds` applies from the next act on."""
        changes = changed(checked(InboxRevision, request))
        if "hours" in changes:
            changes["hours"] = _hours(changes["hours"])
        return Response(shapes.inbox_in_full(services.change_inbox(caller(request), inbox=pk, **changes)))


class Secret(APIView):
    scopes = {"POST": Scope.MODERATE}

    @documented(shapes.InboxSecret)
    def post(self, request: Request, pk: int) -> Response:
        """For supervisors: creates a new secret, shown only here. Signatures of the one before are valid until the next change."""
        return Response(shapes.InboxSecret(secret=services.rotate_secret(caller(request), inbox=pk).secret))


class Agents(APIView):
    scopes = {"POST": Scope.MODERATE}

    @documented({201: shapes.InboxAgent}, takes=NewAgent(user=2), refuses=[409])
    def post(self, request: Request, pk: int) -> Response:
        """For supervisors: makes a user an agent, who sees the queue from then on; repeating does nothing."""
        given, inbox = checked(NewAgent, request), inbox_of(caller(request), pk)
        [user] = known_people([given.user])
        agent = services.add_agent(
            caller(request), inbox=inbox, user=user, supervises=given.supervises, capacity=given.capacity
        )
        return _described(agent, status=201)


class OneAgent(APIView):
    scopes = {"PATCH": Scope.MODERATE, "DELETE": Scope.MODERATE}

    @documented(shapes.InboxAgent, takes=AgentRevision(capacity=3, public_name="Ada from the shop"), refuses=[409])
    def patch(self, request: Request, pk: int, user: int) -> Response:
        """For supervisors: changes an agent; fields that are left out stay.

        `supervises`; `capacity`: how many conversations they hold at most (null: the inbox's); `public_name`: for customers.
        """
        inbox = inbox_of(caller(request), pk)
        given: dict[str, Any] = changed(checked(AgentRevision, request))
        return _described(services.change_agent(caller(request), inbox=inbox, user=user, **given))

    @documented({204: None}, refuses=[409])
    def delete(self, request: Request, pk: int, user: int) -> Response:
        """For supervisors: removes an agent, who no longer sees the queue."""
        services.remove_agent(caller(request), inbox=inbox_of(caller(request), pk), user=user)
        return Response(status=204)


def _described(agent: Agent, *, status: int = 200) -> Response:
    name = public_names(agent.inbox).get(agent.user_id, "")
    return Response(shapes.agent_of(agent, public_name=name), status=status)


def _hours(pk: Any) -> Hours | None:
    row = Hours.objects.filter(pk=pk).first()
    if row is None and pk is not None:
        raise ValidationError({"hours": [f"There are no hours {pk}."]})
    return row
