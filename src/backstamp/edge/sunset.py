"""The edge when everything else is gone: links in old mail lead on, with the key file alone.

Nothing is recorded and nothing is looked up, so it needs no data directory and remembers nobody. Links that
were switched off are known to the policy only: here they lead on.
"""

import asyncio
from collections.abc import Callable

from backstamp.edge.config import EdgeConfig
from backstamp.edge.link_pages import abandoned_page, words_for
from backstamp.edge.replies.not_found import NOT_FOUND
from backstamp.edge.replies.prepared import NOT_ALLOWED, send_onward, send_pixel, send_redirect
from backstamp.edge.replies.protocol import HeadProtocol, ReplyProtocol
from backstamp.edge.requests.own_forms import is_from_own_page
from backstamp.edge.requests.scope import Scope
from backstamp.edge.serving.chores import Chore, Chores
from backstamp.edge.serving.idle_connections import LOOK_SECONDS, IdleConnections
from backstamp.edge.unopened import answer_unopened, link_in_text
from backstamp.http_listener import connections_for
from backstamp.tokens import Keyring, LinkToken, PixelToken, open_token


class SunsetEdge:
    """The RSGI application of one worker of `backstamp edge --sunset`."""

    def __init__(self, config: EdgeConfig, keyring: Callable[[], Keyring]) -> None:
        self._keyring = keyring
        idle = IdleConnections(config.port, connections_for(config.connections))
        self._chores = Chores(Chore("shutting idle connections", LOOK_SECONDS, idle.look))

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look after things; Granian calls this before the first request."""
        loop.call_later(LOOK_SECONDS, self.__rsgi_init__, loop)
        self._chores.run(loop.time())

    async def __rsgi__(self, scope: Scope, proto: ReplyProtocol) -> None:
        """Answer one request as `Edge` does without a policy, and record nothing."""
        method = scope.method
        path = scope.path
        if method == "HEAD":
            proto = HeadProtocol(proto)
        ring = self._keyring()
        token = open_token(ring, path[1:]) or link_in_text(ring, path)
        if method == "POST" and isinstance(token, LinkToken) and token.protected and token.url.isprintable():
            if is_from_own_page(scope):
                send_onward(proto, token.url)
            else:
                NOT_ALLOWED.send(proto)
        elif method not in ("GET", "HEAD"):
            NOT_ALLOWED.send(proto)
        elif token is None:
            answer_unopened(path, scope.headers, proto)
        elif isinstance(token, PixelToken):
            send_pixel(proto)
        elif not token.url.isprintable():
            NOT_FOUND.send(proto)
        elif token.protected:
            abandoned_page(words_for(scope), token).send(proto)
        else:
            send_redirect(proto, token.url)
