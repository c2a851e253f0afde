from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0005_search")]

    operations = [
        migrations.AddField(
            model_name="reason", name="params", field=models.TextField(blank=True, default="", db_default="")
        ),
    ]
