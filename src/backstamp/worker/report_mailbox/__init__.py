"""report_mailbox: takes what comes back: bounces, receipts, complaints, answers; by LMTP, SMTP or IMAP."""
