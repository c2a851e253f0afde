"""worker: journal to records, policy to snapshot, verdicts settled, old things deleted, mail captured.

`service.serve` runs it all, and needs Django; what only fetches and compiles lists needs none.

From the top down; neighbours in a paragraph never import each other (`lint-imports`):

    service         starts the parts, and ends them

    ingest          journal to records, verdicts that settle, confirmed names, months of events made ahead
    looking_back    mail of before, when something becomes known
    publishing      the policy and the known sites as files
    privacy         retention, and recipients' records by mail
    channels        alerts on their way, a folder for each kind of channel
    report_mailbox  what comes back of sent mail: bounces and other answers
    capture         all mail, while there is no next hop
    operations      private pages (`/metrics`, `/ask`)

    config          what all these must be told

    feeds           lists of dangerous URLs
    signatures      newer lists of networks
    reception       LMTP and SMTP for the mailboxes

    fetching        what is asked of the web: conditional, resumed, bounded
    onward          mail to the next hop
    parts           how parts run and use the database, and what is told of those that fail
"""

from backstamp.worker.config import WorkerConfig

__all__ = ["WorkerConfig"]
