# What is called alike stays as it is: the older one keeps the name, `manage.py doctor` lists the others.
# Search reads an expression that folds case, accents, width and ligatures: one function, indexed, that queries use too.

from django.db import migrations, models

from chat.naming import looks

# Case is folded by a collation that knows all of Unicode, whatever the database's own does: PostgreSQL 17 and newer have one
# built in, older ones have ICU's. NFKD undoes width, ligatures, no-break spaces and precomposed accents; the marks that are
# taken away are accents, Hebrew and Arabic points, zero-width characters and soft hyphens, not the vowels of Indic scripts.
# In plpgsql, because each call of an SQL function that can't be inlined is planned anew: 2 µs for 100 characters of ASCII.
FOLD = r"""
CREATE FUNCTION gapless_fold(what text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $fold$
BEGIN
    IF octet_length(what) = char_length(what) THEN
        RETURN lower(what COLLATE "{collation}");
    END IF;
    RETURN normalize(translate(replace(replace(replace(lower(regexp_replace(normalize(what, NFKD),
        '[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670'
        '\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f'
        '\u00ad\u200b-\u200f\u2060\ufeff\u0640]', '', 'g') COLLATE "{collation}"),
        'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'ςıøđłħ', 'σiodlh'), NFC);
END
$fold$
"""
CANDIDATES = ("pg_c_utf8", "und-x-icu", "default")


def make_fold(apps, editor):
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT collname FROM pg_collation WHERE collname = ANY(%s)", [list(CANDIDATES)])
        there = {name for (name,) in cursor.fetchall()}
        cursor.execute(FOLD.replace("{collation}", next(name for name in CANDIDATES if name in there)))


def drop_fold(apps, editor):
    with editor.connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION gapless_fold(text)")


def take_names(apps, editor):
    user, channel = apps.get_model("chat", "User"), apps.get_model("chat", "Channel")
    taken = set()
    for pk, username in user.objects.order_by("pk").values_list("pk", "username").iterator():
        if not taken & set(enumerate(looks(username))):
            taken |= set(enumerate(looks(username)))
            seen, seen_in_any_case = looks(username)
            user.objects.filter(pk=pk).update(username_look=seen, username_look_any_case=seen_in_any_case)
    taken = set()
    named = channel.objects.exclude(name="").order_by("pk")
    for pk, name, kind, archived_at in named.values_list("pk", "name", "kind", "archived_at").iterator():
        is_public = kind == "public" and archived_at is None
        if not is_public or not taken & set(enumerate(looks(name))):
            taken |= set(enumerate(looks(name))) if is_public else set()
            seen, seen_in_any_case = looks(name)
            channel.objects.filter(pk=pk).update(name_look=seen, name_look_any_case=seen_in_any_case)


class Migration(migrations.Migration):
    dependencies = [("chat", "0011_versions_of_memberships")]

    operations = [
        migrations.RunPython(make_fold, drop_fold),
        migrations.AddField(
            "user",
            "username_look",
            models.CharField(blank=True, editable=False, max_length=200, null=True, unique=True),
        ),
        migrations.AddField(
            "user",
            "username_look_any_case",
            models.CharField(blank=True, editable=False, max_length=200, null=True, unique=True),
        ),
        migrations.AddField(
            "channel",
            "name_look_any_case",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=200)
        ),
        migrations.AddField(
            "channel",
            "name_look",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=200)
        ),
        migrations.RunPython(take_names, migrations.RunPython.noop),
    ]
