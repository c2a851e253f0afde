"""The looks of other people's links: ordinary mail, and what a feed names."""

import csv

from backstamp.threats.heuristics import Looks, is_suspicious, suspicions, total_weight
from backstamp.urls.parsing import web_url
from tests.corpus import corpus
from tests.threats.links_of_mail import links_of

SPAM = {"content_transfer_encoding_empty.eml"}
"""Mail of the corpus that is no ordinary one."""


def test_fewer_than_one_in_two_hundred_links_of_ordinary_mail_of_the_corpus_is_suspicious() -> None:
    total, noted, suspicious = 0, 0, 0
    paths = [path for folder in ("mail-*", "tmpl-*") for path in sorted(corpus().glob(f"{folder}/**/*"))]
    for path in paths:
        if not path.is_file() or path.name == "README.md":
            continue
        for link in links_of(path):
            total += 1
            findings = suspicions(link)
            noted += bool(findings)
            if findings:
                print(
                    path.name, link.url.href[:100], total_weight(findings), [str(f.reason) for f in findings]
                )
            suspicious += is_suspicious(findings) and path.name not in SPAM
    print(f"{total} links, {noted} with a finding, {suspicious} suspicious")
    assert total > 500
    assert suspicious < total / 200


def test_links_that_the_feed_of_the_corpus_names_have_looks() -> None:
    lines = (
        (corpus("feed-samples") / "urlhaus-csv_recent-sample.csv").read_text(encoding="utf-8").splitlines()
    )
    hrefs = [row[2] for row in csv.reader(line for line in lines if not line.startswith("#"))]
    bad = [suspicions(Looks(url=url)) for href in hrefs if (url := web_url(href)) is not None]
    found, suspicious = sum(map(bool, bad)), sum(map(is_suspicious, bad))
    print(f"{len(bad)} URLs, {found} with a finding, {suspicious} suspicious")
    assert len(bad) == 5
    assert found == 5
    assert suspicious == 3
