"""Where a message goes."""

import msgspec

from backstamp.vocabulary import ChannelKind
from backstamp.worker.config import OwnMailConfig


class Destination(msgspec.Struct, frozen=True):
    """A channel as its adapter sees it. `own_mail` says how the worker sends mail, if it can."""

    kind: ChannelKind
    target: str
    secret: str = ""
    own_mail: OwnMailConfig | None = None
