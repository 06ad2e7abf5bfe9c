import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

ACTS = [
    ("message.reported", "reported a message"),
    ("report.upheld", "upheld a report"),
    ("report.dismissed", "dismissed a report"),
    ("message.deleted", "deleted a message"),
    ("member.muted", "muted a member"),
    ("member.unmuted", "lifted a mute"),
    ("member.removed", "removed a member"),
    ("member.readmitted", "lifted a removal"),
    ("member.role", "changed a role"),
    ("user.banned", "banned a person"),
    ("ban.lifted", "lifted a ban"),
    ("user.renamed", "took another name"),
    ("staff.roles", "changed staff roles"),
]

# Mutes that are still running move from the membership, which the muted could delete by leaving. Who gave one, and why, is
# in the audit log; who was removed before was not kept out, and is not now.
MOVE = """
INSERT INTO channel_sanctions (channel_id, user_id, kind, until, by_id, reason, created_at)
SELECT member.channel_id, member.user_id, 'mute', member.muted_until, given.actor_id, coalesce(given.reason, ''),
    coalesce(given.created_at, clock_timestamp())
FROM channel_members AS member LEFT JOIN LATERAL (
    SELECT actor_id, reason, created_at FROM audit_log
    WHERE channel_id = member.channel_id AND whom_id = member.user_id AND act = 'member.muted' ORDER BY id DESC LIMIT 1
) AS given ON true
WHERE member.muted_until > clock_timestamp()
"""
BACK = """
UPDATE channel_members AS member SET muted_until = mute.until FROM channel_sanctions AS mute
WHERE mute.kind = 'mute' AND mute.channel_id = member.channel_id AND mute.user_id = member.user_id
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0014_sign_in_addresses")]
    operations = [
        migrations.CreateModel(
            name="Sanction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("mute", "muted"), ("removal", "removed")], max_length=7)),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("created_at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="sanctions_given",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sanctions",
                        to="chat.channel",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sanctions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"db_table": "channel_sanctions", "default_permissions": ("view",)},
        ),
        migrations.AddConstraint(
            model_name="sanction",
            constraint=models.UniqueConstraint(fields=("channel", "user", "kind"), name="channel_sanctions_once"),
        ),
        migrations.AddConstraint(
            model_name="sanction",
            constraint=models.CheckConstraint(
                condition=Q(("kind__in", ["mute", "removal"])), name="channel_sanctions_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="sanction",
            constraint=models.CheckConstraint(
                condition=Q(Q(("kind", "mute"), _negated=True), ("until__isnull", False), _connector="OR"),
                name="channel_sanctions_mute_ends",
            ),
        ),
        migrations.RunSQL(MOVE, BACK),
        migrations.RemoveField(model_name="member", name="muted_until"),
        migrations.AlterField(
            model_name="auditentry", name="act", field=models.CharField(choices=ACTS, max_length=20)
        ),
        migrations.RemoveConstraint(model_name="auditentry", name="audit_act"),
        migrations.AddConstraint(
            model_name="auditentry",
            constraint=models.CheckConstraint(condition=Q(act__in=[act for act, _ in ACTS]), name="audit_act"),
        ),
    ]
