"""The one-time link that makes the owner's account: signed, printed on the console, invalid once there is any account."""

from django.core import signing
from django.urls import reverse

from chat.models import User

_SALT = "gapless.setup"


def setup_url() -> str:
    """The path of a link that makes the owner, for as long as there is no account."""
    return reverse("setup", args=[signing.dumps("owner", salt=_SALT)])


def is_valid(token: str) -> bool:
    try:
        return signing.loads(token, salt=_SALT) == "owner" and not User.objects.exists()
    except signing.BadSignature:
        return False
