"""Opening hours of inboxes, and their policies: how soon they want to answer. Supervisors write them, each time as a whole."""

import datetime

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.api.contract import documented
from chat.api.pages import paged
from chat.api.users import caller, checked
from chat.models import Scope
from chat.shapes import CursorPage
from chat.support.api.inputs import HoursInput, PoliciesInput
from chat.support.models import Hours
from chat.support.services.hours import keep_hours, keep_policies
from chat.support.services.inboxes import inbox_of, inboxes_of
from chat.support.shapes.hours import MORNING, PROMISE, Promises, SupportHours, hours_of, minutes_of, promises_of
from delivery.wire.errors import NotFound

EXAMPLE = HoursInput(name="Office", time_zone="Europe/Berlin", spans=[MORNING], holidays=["2026-12-25"])


class AllHours(APIView):
    scopes = {"POST": Scope.MODERATE}

    @documented(CursorPage[SupportHours])
    def get(self, request: Request) -> Response:
        """Lists all opening hours, for agents of any inbox."""
        rows = Hours.objects.all() if inboxes_of(caller(request)).exists() else Hours.objects.none()
        return paged(request, rows, hours_of)

    @documented({201: SupportHours}, takes=EXAMPLE, refuses=[409])
    def post(self, request: Request) -> Response:
        """For supervisors: creates opening hours: 201. No inbox uses them until its `hours` is set."""
        return Response(hours_of(_kept(request, None)), status=201)


class OneHours(APIView):
    scopes = {"PATCH": Scope.MODERATE}

    @documented(SupportHours)
    def get(self, request: Request, pk: int) -> Response:
        """Returns opening hours, for agents of any inbox."""
        row = Hours.objects.filter(pk=pk).first() if inboxes_of(caller(request)).exists() else None
        if row is None:
            raise NotFound
        return Response(hours_of(row))

    @documented(SupportHours, takes=EXAMPLE, refuses=[409])
    def patch(self, request: Request, pk: int) -> Response:
        """For supervisors: replaces the hours; due times in the inboxes that use them are computed again at once."""
        return Response(hours_of(_kept(request, pk)))


class Policies(APIView):
    scopes = {"PATCH": Scope.MODERATE}

    @documented(Promises)
    def get(self, request: Request, pk: int) -> Response:
        """Returns how soon an inbox wants to answer (first, next) and to solve, by priority."""
        return Response(promises_of(inbox_of(caller(request), pk)))

    @documented(Promises, takes=PoliciesInput(policies=[PROMISE]))
    def patch(self, request: Request, pk: int) -> Response:
        """For supervisors: replaces all policies; kinds that are left out have none. Due times are computed again at once."""
        given = checked(PoliciesInput, request).policies
        minutes = {(one.priority.value, one.kind.value): one.minutes for one in given}
        return Response(promises_of(keep_policies(caller(request), inbox=pk, minutes=minutes)))


def _kept(request: Request, pk: int | None) -> Hours:
    given = checked(HoursInput, request)
    week: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for span in given.spans:
        week[span.weekday].append((minutes_of(span.opens), minutes_of(span.closes)))
    try:
        holidays = {datetime.date.fromisoformat(day): "" for day in given.holidays}
    except ValueError:
        raise ValidationError({"holidays": ["Days are spelled like 2026-12-25."]}) from None
    return keep_hours(
        caller(request), hours=pk, name=given.name, time_zone=given.time_zone, week=week, holidays=holidays
    )
