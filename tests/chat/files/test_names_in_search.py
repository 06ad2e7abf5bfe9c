"""A search finds names of files like words, for users who may see the message, while the file exists."""

import pytest

from chat import services
from chat.models import File
from tests.conftest import Cast, said
from tests.stage.files import file_of
from tests.stage.search_results import bodies

pytestmark = pytest.mark.django_db


@pytest.fixture
def plans(cast: Cast) -> Cast:
    said(cast.bob, cast.team, "Plans of the hallway")
    said(
        cast.bob,
        cast.team,
        "as we said",
        files=(file_of(cast.bob, "Grundriß Süd 4%.pdf").pk, file_of(cast.bob, "b.png").pk),
    )
    return cast


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("grundriss", ["as we said"]),
        ("SÜD", ["as we said"]),
        ("undri", ["as we said"]),
        ("4%", ["as we said"]),
        ("b.png", ["as we said"]),
        ('"sud 4"', ["as we said"]),
        ("said grundriss", ["as we said"]),
        ("hallway grundriss", []),
        ("grundriss has:file from:bob", ["as we said"]),
        ("image", []),
        ("preview", []),
    ],
)
def test_a_message_is_found_by_the_names_of_its_files(plans: Cast, query: str, found: list[str]) -> None:
    assert bodies(plans.alice, query) == found


def test_names_of_files_are_found_by_members_alone_and_while_the_message_is_there(plans: Cast) -> None:
    file_of(plans.alice, "grundriss, not sent.pdf")
    assert bodies(plans.charlie, "grundriss") == []
    row = File.objects.get(name__startswith="Grundriß")
    assert row.message is not None
    services.delete_message(plans.bob, channel=plans.team.pk, message=row.message.pk)
    assert bodies(plans.alice, "grundriss") == []
