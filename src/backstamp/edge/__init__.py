"""edge: the public HTTP service, which answers pixels and links.

From the top down; neighbours in a paragraph never import each other (`lint-imports`):

    app         what one worker answers with
    sunset      the same with the key file alone

    link_pages  what stands before a link that does not lead on
    own_page    the page of a recipient
    unopened    what is answered where no token opens

    recording   hits on their way into the journal: who asked, which fields are kept, what was not written

    deciding    the policy as one request needs it, and the decision at a click

    requests    what is read of a request
    replies     what is sent, prepared once
    serving     Granian, the event loop, and what is done beside requests

    config      what all these must be told
"""

from backstamp.edge.app import Edge
from backstamp.edge.config import EdgeConfig, EdgeError, FloodLimits
from backstamp.edge.serving.server import serve

__all__ = ["Edge", "EdgeConfig", "EdgeError", "FloodLimits", "serve"]
