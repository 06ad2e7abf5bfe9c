from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION refuse_rewriting_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log can be added to, not changed' USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_append_only';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_rewriting_the_audit_log();
"""
BACK = """
DROP TRIGGER audit_append_only ON audit_log;
DROP FUNCTION refuse_rewriting_the_audit_log();
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0004_moderation")]
    operations = [migrations.RunSQL(APPEND_ONLY, BACK)]
