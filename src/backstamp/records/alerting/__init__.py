"""alerting: from what happened to alerts, and to what waits for each channel; all inside one transaction."""

from backstamp.records.alerting.occurrences import Occurrence, Person
from backstamp.records.alerting.raising import raise_alerts

__all__ = ["Occurrence", "Person", "raise_alerts"]
