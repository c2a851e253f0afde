"""The commands of `backstamp`, a module each."""
