from django.db import migrations

FORWARD_ONLY = """
CREATE FUNCTION refuse_cursor_backwards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a cursor moves forward only' USING ERRCODE = 'check_violation', CONSTRAINT = 'cursors_forward_only';
END $$;
CREATE TRIGGER cursors_forward_only BEFORE UPDATE ON channel_members FOR EACH ROW
    WHEN (NEW.delivered_seq < OLD.delivered_seq OR NEW.read_seq < OLD.read_seq)
    EXECUTE FUNCTION refuse_cursor_backwards();

CREATE FUNCTION refuse_head_backwards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the head of a channel moves forward only' USING ERRCODE = 'check_violation', CONSTRAINT = 'head_forward_only';
END $$;
CREATE TRIGGER head_forward_only BEFORE UPDATE ON channels FOR EACH ROW
    WHEN (NEW.head < OLD.head)
    EXECUTE FUNCTION refuse_head_backwards();
"""
BACK = """
DROP TRIGGER cursors_forward_only ON channel_members;
DROP FUNCTION refuse_cursor_backwards();
DROP TRIGGER head_forward_only ON channels;
DROP FUNCTION refuse_head_backwards();
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD_ONLY, BACK)]
