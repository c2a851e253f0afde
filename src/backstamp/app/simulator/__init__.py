"""simulator: people and the documented machines act on mails that passed the gateway, with true labels.

It knows nothing of `verdicts`: what an actor looks like comes from `cast.toml`, which was written from what
is documented of the actors, not from the rules that are to be measured: those would judge themselves.
"""
