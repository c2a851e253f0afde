"""looking_back: a link becomes known to be bad after its mail came; who received it, and who followed it?

Which links fall under a listing (`listings`), digests of their expressions tell (`link_expressions`). `look`
asks what is `news` to whom, given what was said already (`said_before`), and raises alerts. It begins with
what lists and publishers tell (`worker.looking_back`), with what administrators decided (`decisions`), and
with verdicts that changed (`looking_again`).
"""
