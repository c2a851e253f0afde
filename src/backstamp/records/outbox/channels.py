"""Channels to administrators, for forms and the command line: list, add, change, delete, test.

The worker delivers (`worker.channels`); a test goes through the outbox like any alert.
"""

import base64
import binascii
import re
import secrets
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from backstamp.mail.addresses import is_mail_address
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.models import LONGEST_USER, AlertSetting, Channel
from backstamp.records.outbox.entries import enqueue_test
from backstamp.vocabulary import ChannelKind

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 (says what follows)
"""By the Standard Webhooks specification; base64 follows."""
_SECRET_BYTES: Final = range(24, 65)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_URL: Final = re.compile(r"[\x21-\x7e]{1,2000}")


def listed() -> list[Channel]:
    """Return all channels by name."""
    return list(Channel.objects.all())


def named(name: str) -> Channel | None:
    """Return a channel."""
    return Channel.objects.filter(name=name).first()


def add(name: str, kind: ChannelKind, target: str, by: str, secret: str = "") -> Channel:
    """Add a channel and return it; a webhook gets a secret where none is given.

    Raises `RefusedError`.
    """
    return Channel.objects.create(
        name=free_name(name),
        kind=kind.value,
        target=checked_target(kind, target),
        secret=checked_secret(kind, secret),
        created_by=by[:LONGEST_USER],
    )


def save(channel: Channel) -> None:
    """Keep a channel that was changed, and let it be tried. Raises `RefusedError`."""
    kind = ChannelKind(channel.kind)
    channel.target = checked_target(kind, channel.target)
    channel.secret = checked_secret(kind, channel.secret)
    channel.rests_until = None
    channel.save()


def delete(name: str) -> bool:
    """Delete a channel with what waits for it; return whether there was one.

    Raises `RefusedError` where rules name it as their only one: they would then tell all channels.
    """
    channel = named(name)
    if channel is None:
        return False
    for setting in AlertSetting.objects.filter(channels=channel).prefetch_related("channels"):
        if len(setting.channels.all()) == 1:
            raise RefusedError(f"the rule {setting.rule} tells this channel alone; set it otherwise first")
    channel.delete()
    return True


def test(channel: Channel, now: datetime) -> None:
    """Have the worker send a message that says that this is a test."""
    enqueue_test(channel.pk, now)


def new_secret() -> str:
    """Return a secret for a webhook."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def free_name(name: str) -> str:
    """Return a name that a new channel may have. Raises `RefusedError`."""
    if not _NAME.fullmatch(name):
        raise RefusedError("a name has letters, digits, blanks and ._-, at most 64")
    if Channel.objects.filter(name=name).exists():
        raise RefusedError(f"there is a channel {name!r} already")
    return name


def checked_target(kind: ChannelKind, target: str) -> str:
    """Return a target as it is kept. Raises `RefusedError`."""
    target = target.strip()
    if kind is ChannelKind.MAIL:
        if not is_mail_address(target):
            raise RefusedError("that is no mail address")
        return target
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError:
        raise RefusedError("that is no URL") from None
    if not _URL.fullmatch(target) or parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise RefusedError("that is no https or http URL in ASCII")
    if parts.username is not None:
        raise RefusedError("a URL with a user name or password is not taken")
    return target


def checked_secret(kind: ChannelKind, secret: str) -> str:
    """Return the secret as it is kept: of a webhook, and of nothing else. Raises `RefusedError`."""
    if kind is not ChannelKind.WEBHOOK:
        if secret:
            raise RefusedError("only a webhook has a secret")
        return ""
    if not secret:
        return new_secret()
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or len(key) not in _SECRET_BYTES:
        raise RefusedError("a secret is whsec_ and the base64 of 24 to 64 bytes")
    return secret


def shown_target(channel: Channel) -> str:
    """Return a target without what may be a secret: the path of a URL."""
    if channel.kind == ChannelKind.MAIL:
        return channel.target
    parts = urlsplit(channel.target)
    return f"{parts.scheme}://{parts.netloc}/..."
