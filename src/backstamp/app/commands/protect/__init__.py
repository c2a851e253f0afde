"""`backstamp protect`: the protection of links in received mail, without a browser.

What is set for a domain (`domains`), whom it leaves alone (`exceptions`), what is allowed or blocked by hand
(`own_lists`); and one message in a pipe (`message`).
"""

from backstamp.app.commands.protect.domains import protect
from backstamp.app.commands.protect.exceptions import exception
from backstamp.app.commands.protect.message import protect_message
from backstamp.app.commands.protect.own_lists import own_list

for _command in (exception, own_list, protect_message):
    protect.add_command(_command)

__all__ = ["protect"]
