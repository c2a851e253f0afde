"""Whether the database answers, and is of this version."""

from collections.abc import Iterator

from backstamp.app import keyfile
from backstamp.app.django_start import set_django_up
from backstamp.app.doctor.findings import Finding, good, note, wrong
from backstamp.app.keyfile import KeyFileError
from backstamp.app.settings import Settings
from backstamp.app.settings.table import DATABASE_URL


def database(settings: Settings) -> Iterator[Finding]:
    """Can the worker and the console use it? Before the first start there is none, and nothing is said."""
    try:
        keyfile.read(settings.in_data_dir("keys.json"))
    except KeyFileError:
        return  # Django needs them too, and `machine.keys` has told what is wrong with them.
    if not settings[DATABASE_URL] and not settings.in_data_dir("backstamp.db").exists():
        return
    set_django_up(settings)
    from django.db import Error, connection

    from backstamp.records.database.versions import REMEDY, NewerDatabaseError, is_empty, is_older

    try:
        empty, older = is_empty(), is_older()
    except NewerDatabaseError as error:
        yield wrong("database", f"is of a newer version of Backstamp (it has {error.migration})", REMEDY)
        return
    except Error as error:
        why = " ".join(str(error).split())
        yield wrong(
            "database",
            f"cannot be used ({why})",
            "check database.url and whether the server runs; until then hits wait in the journal",
        )
        return
    finally:
        connection.close()
    if empty:
        answers = f"{connection.display_name} answers, and is empty"
        yield note("database", answers, "start `backstamp serve` once; it makes the tables")
    elif older:
        yield wrong("database", "is older than this program", "restart Backstamp, or run: backstamp migrate")
    else:
        yield good("database", f"{connection.display_name} answers, and is of this version")
