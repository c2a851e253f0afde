"""publishing: what gateway and edge work from, gathered from the records into files."""
