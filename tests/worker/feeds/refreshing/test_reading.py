"""Files of feeds: what of them is believed, and under which expression."""

import contextlib
import gzip
import io
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.formats import unpacking
from backstamp.worker.feeds.lists.entries import Drop, Entry, EntryKind, FeedError
from backstamp.worker.feeds.lists.source import Form, Source
from backstamp.worker.feeds.refreshing.reading import Read, read_file
from backstamp.worker.feeds.screening.screen import Screen
from tests.corpus import corpus

URLHAUS_CSV = b"""\
###############################
# Terms Of Use: see the site  #
###############################
#
# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter
"9","2026-02-26 12:05:20","http://198.51.100.7:58801/i","online","","malware_download","elf","","x"
"8","2026-02-26 11:51:29","https://evil.example/Zoom%20Setup.exe?a=1,2","offline","","malware","None","","y"
"7","2026-02-26 11:51:29","https://www.dropbox.com/scl/fi/abc/Zoom.msi?dl=1","","","say \"\"exe\"\"","","","y"
"6","2026-02-26
"""
URLHAUS_JSON = b"""{"9":[{"dateadded":"2026-02-26 12:05:20 UTC","url":"http://198.51.100.7:58801/i","tags":null}],
"8":[{"url":"https://evil.example/Zoom%20Setup.exe?a=1,2"},{"url":"https://drive.google.com/"}]}"""
URLHAUS_HOSTS = b"# URLhaus host file\r\n127.0.0.1\tevil.example\r\n127.0.0.1\twww.evil.test\r\n"
SCREEN = Screen(["t.example.org", "console.example.org"])


def source(form: Form, *, max_unpacked: int = 10**6, max_entries: int = 1000) -> Source:
    return Source(
        name="x",
        form=form,
        threat_type=ThreatType.MALWARE,
        address="https://feeds.example/x",
        max_unpacked=max_unpacked,
        max_entries=max_entries,
    )


def read(
    tmp_path: Path, data: bytes, form: Form = Form.PLAIN, *, screen: Screen = SCREEN, most: int = 1000
) -> Read:
    path = tmp_path / "list"
    path.write_bytes(data)
    return read_file(source(form, max_entries=most), path, screen)


def zipped(data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("list", data)
    return packed.getvalue()


def test_urlhaus_in_all_its_forms(tmp_path: Path) -> None:
    csv = read(tmp_path, URLHAUS_CSV, Form.URLHAUS)
    assert csv.expressions == [
        "198.51.100.7/i",
        "evil.example/Zoom%20Setup.exe?a=1,2",
        "www.dropbox.com/scl/fi/abc/Zoom.msi?dl=1",
    ]
    assert dict(csv.tally) == {Drop.MALFORMED: 1}
    json = read(tmp_path, URLHAUS_JSON, Form.URLHAUS)
    assert json.expressions == ["198.51.100.7/i", "evil.example/Zoom%20Setup.exe?a=1,2"]
    assert dict(json.tally) == {Drop.WELL_KNOWN: 1}
    assert read(tmp_path, URLHAUS_HOSTS, Form.URLHAUS).expressions == ["evil.example/", "www.evil.test/"]
    asked = b'{"query_status":"ok","urls":[{"id":"1","url":"http://evil.example/a"}]}'
    assert read(tmp_path, asked, Form.URLHAUS).expressions == ["evil.example/a"]


@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf", b"\r\n  "])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zipped])
def test_json_of_urlhaus_may_be_one_long_line(
    tmp_path: Path, begin: bytes, pack: Callable[[bytes], bytes]
) -> None:
    rows = ",".join(f'{{"id":"{n}","url":"http://evil-{n}.example/a"}}' for n in range(900))
    found = read(tmp_path, pack(begin + f'{{"query_status":"ok","urls":[{rows}]}}'.encode()), Form.URLHAUS)
    assert (len(found.expressions), dict(found.tally)) == (900, {})


@pytest.mark.parametrize("line", [":" * 16_000 + "x y", ":" * 16_000 + "z", "a:" * 8_000 + "z", "." * 16_000])
def test_no_line_takes_long(tmp_path: Path, line: str) -> None:
    """One of colons took four seconds, and a list may have 16,000 of them: all lists waited for a day."""
    began = time.process_time()
    with pytest.raises(FeedError, match="it is no such list"):
        read(tmp_path, f"{line}\n".encode() * 5)
    assert time.process_time() - began < 1


def test_the_real_sample_of_urlhaus(tmp_path: Path) -> None:
    path = corpus("feed-samples") / "urlhaus-csv_recent-sample.csv"
    found = read_file(source(Form.URLHAUS), path, SCREEN)
    assert (len(found.expressions), dict(found.tally)) == (5, {})
    assert "pub-462189601a584e8fad4889d4ed31f4f4.r2.dev/Zoom%20Setup.exe" in found.expressions


def test_plain_lists_of_any_kind(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        b"\xef\xbb\xbf# comment\n! another\n[Adblock Plus]\n\n"
        b"evil-1.example\n*.evil-2.example # why\n.evil-3.example\n||evil-4.example^\n"
        b"0.0.0.0 evil-5.example evil-6.example\n::1 localhost ip6-localhost\n127.0.0.1 localhost\n"
        b"http://evil-7.example/a/../b#c\nevil-8.example/path?q\nhxxps://evil-9[.]example/\n"
        b"EVIL-10.Example.\nm\xc3\xbcnchen.example\n192.0.2.7\n",
    )
    assert found.expressions == [
        "192.0.2.7/",
        "evil-1.example/",
        "evil-10.example/",
        "evil-2.example/",
        "evil-3.example/",
        "evil-4.example/",
        "evil-5.example/",
        "evil-6.example/",
        "evil-7.example/b",
        "evil-8.example/path?q",
        "evil-9.example/",
        "xn--mnchen-3ya.example/",
    ]
    assert dict(found.tally) == {}


@pytest.mark.parametrize(
    ("line", "listed"),
    [
        ("||evil.example^$all,important", "evil.example/"),
        ("||*.evil.example^", "evil.example/"),
        ("||evil.example/a^$document", "evil.example/a"),
        ("||evil.example/a/*", "evil.example/a/"),
        ("|https://evil.example/a|", "evil.example/a"),
        ("evil.example/*", "evil.example/"),
        ("*://*.evil.example/*", "evil.example/"),
        ("[2001:db8::1]", "[2001:db8::1]/"),
        ("2001:db8::1", "[2001:db8::1]/"),
        ("[2001:db8::1]:8080/x", "[2001:db8::1]/x"),
        ("192.0.2.7/32", "192.0.2.7/"),
        ("hxxps[:]//evil[dot]example/a", "evil.example/a"),
        ("0.0.0.0 evil.example#why", "evil.example/"),
        ("0.0.0.0 evil.example\t#other.example", "evil.example/"),
        ("evil.example#why", "evil.example/"),
    ],
)
def test_a_line_lists_what_its_writer_meant(tmp_path: Path, line: str, listed: str) -> None:
    found = read(tmp_path, line.encode())
    assert found.expressions == [listed]
    assert dict(found.tally) == {}


@pytest.mark.parametrize("form", [Form.PLAIN, Form.URLHAUS])
def test_words_of_another_charset_cost_no_entry_and_make_none(tmp_path: Path, form: Form) -> None:
    lines = (
        "0.0.0.0 evil-1.example # für Gäste\nhttp://evil-2.example/a\nhttp://evil-3.example/ä\nöl.example\n"
    )
    found = read(tmp_path, lines.encode("latin-1"), form)
    assert found.expressions == ["evil-1.example/", "evil-2.example/a"]
    assert dict(found.tally) == {Drop.MALFORMED: 2}


@pytest.mark.parametrize(
    "line",
    [
        "||evil.example^$third-party",
        "||evil.example^$domain=a.example",
        "||evil.example^$badfilter",
        "||evil.example^*/x",
        "||evil.*^",
        "@@||evil.example^",
        "/evil.example/",
        "evil.example##.ad",
        'evil.example#@#a[href="https://other.example/"]',
        "192.0.2.0/24",
        "2001:db8::/32",
    ],
)
def test_a_line_that_stops_no_whole_host_or_address_lists_nothing(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, b"other-1.example\nother-2.example\n" + line.encode())
    assert found.expressions == ["other-1.example/", "other-2.example/"]
    assert dict(found.tally) == {Drop.MALFORMED: 1}


def test_openphish_is_urls_only(tmp_path: Path) -> None:
    found = read(tmp_path, b"https://evil.example/login\nhttp://evil.test/\nevil.example\n", Form.OPENPHISH)
    assert found.expressions == ["evil.example/login", "evil.test/"]
    assert dict(found.tally) == {Drop.MALFORMED: 1}


def test_an_event_of_misp(tmp_path: Path) -> None:
    event = b"""{"Event": {"info": "x", "Attribute": [
        {"type": "url", "value": "http://evil.example/a", "to_ids": true},
        {"type": "domain", "value": "evil.test", "to_ids": true},
        {"type": "domain|ip", "value": "evil.invalid|192.0.2.1", "to_ids": "1"},
        {"type": "hostname", "value": "reference.example", "to_ids": false},
        {"type": "domain", "value": "deleted.example", "to_ids": true, "deleted": true},
        {"type": "md5", "value": "0749bae92ca336a02c83d126e04ec628", "to_ids": true}],
      "Object": [{"name": "url", "Attribute": [
        {"type": "url", "value": "https://evil.example/b", "to_ids": true},
        {"type": "domain", "value": "google.com", "to_ids": true}]}]}}"""
    found = read(tmp_path, event, Form.MISP)
    assert found.expressions == ["evil.example/a", "evil.example/b", "evil.invalid/", "evil.test/"]
    assert dict(found.tally) == {Drop.WELL_KNOWN: 1}
    with pytest.raises(FeedError, match="an event of it is no event of MISP"):
        read(tmp_path, b'{"Event": []}', Form.MISP)


def test_the_real_events_of_misp() -> None:
    folder = corpus("feed-misp")
    found = read_file(source(Form.MISP), folder / "reportlab_testfiles" / "mainly_objects_1.json", SCREEN)
    assert sum(found.tally.values()) + len(found.expressions) < 500
    assert (
        read_file(source(Form.MISP), folder / "57c4445b-c548-4654-af0b-4be3950d210f.json", SCREEN).expressions
        == []
    )


@pytest.mark.parametrize(
    ("kind", "text", "result"),
    [
        (EntryKind.URL, "https://drive.google.com/uc?id=1", "drive.google.com/uc?id=1"),
        (EntryKind.URL, "https://docs.google.com/forms/d/1/view", "docs.google.com/forms/d/1/view"),
        (EntryKind.URL, "https://drive.google.com/", Drop.WELL_KNOWN),
        (EntryKind.URL, "https://drive.google.com/file/", Drop.WELL_KNOWN),
        (EntryKind.URL, "https://WWW.Dropbox.com/s/", Drop.WELL_KNOWN),
        (EntryKind.URL, "https://www.github.com", Drop.WELL_KNOWN),
        (EntryKind.HOST, "docs.google.com", Drop.WELL_KNOWN),
        (EntryKind.HOST, "googleapis.com", Drop.WELL_KNOWN),
        (EntryKind.HOST, "bit.ly", Drop.WELL_KNOWN),
        (EntryKind.HOST, "co.uk", Drop.PUBLIC_SUFFIX),
        (EntryKind.HOST, "github.io", Drop.PUBLIC_SUFFIX),
        (EntryKind.URL, "http://blogspot.com/", Drop.PUBLIC_SUFFIX),
        (EntryKind.HOST, "evil.github.io", "evil.github.io/"),
        (EntryKind.HOST, "evil.sharepoint.com", "evil.sharepoint.com/"),
        (EntryKind.URL, "https://t.example.org/AbC", Drop.OWN),
        (EntryKind.HOST, "example.org", Drop.OWN),
        (EntryKind.URL, "https://example.org/page", "example.org/page"),
        (EntryKind.HOST, "com", Drop.MALFORMED),
        (EntryKind.HOST, "192.0.2.1-192.0.2.9", Drop.MALFORMED),
        (EntryKind.HOST, "999.0.2.1", Drop.MALFORMED),
        (EntryKind.HOST, "<title>Maintenance</title>", Drop.MALFORMED),
        (EntryKind.URL, "javascript:alert(1)", Drop.MALFORMED),
        (EntryKind.URL, "http://" + "a" * 5000 + "/", Drop.MALFORMED),
        (EntryKind.URL, "http://evil.example/" + "a" * 5000, Drop.MALFORMED),
        (EntryKind.URL, "http://0x7f.1/", "127.0.0.1/"),
    ],
)
def test_no_feed_lists_what_belongs_to_many(kind: EntryKind, text: str, result: str | Drop) -> None:
    assert SCREEN.expression(Entry(kind, text)) == result


def test_an_administrators_own_list_is_taken_at_its_word() -> None:
    own = Screen(["t.example.org"], trusted=True)
    assert own.expression(Entry(EntryKind.HOST, "facebook.com")) == "facebook.com/"
    assert own.expression(Entry(EntryKind.HOST, "duckdns.org")) == "duckdns.org/"
    assert own.expression(Entry(EntryKind.HOST, "t.example.org")) is Drop.OWN
    assert own.expression(Entry(EntryKind.HOST, "192.0.2.1-192.0.2.9")) is Drop.MALFORMED


@settings(deadline=None)  # the Public Suffix List is read once
@given(st.text(max_size=60), st.sampled_from(EntryKind))
def test_whatever_a_feed_says_an_expression_is_one_line_of_ascii(text: str, kind: EntryKind) -> None:
    found = SCREEN.expression(Entry(kind, text))
    if not isinstance(found, Drop):
        assert found.isascii()
        assert found.isprintable()
        assert " " not in found
        assert "/" in found


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from([Form.PLAIN, Form.URLHAUS, Form.OPENPHISH, Form.MISP]))
def test_whatever_a_file_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, form: Form
) -> None:
    with contextlib.suppress(FeedError):
        found = read(tmp_path_factory.getbasetemp(), data, form)
        assert found.expressions == sorted(set(found.expressions))


def test_packed_files_are_unpacked_by_their_bytes(tmp_path: Path) -> None:
    assert read(tmp_path, gzip.compress(b"evil.example\n")).expressions == ["evil.example/"]
    assert len(read(tmp_path, zipped(URLHAUS_CSV), Form.URLHAUS).expressions) == 3


@pytest.mark.parametrize("pack", ["gzip", "zip"])
def test_a_bomb_is_not_unpacked(tmp_path: Path, pack: str) -> None:
    data = (gzip.compress if pack == "gzip" else zipped)(b"0" * 50_000_000)
    for form in (Form.PLAIN, Form.MISP):
        with pytest.raises(FeedError, match="unpacks to more than 1000000 bytes"):
            read(tmp_path, data, form)


def _broken_lzma() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("list", b"evil.example\n" * 50)
    data = packed.getvalue()
    at = data.index(b"list") + 20
    return data[:at] + b"\xff" * 10 + data[at + 10 :]


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(os.urandom(2000))[:-20],
        b"\x1f\x8b" + b"x" * 100,
        b"PK\x03\x04" + b"x" * 100,
        _broken_lzma(),
        gzip.compress(b"evil.example\n")[:12] + b"\xff" * 20,
    ],
    ids=["cut off", "no gzip behind the mark", "no zip behind the mark", "lzma", "nonsense inside"],
)
def test_a_broken_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FeedError, match="cannot be unpacked"):
        read(tmp_path, data)


@pytest.mark.parametrize("form", [Form.URLHAUS, Form.MISP])
@pytest.mark.parametrize(
    "data",
    [b'{"Event":\n' * 100_000, b'{\n"Event": {"Attribute": [{"value": "\xff\xfe", "type": "url"}]}}'],
    ids=["nested without end", "no UTF-8"],
)
def test_json_that_cannot_be_read_is_refused_as_any_other_nonsense(
    tmp_path: Path, form: Form, data: bytes
) -> None:
    with pytest.raises(FeedError, match=r"no event of MISP|no JSON of URLhaus"):
        read(tmp_path, data, form)


def test_a_page_in_the_place_of_a_list_is_refused(tmp_path: Path) -> None:
    page = b"<!doctype html>\n<html>\n<head><title>Down for maintenance</title>\n<body>\nPlease come back\n"
    for form in (Form.PLAIN, Form.URLHAUS, Form.OPENPHISH):
        with pytest.raises(FeedError, match="it is no such list"):
            read(tmp_path, page, form)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_as_windows_may_save_it_is_told_what_is_wrong(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "own.txt"
    path.write_bytes("\ufeffevil.example\r\n".encode(encoding))
    with pytest.raises(FeedError, match="it is UTF-16, and has to be UTF-8"):
        read_file(source(Form.PLAIN), path, SCREEN)


def test_a_line_without_end_costs_one_entry(tmp_path: Path) -> None:
    found = read(tmp_path, b"evil.example\n" + b"a" * 100_000 + b"\nevil.test\n")
    assert found.expressions == ["evil.example/", "evil.test/"]
    assert dict(found.tally) == {Drop.MALFORMED: 1}


def test_a_flood_of_empty_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_LINES", 1000)
    assert read(tmp_path, b"evil.example\n" + b"\n" * 999).expressions == ["evil.example/"]
    with pytest.raises(FeedError, match="more than 1000 lines"):
        read(tmp_path, gzip.compress(b"evil.example\n" + b"\n" * 1000))


def test_more_entries_than_are_good_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="more than 10 entries"):
        read(tmp_path, b"".join(b"evil%d.example\n" % n for n in range(11)), most=10)
