"""servers: what is measured and what stands beside it, started for a benchmark or a test, and gone after."""
