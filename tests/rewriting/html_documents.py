"""Generated HTML: random tags, attributes, entities and quotes, from tidy to broken."""

from hypothesis import strategies as st

URLS = st.sampled_from(
    [
        "https://example.com/",
        "http://example.org/a?b=c&amp;d=e",
        "https://example.com/a?b=c&copy=d&amp=e",
        "HTTPS://EXAMPLE.com:443/%7e&#x2f;x",
        "https://bücher.example/ü",
        "//example.com/without-scheme",
        "mailto:ada@example.com",
        "javascript:alert(1)",
        "#place",
        "",
    ]
)
"""Values that stand in any quotes, and in none but for the empty one."""
LOOSE_URLS = st.sampled_from(
    [
        " https://example.com/a ",
        "ht\ntps://exa\tmple.com/\r\nb",
        "https://example.com/it's",
        'https://e.com/"q"',
    ]
)
"""Values with white space or quotes, which not every way of quoting may hold."""
WORDS = st.sampled_from(
    ["x", "1 &lt; 2", "&amp;", "&nbsp;", "é ü", "&#x1F600;", "&notanentity;", "a &copy b", "]]>"]
)
NAMES = st.sampled_from(["title", "class", "id", "data-href", "alt", "ID", "onclick", "href2", "x:y"])
FLOW = ["p", "div", "b", "span", "ul", "li", "h1", "blockquote", "i", "font", "center", "DIV"]
BROKEN = [
    *("<p", "</", "<!", "<?php ?>", "</p>", "</a>", "</body>", "</html>", "<table><tr><td>", "</table>"),
    *("<b><i>", "<svg>", "</svg>", "<math>", "<select>", "<template>", "</template>", "<style>a{}</style>"),
    *("<script>'<a href=http://x.example/>'</script>", "<textarea>", "<title>", "</title>", "<!-- ", "-->"),
    *("<!--[if mso]>", "<![endif]-->", "<base href='https://base.example/d/'>", "<body>", "<noscript>"),
    *("<a href='http://unclosed.example/", "<a href=x href='https://second.example/'>", "<plaintext>"),
    *("\0", "\r", "\n", "<br/>", "&"),
]


@st.composite
def attributes(draw: st.DrawFn, name: st.SearchStrategy[str], value: st.SearchStrategy[str]) -> str:
    """One attribute in double quotes, single quotes or none, with white space about its `=`."""
    text = draw(value)
    equals = draw(st.sampled_from(["=", " =", "= ", "\n=\t", "="]))
    unquotable = not text or any(character in text for character in " \t\r\n\"'`=<>")
    quotes = [quote for quote in ('"', "'") if quote not in text] + ([] if unquotable else [""])
    quote = draw(st.sampled_from(quotes))
    return f"{draw(name)}{equals}{quote}{text}{quote}"


OTHERS = st.lists(attributes(NAMES, WORDS | URLS), max_size=2).map(" ".join)


@st.composite
def links(draw: st.DrawFn, inside: st.SearchStrategy[str]) -> str:
    """A link with other attributes before and behind."""
    tag = draw(st.sampled_from(["a", "A", "area"]))
    name = st.sampled_from(["href", "HREF", "hReF"])
    parts = [draw(OTHERS), draw(attributes(name, URLS | LOOSE_URLS)), draw(OTHERS)]
    opening = draw(st.sampled_from([" ", "\n", "\t "])).join(filter(None, [f"<{tag}", *parts]))
    space = draw(st.sampled_from(["", " ", "\n"]))
    if tag == "area":
        return f"{opening} {space}>"
    return f"{opening}{space}>{draw(inside)}</{tag}>"


@st.composite
def elements(draw: st.DrawFn, inside: st.SearchStrategy[str]) -> str:
    """An element with attributes around others."""
    tag = draw(st.sampled_from(FLOW))
    return f"{' '.join(filter(None, [f'<{tag}', draw(OTHERS)]))}>{draw(inside)}</{tag}>"


CONDITIONAL = URLS.map('<!--[if mso]><v:rect href="{}" fill="f"></v:rect><![endif]-->'.format)
SVG = URLS.map('<svg><a xlink:href="{}"><text>x</text></a></svg>'.format)
LEAVES = st.one_of(WORDS, links(WORDS), st.just("<br>"), CONDITIONAL, SVG)


def _joined(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inside, max_size=4).map("".join)


TIDY = st.recursive(LEAVES, lambda inside: _joined(inside | elements(_joined(inside))), max_leaves=12)
"""Documents whose elements are all closed."""
WHOLE = st.tuples(
    st.sampled_from(["", "<!DOCTYPE html>\n<html><head><title>T</title></head><body class=b>\n"]),
    TIDY,
    st.sampled_from(["", "\n</body>\n</html>\n", "</body></html>", "\n"]),
).map("".join)
WILD = st.lists(TIDY | st.sampled_from(BROKEN), max_size=8).map("".join)
"""Documents in which anything may be torn."""
