"""The examples that Google's Safe Browsing documentation publishes, and those of its own Go client.

"URLs and Hashing", version 4: developers.google.com/safe-browsing/v4/urls-hashing; expressions with one more
example of version 5: developers.google.com/safe-browsing/reference/URLs.and.Hashing.
"""

CANONICAL: list[tuple[bytes, str]] = [
    (b"http://host/%25%32%35", "http://host/%25"),
    (b"http://host/%25%32%35%25%32%35", "http://host/%25%25"),
    (b"http://host/%2525252525252525", "http://host/%25"),
    (b"http://host/asdf%25%32%35asd", "http://host/asdf%25asd"),
    (b"http://host/%%%25%32%35asd%%", "http://host/%25%25%25asd%25%25"),
    (b"http://www.google.com/", "http://www.google.com/"),
    (
        b"http://%31%36%38%2e%31%38%38%2e%39%39%2e%32%36/%2E%73%65%63%75%72%65/"
        b"%77%77%77%2E%65%62%61%79%2E%63%6F%6D/",
        "http://168.188.99.26/.secure/www.ebay.com/",
    ),
    (
        b"http://195.127.0.11/uploads/%20%20%20%20/.verify/"
        b".eBaysecure=updateuserdataxplimnbqmn-xplmvalidateinfoswqpcmlx=hgplmcx/",
        "http://195.127.0.11/uploads/%20%20%20%20/.verify/"
        ".eBaysecure=updateuserdataxplimnbqmn-xplmvalidateinfoswqpcmlx=hgplmcx/",
    ),
    (
        b"http://host%23.com/%257Ea%2521b%2540c%2523d%2524e%25f%255E00%252611%252A22%252833%252944_55%252B",
        "http://host%23.com/~a!b@c%23d$e%25f^00&11*22(33)44_55+",
    ),
    (b"http://3279880203/blah", "http://195.127.0.11/blah"),
    (b"http://www.google.com/blah/..", "http://www.google.com/"),
    (b"www.google.com/", "http://www.google.com/"),
    (b"www.google.com", "http://www.google.com/"),
    (b"http://www.evil.com/blah#frag", "http://www.evil.com/blah"),
    (b"http://www.GOOgle.com/", "http://www.google.com/"),
    (b"http://www.google.com.../", "http://www.google.com/"),
    (b"http://www.google.com/foo\tbar\rbaz\n2", "http://www.google.com/foobarbaz2"),
    (b"http://www.google.com/q?", "http://www.google.com/q?"),
    (b"http://www.google.com/q?r?", "http://www.google.com/q?r?"),
    (b"http://www.google.com/q?r?s", "http://www.google.com/q?r?s"),
    (b"http://evil.com/foo#bar#baz", "http://evil.com/foo"),
    (b"http://evil.com/foo;", "http://evil.com/foo;"),
    (b"http://evil.com/foo?bar;", "http://evil.com/foo?bar;"),
    (b"http://\x01\x80.com/", "http://%01%80.com/"),
    (b"http://notrailingslash.com", "http://notrailingslash.com/"),
    (b"http://www.gotaport.com:1234/", "http://www.gotaport.com/"),
    (b"  http://www.google.com/  ", "http://www.google.com/"),
    (b"http:// leadingspace.com/", "http://%20leadingspace.com/"),
    (b"http://%20leadingspace.com/", "http://%20leadingspace.com/"),
    (b"%20leadingspace.com/", "http://%20leadingspace.com/"),
    (b"https://www.securesite.com/", "https://www.securesite.com/"),
    (b"http://host.com/ab%23cd", "http://host.com/ab%23cd"),
    (b"http://host.com//twoslashes?more//slashes", "http://host.com/twoslashes?more//slashes"),
]
"""All that the documentation of version 4 gives."""

CANONICAL_OF_THE_GO_CLIENT: list[tuple[bytes, str]] = [
    (b"http://a.com/foo/.././bar/./../foo.html", "http://a.com/foo.html"),
    (b"http://a.com//a//b///c////", "http://a.com/a/b/c/"),
    (b"http://google.com.:8080/foo.html", "http://google.com/foo.html"),
    (b"http://google...com/foo.html", "http://google.com/foo.html"),
    (b"http://..google.com/foo.html", "http://google.com/foo.html"),
    (
        b"http://[FEDC:BA98:7654:3210:FEDC:BA98:7654:3210]:80/index.html",
        "http://[fedc:ba98:7654:3210:fedc:ba98:7654:3210]/index.html",
    ),
    (b"http://[2001:470:1:18::114]/", "http://[2001:470:1:18::114]/"),
    (b"http://0x12.0x43.0x44.0x01", "http://18.67.68.1/"),
    (b"http://12.0x12.01234/", "http://12.18.2.156/"),
    (b"http://012.034.01.055/", "http://10.28.1.45/"),
    (b"http://167838211/", "http://10.1.2.3/"),
    (b"http://4294967295/", "http://255.255.255.255/"),
    (b"http://123.123.0.0.1/", "http://123.123.0.0.1/"),
    (b"http://1.2.3.00x0/", "http://1.2.3.00x0/"),
    (b"http://192.168.0.1:80/index.html", "http://192.168.0.1/index.html"),
    (b"http://some%1bhost.com/%1b", "http://some%1Bhost.com/%1B"),
    (b"http://www.\xc3\xbcmlat.com/", "http://www.xn--mlat-zra.com/"),
    (b"http%3A%2F%2Fwackyurl.com:80/", "http://wackyurl.com/"),
    (b"http://W!eird<>Ho$^.com/", "http://w!eird<>ho$^.com/"),
    (b"http://i.have.way.too.many.dots.com/", "http://i.have.way.too.many.dots.com/"),
    (b"www.google.com:8080/foo.html", "http://www.google.com/foo.html"),
    (b"www.google.com:80", "http://www.google.com/"),
]
"""github.com/google/safebrowsing, urls_test.go: what it adds. Its escapes are in lower case."""

NO_URL: list[bytes] = [
    b"",
    b":",
    b"/blah",
    b"#ref",
    b"/blah#ref",
    b"?query#ref",
    b"/blah?query#ref",
    b"/blah;param",
    b"http://#ref",
    b"http:///blah#ref",
    b"http://?query#ref",
    b"http:///blah?query#ref",
    b"http:///blah;param",
    b"http:///blah;param?query#ref",
    b"mailto:bryner@google.com",
    b"http:www.google.com:8080/foo.html",
    b"www.google.com:xxyy/foo.html:80",
]
"""The same file: what names no host."""

EXPRESSIONS: list[tuple[str, list[str]]] = [
    (
        "http://a.b.c/1/2.html?param=1",
        [
            "a.b.c/1/2.html?param=1",
            "a.b.c/1/2.html",
            "a.b.c/",
            "a.b.c/1/",
            "b.c/1/2.html?param=1",
            "b.c/1/2.html",
            "b.c/",
            "b.c/1/",
        ],
    ),
    (
        "http://a.b.c.d.e.f.g/1.html",
        [
            "a.b.c.d.e.f.g/1.html",
            "a.b.c.d.e.f.g/",
            "c.d.e.f.g/1.html",
            "c.d.e.f.g/",
            "d.e.f.g/1.html",
            "d.e.f.g/",
            "e.f.g/1.html",
            "e.f.g/",
            "f.g/1.html",
            "f.g/",
        ],
    ),
    ("http://1.2.3.4/1/", ["1.2.3.4/1/", "1.2.3.4/"]),
]

HASHES: list[tuple[str, str]] = [
    ("abc", "ba7816bf"),
    ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d206"),
    ("a" * 1_000_000, "cdc76e5c9914fb9281a1c7e2"),
]
"""Examples B1, B2 and B3 of FIPS 180-2, cut to 32, 48 and 96 bits."""
