"""threats: what is dangerous about a URL: lists of the known bad, and what its looks give away."""

from backstamp.threats.findings import Finding, ThreatReason

__all__ = ["Finding", "ThreatReason"]
