"""The forms of hours and policies: they turn what people type into what the verbs take."""

import datetime
import re
import zoneinfo
from typing import Any

from django import forms

from chat.support.models import Hours, Inbox, PolicyKind, Priority
from chat.support.services.hours import MOST_MINUTES, NAME_CHARACTERS
from chat.support.shapes.hours import minutes_of, spelled

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SPAN = re.compile(r"(\d{1,2}:\d\d) *[-–] *(\d{1,2}:\d\d)")


class HoursForm(forms.Form):
    """Opening hours. `week`: a line a day, such as `Mon 09:00-12:00, 13:00-17:00`; `holidays`: a date a line."""

    name = forms.CharField(max_length=NAME_CHARACTERS)
    time_zone = forms.ChoiceField(choices=[(name, name) for name in sorted(zoneinfo.available_timezones())])
    week = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 7, "cols": 40}),
        required=False,
        help_text="A line a day: Mon 09:00-12:00, 13:00-17:00. A day without a line is closed.",
    )
    holidays = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4, "cols": 40}), required=False, help_text="A date a line: 2027-12-25."
    )

    def clean_week(self) -> list[list[tuple[int, int]]]:
        week: list[list[tuple[int, int]]] = [[] for _ in DAYS]
        for line in filter(str.strip, self.cleaned_data["week"].splitlines()):
            day, _, spans = line.strip().partition(" ")
            found = _SPAN.findall(spans)
            if day[:3].title() not in DAYS or _SPAN.sub("", spans).strip(" ,;") or not found:
                raise forms.ValidationError(f"{line.strip()[:60]!r} is not like Mon 09:00-12:00, 13:00-17:00.")
            week[DAYS.index(day[:3].title())] += [(minutes_of(opens), minutes_of(closes)) for opens, closes in found]
        return week

    def clean_holidays(self) -> dict[datetime.date, str]:
        try:
            return {datetime.date.fromisoformat(day): "" for day in self.cleaned_data["holidays"].split()}
        except ValueError:
            raise forms.ValidationError("Write dates like 2027-12-25, one a line.") from None


def hours_form(row: Hours | None, data: Any = None) -> HoursForm:
    if row is None:
        return HoursForm(data, prefix="new", initial={"time_zone": "UTC", "week": "Mon 09:00-17:00"})
    spans = list(row.spans.order_by("weekday", "opens"))
    lines = {day: [span for span in spans if span.weekday == number] for number, day in enumerate(DAYS)}
    week = [
        f"{day} {', '.join(f'{spelled(span.opens)}-{spelled(span.closes)}' for span in found)}"
        for day, found in lines.items()
        if found
    ]
    holidays = [day.isoformat() for day in row.holidays.order_by("day").values_list("day", flat=True)]
    initial = {"name": row.name, "time_zone": row.time_zone, "week": "\n".join(week), "holidays": "\n".join(holidays)}
    return HoursForm(data, prefix=f"hours-{row.pk}", initial=initial)


class InboxHoursForm(forms.Form):
    """The opening hours of an inbox, and within how many open minutes it answers; an empty field means no policy."""

    hours = forms.ModelChoiceField(Hours.objects.order_by("name"), required=False, empty_label="always open")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for priority in Priority:
            for kind in PolicyKind:
                self.fields[f"{priority}-{kind}"] = forms.IntegerField(
                    label=f"{priority.label}, {kind.label}: minutes",
                    required=False,
                    min_value=1,
                    max_value=MOST_MINUTES,
                )

    @property
    def minutes(self) -> dict[tuple[str, str], int]:
        """The typed minutes, by priority and kind."""
        typed = {(p.value, k.value): self.cleaned_data[f"{p}-{k}"] for p in Priority for k in PolicyKind}
        return {key: number for key, number in typed.items() if number is not None}


def inbox_form(row: Inbox, data: Any = None) -> InboxHoursForm:
    policies = {f"{one.priority}-{one.kind}": one.minutes for one in row.policies.all()}
    return InboxHoursForm(data, prefix=f"inbox-{row.pk}", initial={"hours": row.hours_id, **policies})
