"""Names under which the Postfix of this machine takes mail past the protection.

Who writes to ann@mx.example.org reaches ann@example.org where `mydestination` has both, and Backstamp guards
the domains that it was told of.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Final

from backstamp.app.doctor.findings import SECONDS, Finding, good, note
from backstamp.app.doctor.published import snapshot_of
from backstamp.app.settings import Settings
from backstamp.policy import ProtectionMode

_LISTS: Final = ("mydestination", "virtual_alias_domains", "virtual_mailbox_domains", "relay_domains")
_TOOL_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin")
"""Where Postfix's tools are on systems on which not everybody has them on the path."""
_DOMAIN: Final = re.compile(r"[\w-]+(?:\.[\w-]+)+")
"""A name without a dot (`localhost`) goes by the strictest domain's policy anyway."""
_INLINE: Final = re.compile(r"\{[^{}]*\}")
_MOST_NAMES: Final = 5
_LONGEST_NAME: Final = 100


def destinations(settings: Settings) -> Iterator[Finding]:
    """Does the Postfix of this machine take mail for domains that we were not told of?"""
    snapshot = snapshot_of(settings)
    if snapshot is None:
        return
    if all(each.protection.mode is ProtectionMode.OFF for each in snapshot.domains.values()):
        return
    lists = _lists()
    if lists is None:
        return
    unknown = {
        name: [each for each in _domains(value) if not snapshot.domain(each).domain_id]
        for name, value in lists.items()
    }
    for name, domains in unknown.items():
        if domains:
            yield note(
                "postfix",
                f"its {name} has {_some(domains)}, which Backstamp does not know: "
                "no link of that mail is guarded",
                f"take them out of {name} where they are second names, or name each: backstamp protect set "
                "NAME --mode protect (or --mode off)",
            )
    if not any(unknown.values()):
        yield good("postfix", "it takes mail for no domain that Backstamp does not know")


def _lists() -> Mapping[str, str] | None:
    """Return the value of each list; None where no Postfix is here, or it does not say."""
    folders = os.pathsep.join([os.environ.get("PATH", ""), *_TOOL_FOLDERS])
    postconf = shutil.which("postconf", path=folders)
    if postconf is None:
        return None
    try:
        asked = subprocess.run(
            [postconf, "-x", "-h", *_LISTS], capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    values = asked.stdout.decode("utf-8", "replace").splitlines()
    if asked.returncode or len(values) != len(_LISTS):
        return None
    return dict(zip(_LISTS, values, strict=True))


def _domains(value: str) -> list[str]:
    """Return the domains that a list names itself, once each.

    Tables ("hash:/etc/postfix/domains") and files are not looked into, nor are "!name" and ".name" domains.
    """
    words = re.split(r"[,\s]+", _INLINE.sub(" ", value))
    return list(dict.fromkeys(word.lower() for word in words if _DOMAIN.fullmatch(word)))


def _some(names: list[str]) -> str:
    shown = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..." for name in names]
    more = len(names) - _MOST_NAMES
    return ", ".join(shown[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
