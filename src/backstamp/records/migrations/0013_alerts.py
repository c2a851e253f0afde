import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0012_reader_override"),
    ]

    operations = [
        migrations.CreateModel(
            name="Channel",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=64, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("mail", "mail"), ("webhook", "webhook"), ("slack", "slack")], max_length=16
                    ),
                ),
                ("target", models.CharField(max_length=2000)),
                ("secret", models.CharField(blank=True, default="", max_length=128)),
                ("enabled", models.BooleanField(default=True)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("last_failure", models.CharField(blank=True, default="", max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("created_by", models.CharField(blank=True, default="", max_length=150)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="ClickedHost",
            fields=[
                ("host", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("first_at", models.DateTimeField(db_index=True)),
                ("last_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.AddField(
            model_name="expressionkill",
            name="looked_back_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="ownlistentry",
            name="looked_back_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("known_bad_click", "known_bad_click"),
                            ("clicked_through", "clicked_through"),
                            ("new_host", "new_host"),
                            ("reported_mistake", "reported_mistake"),
                            ("reported_phishing", "reported_phishing"),
                            ("received_before_listed", "received_before_listed"),
                            ("clicked_before_listed", "clicked_before_listed"),
                            ("known_bad_arrived", "known_bad_arrived"),
                        ],
                        max_length=32,
                    ),
                ),
                ("key", models.CharField(max_length=32)),
                ("domain", models.CharField(blank=True, default="", max_length=255)),
                ("host", models.CharField(blank=True, default="", max_length=255)),
                ("url", models.TextField(blank=True, default="")),
                ("message_id", models.BigIntegerField(blank=True, null=True)),
                ("threat", models.CharField(blank=True, default="", max_length=24)),
                ("reason", models.CharField(blank=True, default="", max_length=48)),
                ("source", models.CharField(blank=True, default="", max_length=64)),
                ("listed_since", models.DateTimeField(blank=True, null=True)),
                ("text", models.CharField(blank=True, default="", max_length=1000)),
                ("opened_at", models.DateTimeField()),
                ("last_at", models.DateTimeField(db_index=True)),
                ("quiet_until", models.DateTimeField()),
                ("count", models.PositiveIntegerField(default=0)),
                ("told", models.PositiveIntegerField(default=0)),
                ("machines", models.PositiveIntegerField(default=0)),
            ],
            options={
                "ordering": ["-last_at", "-id"],
                "indexes": [
                    models.Index(fields=["key", "quiet_until"], name="alert_open"),
                    models.Index(
                        condition=models.Q(("count__gt", models.F("told"))),
                        fields=["quiet_until"],
                        name="alert_grown",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertSetting",
            fields=[
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("known_bad_click", "known_bad_click"),
                            ("clicked_through", "clicked_through"),
                            ("new_host", "new_host"),
                            ("reported_mistake", "reported_mistake"),
                            ("reported_phishing", "reported_phishing"),
                            ("received_before_listed", "received_before_listed"),
                            ("clicked_before_listed", "clicked_before_listed"),
                            ("known_bad_arrived", "known_bad_arrived"),
                        ],
                        max_length=32,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("threshold", models.PositiveIntegerField(default=0)),
                ("within_minutes", models.PositiveIntegerField(default=0)),
                ("domains", models.JSONField(blank=True, default=list)),
                ("changed_at", models.DateTimeField(auto_now=True)),
                ("changed_by", models.CharField(blank=True, default="", max_length=150)),
                ("channels", models.ManyToManyField(blank=True, related_name="rules", to="records.channel")),
            ],
        ),
        migrations.CreateModel(
            name="ClickedHostPerson",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("host", models.CharField(max_length=255)),
                ("person", models.BinaryField(max_length=8)),
                ("message_id", models.BigIntegerField(db_index=True)),
                ("recipient_index", models.PositiveIntegerField()),
                ("url", models.TextField()),
                ("at", models.DateTimeField(db_index=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("host", "person"), name="clicked_host_person_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertPerson",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("message_id", models.BigIntegerField(db_index=True)),
                ("recipient_index", models.PositiveIntegerField()),
                ("address", models.CharField(blank=True, db_index=True, default="", max_length=320)),
                ("act", models.CharField(max_length=16)),
                ("at", models.DateTimeField()),
                (
                    "alert",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="people",
                        to="records.alert",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alert", "message_id", "recipient_index", "act"), name="alert_person_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Outgoing",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("alert", "Alert"),
                            ("update", "Update"),
                            ("digest", "Digest"),
                            ("test", "Test"),
                        ],
                        max_length=16,
                    ),
                ),
                ("event_id", models.CharField(max_length=40, unique=True)),
                ("alerts", models.JSONField(blank=True, default=list)),
                ("left_out", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("attempts", models.PositiveIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sending", "Sending"),
                            ("delivered", "Delivered"),
                            ("given_up", "Given Up"),
                        ],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("last_error", models.CharField(blank=True, default="", max_length=200)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outgoing",
                        to="records.channel",
                    ),
                ),
            ],
            options={
                "ordering": ["due_at", "id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "sending"])),
                        fields=["due_at"],
                        name="outgoing_due",
                    ),
                    models.Index(fields=["channel", "created_at"], name="outgoing_lately"),
                ],
            },
        ),
    ]
