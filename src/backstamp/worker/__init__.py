"""worker: journal to records, policy to snapshot, verdicts settled, old things deleted, mail captured."""

from backstamp.worker.config import WorkerConfig
from backstamp.worker.service import serve

__all__ = ["WorkerConfig", "serve"]
