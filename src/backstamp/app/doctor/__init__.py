"""doctor: look at the installation from outside, and say the exact fix of whatever is wrong."""

from backstamp.app.doctor.findings import Finding, Grade
from backstamp.app.doctor.rounds import examine

__all__ = ["Finding", "Grade", "examine"]
