"""The staff's admin: it shows everything and writes nothing itself; its acts call the verbs."""

from chat.admin import channels, messages, operation, people, records, reports, sanctions
