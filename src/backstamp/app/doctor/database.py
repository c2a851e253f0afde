"""Whether the database answers, takes writes, is of this version, and is set as it must be."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from backstamp.app import keyfile
from backstamp.app.doctor.findings import Finding, good, note, wrong
from backstamp.app.keyfile import KeyFileError
from backstamp.app.settings import Settings, SettingsError
from backstamp.app.settings.data_dir import DataFile
from backstamp.app.settings.table import DATABASE_URL, PRIVACY_RETENTION_DAYS
from backstamp.app.starting.django_start import set_django_up
from backstamp.tokens import Keyring

_DAMAGED: Final = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
_DISK: Final = "see to the disk, and whose backstamp.db and the files beside it are"
_RESTORE: Final = "restore the latest backup of it (docs/operate.md)"
_SKEW: Final = timedelta(days=1)
"""By so much clocks may differ without a word."""
_OLDEST: Final = 20
"""Of so many messages, and recipients, the pseudonyms are compared."""


def database(settings: Settings) -> Iterator[Finding]:
    """Can the worker and the console use it? Before the first start there is none, and nothing is said."""
    try:
        ring = keyfile.read(settings.in_data_dir(DataFile.KEYS))
    except KeyFileError:
        return  # Django needs them too, and `data_dir.keys` has told what is wrong with them.
    if not settings[DATABASE_URL]:
        try:
            settings.in_data_dir(DataFile.DATABASE).stat()
        except OSError:
            return  # It is not there yet, or `data_dir.contents` has told what keeps us from it.
    try:
        set_django_up(settings)
    except SettingsError as error:
        complaint, _, fix = str(error).partition("; ")
        yield wrong("database", complaint, fix)
        return
    from django.db import Error, connection

    from backstamp.records.database.versions import REMEDY, NewerDatabaseError, is_empty, is_older

    try:
        empty, older = is_empty(), is_older()
        server = list(as_it_is_set())
        if not (empty or older):
            server += [
                *months(),
                *search(),
                *dates(ring, datetime.now(UTC), settings[PRIVACY_RETENTION_DAYS]),
            ]
    except NewerDatabaseError as error:
        yield wrong("database", f"is of a newer version of Backstamp (it has {error.migration})", REMEDY)
        return
    except Error as error:
        why = " ".join(str(error).split())
        damaged = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in _DAMAGED
        fix = cure(why) if settings[DATABASE_URL] else _RESTORE if damaged else _DISK
        yield wrong("database", f"cannot be used ({why})", f"{fix}; until then hits wait in the journal")
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
    yield from server


def months() -> Iterator[Finding]:
    """Has PostgreSQL a partition for the events of this month and the next? Raises `django.db.Error`."""
    from backstamp.records.database.partitions import missing_next

    if missing := missing_next(datetime.now(UTC)):
        yield note(
            "database",
            f"the worker has not made {' and '.join(missing)}: events of that time would lie where none are "
            "dropped as a whole",
            "start the worker; where it runs, its log says why: its user must own the table records_event",
        )


def cure(why: str) -> str:
    """Return what to do where libpq says that it could not connect."""
    if "startup parameter" in why:
        return "set ignore_startup_parameters = options in PgBouncer (docs/database.md)"
    if "pg_hba.conf" in why:
        return (
            "let a line of the server's pg_hba.conf allow this user, database and address, or choose by "
            "sslmode in database.url whether it comes by TLS"
        )
    if "SSL SYSCALL" not in why and any(word in why for word in ("certificate", "private key", "SSL")):
        return (
            "see to sslmode, sslrootcert (the CA of the server's certificate), sslcert and sslkey in "
            "database.url, and that its host is a name in that certificate (docs/database.md)"
        )
    return "check database.url and whether the server runs"


def dates(ring: Keyring, now: datetime, retention_days: int) -> Iterator[Finding]:
    """Is there mail of before the keys, or of times that are still to come? Raises `django.db.Error`."""
    from backstamp.records.models import Message

    made = keyfile.made_at(min(ring.keys, key=lambda key: key.created_at))
    queued = Message.objects.values_list("queued_at", flat=True)
    first, last = queued.order_by("queued_at").first(), queued.order_by("-queued_at").first()
    # Keys that are not made yet were made by a clock that was ahead.
    if first and made and first + _SKEW < made <= now and _are_others(ring, made):
        yield wrong(
            "database",
            f"has mail of {first:%Y-%m-%d}, and the oldest key is of {made:%Y-%m-%d}: links of mail from "
            "before are dead, and nobody's consent or wish to get no more mail is found",
            "stop Backstamp, and put the keys.json of that time, of your backup, in the place of this one",
        )
    if last is not None and last > now + _SKEW:
        yield note(
            "database",
            f"has mail of {last:%Y-%m-%d}, recorded by a clock that was ahead: it is kept until "
            f"{retention_days} days after that day",
            "keep the clock by a time service; `backstamp erase ADDRESS` deletes such mail of one person",
        )


def _are_others(ring: Keyring, made: datetime) -> bool:
    """Whether the oldest mail is of another key file than this, as far as its recipients tell.

    Dates alone do not: a clock may have been wrong, and whoever took a stolen key out of the file wants its
    links to be dead. The pseudonyms of recipients stay the same over all that.
    """
    from backstamp.records.models import Message, Recipient

    oldest = Message.objects.filter(queued_at__lt=made).order_by("queued_at")
    numbers = list(oldest.values_list("tracking_id", flat=True)[:_OLDEST])
    named = Recipient.objects.filter(message_id__in=numbers).exclude(address="").order_by()
    rows = named.values_list("address", "recipient_key")[:_OLDEST]
    return all(ring.recipient_key(address) != bytes(key) for address, key in rows)


def search() -> Iterator[Finding]:
    """Has PostgreSQL the index by which a search is quick? Raises `django.db.Error`."""
    from backstamp.records.trigrams import lacks_index

    if lacks_index():
        yield note(
            "database",
            "has no index of trigrams: a search reads what there is of all messages",
            "run: CREATE EXTENSION pg_trgm (as a user of the server who may; it is in PostgreSQL's contrib), "
            "then: backstamp migrate",
        )


def as_it_is_set() -> Iterator[Finding]:
    """Does a PostgreSQL server take writes, and is it set as it must be? Raises `django.db.Error`."""
    from backstamp.records.database.server_settings import (
        OWNER,
        cannot_make_tables,
        is_standby,
        is_turkic,
        shares_its_session,
        takes_no_writes,
    )

    if why := cannot_make_tables():
        yield wrong("database", why, OWNER)
    if is_turkic():
        yield wrong(
            "database",
            "I and i are no pair of letters for it, so that addresses are not found as they are written",
            "move it (pg_dump, pg_restore) to one made by: createdb --locale C.UTF-8 --template template0",
        )
    if shares_its_session():
        yield wrong(
            "database",
            "a pooler gives our session to others between transactions",
            "set pool_mode = session for this database (docs/database.md)",
        )
    if is_standby():
        yield wrong(
            "database",
            "is a standby: it takes no writes",
            "let database.url lead to the primary, or promote this one; until then hits wait in the journal",
        )
    elif takes_no_writes():
        yield wrong(
            "database",
            "takes no writes: default_transaction_read_only is on",
            "set it to off for the server, the database or the user; until then hits wait in the journal",
        )
    yield from _harmful_settings()


def _harmful_settings() -> Iterator[Finding]:
    from backstamp.records.database.server_settings import CLOCKS, LAZY, harmful

    for name, value in harmful().items():
        if name in CLOCKS:
            yield note(
                "database",
                f"{name} is {value}: what takes longer is ended, and begins again for ever",
                f"set {name} to 0 for the server, the database or the user",
            )
        elif name in LAZY:
            yield note(
                "database",
                f"{name} is off: what was committed last is lost in a crash of the server, for good",
                f"set {name} to on",
            )
        else:
            yield wrong(
                "database",
                f"{name} is {value}: a pooler keeps back what Backstamp asks for",
                "set it on the server as docs/database.md says",
            )
