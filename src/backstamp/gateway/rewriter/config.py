"""config: how many worker processes there are, and what they may use."""

import msgspec


class RewritingLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The worker processes: how many for ordinary mail, and what each may use for one message."""

    workers: int = 2
    cpu_seconds: int = 10
    memory_bytes: int = 1 << 30

    @property
    def slow_workers(self) -> int:
        """How many there may be beside these, for mail that takes long."""
        return max(1, self.workers // 2)
