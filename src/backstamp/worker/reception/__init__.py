"""reception: what takes mail by LMTP or SMTP, for the mailboxes that the worker keeps."""
