"""wording: what is in the records, in the words, icons and sentences that people see."""
