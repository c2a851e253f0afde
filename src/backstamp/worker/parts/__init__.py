"""parts: how the worker's parts run beside each other, and use the database beside an event loop."""
