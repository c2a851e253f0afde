"""channels: alerts on their way to administrators. A folder for each channel, and one outbox for all.

A channel's folder has one function that sends a notice, and raises `NotDeliveredError`.

From the top down; neighbours in a paragraph never import each other (`lint-imports`):

    delivering    what waits in the outbox, each channel in its own time

    sending       a notice to a channel, of whatever kind

    mail          as a mail to an address
    webhook       as signed JSON
    slack         as Slack and those like it take it

    wording       what a notice says, in words for administrators
    json_posting  JSON to a URL, without redirections

    destination   where a message goes
    errors        why it did not get there
"""
