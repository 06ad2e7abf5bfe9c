"""The admin of the support staff: everything can be looked at, nothing is written here; acts go through the verbs."""

from chat.admin import channels, messages, operation, people, records, reports, sanctions
