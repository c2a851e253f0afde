"""Are all acknowledged hits in the records, each exactly once?"""

from collections import Counter

from tests.e2e.server import Server, until


def reckon(server: Server, acknowledged: list[str], lost: int = 0, seconds: float = 60) -> None:
    """Wait until all but `lost` acknowledged hits are in the records; fail where one is there twice."""
    wanted = set(acknowledged)
    until(
        "every acknowledged hit is in the records",
        lambda: len(wanted - set(server.user_agents())) <= lost,
        seconds,
    )
    times = Counter(server.user_agents())
    assert [name for name, count in times.items() if count > 1] == []
    assert len(wanted - set(times)) == lost
