from django.db import migrations
from django.db.models import F, Func, IntegerField, Q
from django.db.models.lookups import LessThanOrEqual

from chat.models.checked import CheckWhenWritten

_KINDS = ["public", "private", "direct", "inner", "desk"]
_BODY_BYTES = Func(F("body"), function="octet_length", output_field=IntegerField())
_CONDITIONS: dict[str, list[tuple[str, Q | LessThanOrEqual]]] = {
    "channel": [
        ("channels_kind", Q(kind__in=_KINDS)),
        (
            "channels_inner_has_parent",
            Q(kind="inner", parent__isnull=False) | (~Q(kind="inner") & Q(parent__isnull=True)),
        ),
        (
            "channels_direct_has_key",
            Q(kind="direct", direct_key__isnull=False) | (~Q(kind="direct") & Q(direct_key__isnull=True)),
        ),
        ("channels_name", Q(kind="direct") | ~Q(name="")),
    ],
    "message": [
        ("messages_body_bytes", LessThanOrEqual(_BODY_BYTES, 2048)),
        (
            "messages_body_empty_only_if_deleted",
            ~Q(body="") | Q(deleted_at__isnull=False) | Q(kind="system") | Q(files__isnull=False),
        ),
        ("messages_rev_from_seq", Q(rev__gte=F("seq"), seq__gte=1)),
    ],
}


class Migration(migrations.Migration):
    """The rows that are there kept the conditions until now, so they need not be looked at."""

    dependencies = [("chat", "0052_post_alone")]

    operations = [
        operation
        for model, conditions in _CONDITIONS.items()
        for name, condition in conditions
        for operation in (
            migrations.RemoveConstraint(model, name),
            migrations.AddConstraint(model, CheckWhenWritten(name=name, condition=condition)),
        )
    ]
