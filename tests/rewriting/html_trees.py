"""Compare the tree of a rewritten HTML text with the tree of its original."""

import re
from typing import NamedTuple

import turbohtml
from turbohtml import Comment, Element, Node, Text

from tests.rewriting.sealers import BASE

SEALED = re.compile(re.escape(BASE) + r"/L(\d+?)x+")


class Item(NamedTuple):
    """A node of a tree: how deep it stands, what it is, its name or text, its attributes."""

    depth: int
    kind: str
    text: str
    attributes: tuple[tuple[str, str], ...] = ()


def items_of(html: str) -> list[Item]:
    """Return the nodes of the tree that a browser builds, in document order."""
    items: list[Item] = []
    stack: list[tuple[Node, int]] = [(turbohtml.parse(html), 0)]
    while stack:
        node, depth = stack.pop()
        if isinstance(node, Element):
            attributes = tuple((name, node.attr(name) or "") for name in node.attrs)
            items.append(Item(depth, "element", f"{node.namespace}:{node.tag}", attributes))
        elif isinstance(node, Text | Comment):
            items.append(Item(depth, type(node).__name__, node.data))
        else:
            items.append(Item(depth, type(node).__name__, ""))
        stack += [(child, depth + 1) for child in reversed(list(node.children))]
    return items


def without(items: list[Item], left_out: Item) -> list[Item]:
    """Return the items without that one; the texts on both sides of it become one."""
    kept: list[Item] = []
    for item in items:
        if item is left_out:
            continue
        last = kept[-1] if kept else None
        if last is not None and last.kind == item.kind == "Text" and last.depth == item.depth:
            kept[-1] = last._replace(text=last.text + item.text)
        else:
            kept.append(item)
    return kept


def differs_by_links_only(before: Item, after: Item) -> bool:
    """Whether nothing but values that became sealed URLs is different."""
    if before[:2] != after[:2] or len(before.attributes) != len(after.attributes):
        return False
    for (name, old), (new_name, new) in zip(before.attributes, after.attributes, strict=True):
        if name != new_name or (old != new and not SEALED.fullmatch(new)):
            return False
    if before.kind != "Comment":
        return before.text == after.text
    # Links within a conditional comment.
    kept = map(re.escape, SEALED.sub("\0", after.text).split("\0"))
    return re.fullmatch("[^>]*?".join(kept), before.text) is not None
