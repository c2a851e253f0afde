"""gateway: SMTP and LMTP in front of any mail server, submission for people; no queue (docs/gateway.md).

Empty, for each process that rewrites comes by here: with the listeners it takes a fifth longer to start.
"""
