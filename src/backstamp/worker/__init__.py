"""worker: journal to records, policy to snapshot, verdicts settled, old things deleted, mail captured.

`service.serve` runs it all, and needs Django; what only fetches and compiles lists needs none.
"""

from backstamp.worker.config import WorkerConfig

__all__ = ["WorkerConfig"]
