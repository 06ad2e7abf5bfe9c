"""A desk of a company that is a few years old: a million resolved conversations, and five thousand that are not.

Made once in the data folder of the benchmarks (a few minutes); what is open is laid out anew by every run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.management import call_command
from django.db import connection

from chat import services as services_of_chat
from chat.models import Token, User
from chat.support import services
from chat.support.models import Inbox
from chat.support.tools.fill import fill_desk, spread_open

AGENTS = 20
INBOX = "A desk with {} resolved"


@dataclass(frozen=True)
class FilledDesk:
    inbox: Inbox
    agents: list[User]
    tokens: list[str]


def lay_out(resolved: int, open_ones: int) -> FilledDesk:
    """Creates the desk; the same in every run, without conversations that were resolved since."""
    call_command("migrate", interactive=False, verbosity=0)
    agents = [_agent(number) for number in range(AGENTS)]
    inbox = Inbox.objects.filter(name=INBOX.format(resolved)).first() or _fill(agents, resolved, open_ones)
    spread_open(inbox)
    Token.objects.filter(user__in=agents).delete()
    return FilledDesk(inbox, agents, [services_of_chat.create_token(agent, name="desk") for agent in agents])


def _fill(agents: Sequence[User], resolved: int, open_ones: int) -> Inbox:
    owner = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("desk-owner", password=None)
    inbox = services.create_inbox(
        owner, name=INBOX.format(resolved), agents=agents, capacity=10_000, mail_from="desk@example.com"
    )
    fill_desk(inbox, agents, resolved=resolved, open_ones=open_ones)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")
    return inbox


def _agent(number: int) -> User:
    name = f"desk-agent{number}"
    return User.objects.filter(username=name).first() or services_of_chat.create_user(name)
