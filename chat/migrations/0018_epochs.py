from django.db import migrations

# Without a model: no command that empties Django's tables empties this one.
OPEN = """
CREATE TABLE epochs (is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only), nonce text NOT NULL);
INSERT INTO epochs (nonce) VALUES (gen_random_uuid()::text);
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0017_first_said")]
    operations = [migrations.RunSQL(OPEN, "DROP TABLE epochs")]
