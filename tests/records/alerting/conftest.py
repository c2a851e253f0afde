"""A channel that is told of all alerts."""

import pytest

from backstamp.records.models import Channel
from backstamp.records.outbox import channels
from backstamp.vocabulary import ChannelKind


@pytest.fixture(autouse=True)
def channel() -> Channel:
    return channels.add("ops", ChannelKind.WEBHOOK, "https://hooks.example/x", "me")
