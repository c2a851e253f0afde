"""rewriter: worker processes that rewrite mail within limits of time and memory, and the pool of them.

Hostile HTML can cost seconds and gigabytes (DESIGN §3), so none of it is read on the gateway's own loop.
"""
