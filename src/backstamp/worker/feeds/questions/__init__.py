"""questions: what publishers are asked about single URLs, and their answers for as long as they hold."""
