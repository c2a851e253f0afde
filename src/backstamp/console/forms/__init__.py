"""forms: what people fill in, by the page that it is on, and how a mistake in it is shown."""
