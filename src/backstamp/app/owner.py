"""Whose the data directory is: root does not write into another user's.

An administrator is root when the first commands are typed. A key file or a database that root makes there
keeps the service, which runs as a user of its own, from starting for ever after.
"""

import os
import pwd
from pathlib import Path

from backstamp.app.settings import SettingsError


def become_owner(data_dir: Path, key_file: Path) -> None:
    """Where root calls, go on as the user whose the key file is; while there is none, the data directory.

    Nothing is done for anybody else, nor where both are root's or missing. Raises `SettingsError` where the
    system does not let root go, or the owner may not read this program.
    """
    if os.geteuid() != 0:
        return
    owner = next((place.stat() for place in (key_file, data_dir) if place.exists()), None)
    if owner is None or owner.st_uid == 0:
        return
    try:
        account = pwd.getpwuid(owner.st_uid)
    except KeyError:  # a container's volume: the number has no name here
        group, groups, home = owner.st_gid, [owner.st_gid], None
    else:
        group, home = account.pw_gid, account.pw_dir
        groups = os.getgrouplist(account.pw_name, group)
    try:
        os.setgroups(groups)
        os.setgid(group)
        os.setuid(owner.st_uid)
    except OSError as error:
        raise SettingsError(
            f"data_dir: {data_dir} is another user's (number {owner.st_uid}), who cannot be become"
            f" ({error.strerror}); run as that user"
        ) from None
    # Python's own modules may lie below root's home, beside a program that all may read.
    for program, folder in ((__file__, 2), (os.__file__, 0)):
        if not os.access(program, os.R_OK):
            raise SettingsError(
                f"data_dir: {data_dir} is another user's (number {owner.st_uid}), who may not read this "
                f"program in {Path(program).parents[folder]}; install it where that user may (chmod -R a+rX)"
            )
    if home is not None:
        os.environ["HOME"] = home
