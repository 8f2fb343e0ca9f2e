"""A Django migration: put it into the migrations of one of your apps, with that app's name and latest migration."""

from django.db import migrations

GROUPS = ["schedulers"]


class Migration(migrations.Migration):
    dependencies = []

    operations = [
        migrations.RunSQL(
            "CREATE TABLE djsup_fence (grp varchar(200) PRIMARY KEY, epoch bigint NOT NULL)",
            "DROP TABLE djsup_fence",
        ),
        *(
            migrations.RunSQL(
                [("INSERT INTO djsup_fence (grp, epoch) VALUES (%s, 0)", [group])],
                migrations.RunSQL.noop,
            )
            for group in GROUPS
        ),
    ]
