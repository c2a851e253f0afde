"""The settings file: which one it is, and that it tells nobody a secret."""

import grp
import os
import re
import stat
from collections.abc import Iterator
from typing import Final

from backstamp.app.doctor.findings import Finding, good, note, wrong
from backstamp.app.settings import Settings
from backstamp.app.settings.table import DATABASE_URL, table

_PASSWORD: Final = re.compile(r"password=|://[^@]*:[^@]*@")
"""In a `database.url`; many need none (a socket, a certificate, a file of passwords)."""


def in_use(settings: Settings) -> Iterator[Finding]:
    """Which settings are looked at? In another folder than usual, others are found, or none."""
    if settings.config_file is None:
        yield note(
            "settings",
            "no settings file was found: defaults and environment variables are in force",
            "name yours: backstamp --config FILE doctor",
        )
    else:
        yield good("settings", f"read from {settings.config_file}")


def secrets(settings: Settings) -> Iterator[Finding]:
    """Is a settings file that holds a password or a key kept from others?"""
    path = settings.config_file
    if path is None:
        return
    file = path.stat()
    if not file.st_mode & stat.S_IROTH:
        return
    held = [
        each.name
        for each in table()
        if each.secret and settings[each] and not {each.variable, f"{each.variable}_FILE"} & os.environ.keys()
    ]
    if not _PASSWORD.search(settings[DATABASE_URL]):
        held = [name for name in held if name != DATABASE_URL.name]
    if held:
        own = f"chmod 600 {path}"
        shared = f"chown root:{_group()} {path}; chmod 640 {path}"
        yield wrong(
            "settings",
            f"others may read {path}, which holds {', '.join(held)}",
            f"run: {own if file.st_uid == os.geteuid() else shared}",
        )


def _group() -> str:
    try:
        return grp.getgrgid(os.getegid()).gr_name
    except KeyError:
        return str(os.getegid())
