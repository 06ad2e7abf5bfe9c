"""What every test of this room may ask for; the browser ends with it, for no test that is async can run beside one."""

from collections.abc import Iterator

import pytest

from chat.support import services
from tests.stage.browsers import aside, chromium, sign_in
from tests.stage.company_page import CompanyPage, company_of
from tests.stage.servers import Server
from tests.stage.support import Desk

__all__ = ["chromium", "company", "sign_in"]


@pytest.fixture
def company(server: Server, desk: Desk) -> Iterator[CompanyPage]:
    """The page of the inbox's company, on another origin."""
    with company_of(server, desk.inbox.key) as page:
        aside(services.change_inbox, desk.sue, inbox=desk.inbox.pk, origins=[page.origin])
        yield page
