"""The desk's models: inboxes and their agents, hours, tickets of conversations, and facts for reports."""

from chat.support.models.answers import CannedAnswer, Rating
from chat.support.models.contact import Contact
from chat.support.models.facts import Interval, IntervalKind
from chat.support.models.hours import Holiday, Hours, OpenSpan
from chat.support.models.inbox import Agent, Inbox, Routing
from chat.support.models.mail import Mail, MailKind
from chat.support.models.mailbox import Mailbox
from chat.support.models.policy import Policy, PolicyKind
from chat.support.models.tally import Tally
from chat.support.models.ticket import Priority, Ticket
