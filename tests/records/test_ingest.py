import pytest

from backstamp.records.ingest import Ingested, ingest
from backstamp.records.models import Event, Link, Message, Recipient
from backstamp.vocabulary import Actor, EventType
from tests.records.journal_records import *
