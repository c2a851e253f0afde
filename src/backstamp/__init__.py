"""Backstamp: tells what became of the mail you sent, and why it thinks so."""

__version__ = "0.1.0"
