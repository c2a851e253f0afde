"""Events shrink to a fifth and lie in months (PostgreSQL); messages and days get roll-ups.

The roll-ups themselves are made by `backstamp migrate` after all migrations (`records.rollups.rebuild`).
"""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from backstamp.records.migrations._events_0004 import copy_events, make_new_table, set_old_table_aside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("records", "0003_kill")]

    operations: ClassVar = [
        migrations.RunPython(set_old_table_aside, migrations.RunPython.noop),
        migrations.CreateModel(
            name="DayCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("domain_id", models.IntegerField()),
                ("measure", models.CharField(max_length=48)),
                ("number", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="HeaderSet",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("month", models.IntegerField()),
                ("digest", models.BinaryField(max_length=16)),
                ("headers", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="MessageRollup",
            fields=[
                (
                    "message",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="rollup",
                        serialize=False,
                        to="records.message",
                    ),
                ),
                ("queued_at", models.DateTimeField()),
                ("opens_tracked", models.BooleanField(default=False)),
                ("untracked", models.BooleanField(default=False)),
                ("opened", models.PositiveIntegerField(default=0)),
                ("clicked", models.PositiveIntegerField(default=0)),
                ("troubled", models.PositiveIntegerField(default=0)),
                ("version", models.BigIntegerField(default=0)),
                ("tally", models.TextField(default="{}")),
            ],
        ),
        migrations.CreateModel(
            name="MessageText",
            fields=[
                (
                    "message",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="searchable",
                        serialize=False,
                        to="records.message",
                    ),
                ),
                ("text", models.TextField(blank=True, default="")),
            ],
        ),
        migrations.CreateModel(
            name="Reason",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("digest", models.BinaryField(max_length=16, unique=True)),
                ("signal", models.CharField(max_length=48)),
                ("weight", models.FloatField()),
                ("text", models.TextField()),
            ],
        ),
        migrations.RemoveField(
            model_name="message",
            name="version",
        ),
        migrations.AddConstraint(
            model_name="daycount",
            constraint=models.UniqueConstraint(fields=("domain_id", "day", "measure"), name="day_count_once"),
        ),
        migrations.AddConstraint(
            model_name="headerset",
            constraint=models.UniqueConstraint(fields=("month", "digest"), name="header_set_once"),
        ),
        migrations.AddIndex(
            model_name="messagerollup",
            index=models.Index(fields=["-queued_at", "message"], name="rollup_newest"),
        ),
        migrations.AddIndex(
            model_name="messagerollup",
            index=models.Index(
                condition=models.Q(("opened__gt", 0)), fields=["-queued_at", "message"], name="rollup_opened"
            ),
        ),
        migrations.AddIndex(
            model_name="messagerollup",
            index=models.Index(
                condition=models.Q(("opened", 0), ("opens_tracked", True)),
                fields=["-queued_at", "message"],
                name="rollup_not_opened",
            ),
        ),
        migrations.AddIndex(
            model_name="messagerollup",
            index=models.Index(
                condition=models.Q(("clicked__gt", 0)),
                fields=["-queued_at", "message"],
                name="rollup_clicked",
            ),
        ),
        migrations.AddIndex(
            model_name="messagerollup",
            index=models.Index(
                condition=models.Q(("troubled__gt", 0)),
                fields=["-queued_at", "message"],
                name="rollup_troubled",
            ),
        ),
        migrations.AddIndex(
            model_name="messagerollup",
            index=models.Index(
                condition=models.Q(("untracked", True)),
                fields=["-queued_at", "message"],
                name="rollup_untracked",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="event",
                    name="event_once",
                ),
                migrations.RemoveIndex(
                    model_name="event",
                    name="event_timeline",
                ),
                migrations.RemoveIndex(
                    model_name="event",
                    name="event_source",
                ),
                migrations.RemoveIndex(
                    model_name="event",
                    name="event_newest",
                ),
                migrations.RemoveIndex(
                    model_name="event",
                    name="event_by_people",
                ),
                migrations.RemoveField(
                    model_name="event",
                    name="hit",
                ),
                migrations.AddField(
                    model_name="event",
                    name="address",
                    field=models.CharField(blank=True, max_length=64, null=True),
                ),
                migrations.AddField(
                    model_name="event",
                    name="method",
                    field=models.CharField(blank=True, default="GET", max_length=100),
                ),
                migrations.AddField(
                    model_name="event",
                    name="named",
                    field=models.BinaryField(blank=True, max_length=8, null=True),
                ),
                migrations.AddField(
                    model_name="event",
                    name="network",
                    field=models.CharField(blank=True, default="", max_length=64),
                ),
                migrations.AlterField(
                    model_name="event",
                    name="source",
                    field=models.BinaryField(blank=True, max_length=12, null=True),
                ),
                migrations.AddField(
                    model_name="event",
                    name="headers",
                    field=models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="records.headerset",
                    ),
                ),
                migrations.AddIndex(
                    model_name="event",
                    index=models.Index(
                        condition=models.Q(("source__isnull", False)), fields=["source"], name="event_source"
                    ),
                ),
            ]
        ),
        migrations.RunPython(make_new_table),
        migrations.RunPython(copy_events),
    ]
