"""recording: hits on their way into the journal, and what is kept of who asked."""
