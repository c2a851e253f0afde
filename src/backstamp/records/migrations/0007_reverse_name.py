from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0006_reason_params")]

    operations = [
        migrations.CreateModel(
            name="ReverseName",
            fields=[
                ("address", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("name", models.CharField(blank=True, default="", max_length=253)),
                ("looked_up_at", models.DateTimeField(db_index=True)),
            ],
        ),
    ]
