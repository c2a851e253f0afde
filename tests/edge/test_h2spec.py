"""HTTP/2 as RFC 9113 and RFC 7541 have it: h2spec's cases against the real edge."""

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import trustme

from tests.daemons import require
from tests.edge.server_process import running_edge
from tests.edge.setting import pixel, publish

MAY_FAIL = {
    # What does not begin with the preface is HTTP/1 here, and is answered 400 in it.
    ("3.5. HTTP/2 Connection Preface", "Sends invalid connection preface"),
    # We answer without waiting for a body; where that is quicker, hyper passes over the trailers.
    (
        "8.1.2.1. Pseudo-Header Fields",
        "Sends a HEADERS frame that contains a pseudo-header field as trailers",
    ),
    # The same with a stream that has its answer already: what comes for it is passed over.
    (
        "6.9.1. The Flow-Control Window",
        "Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream",
    ),
    # And with a body of another length than was said.
    *(
        (
            "8.1.2.6. Malformed Requests and Responses",
            'Sends a HEADERS frame with the "content-length" header field which does not equal the '
            f"{what} payload length",
        )
        for what in ("DATA frame", "sum of the multiple DATA frames")
    ),
}
"""Section and title. docs/tracking-host.md names them."""


@pytest.mark.daemon
@pytest.mark.parametrize("tls", [False, True], ids=["cleartext", "TLS"])
def test_all_cases_of_h2spec_pass_but_five_that_are_known(tmp_path: Path, *, tls: bool) -> None:
    assert failures(tmp_path, tls=tls) - MAY_FAIL == set()


def failures(directory: Path, *, tls: bool) -> set[tuple[str, str]]:
    """Run all cases, the strict ones too; return section and title of those that failed."""
    if shutil.which("go") is None and shutil.which("h2spec") is None:
        pytest.skip("h2spec is not installed, and there is no Go to install it with")
    program = require("h2spec")
    publish(directory)
    pem = directory / "edge.pem" if tls else None
    if pem is not None:
        certificate = trustme.CA().issue_cert("localhost")
        certificate.private_key_and_cert_chain_pem.write_to_path(str(pem))
    with running_edge(directory, pem=pem) as server:
        server.wait_until_it_listens()
        before = server.workers()
        report = directory / "report.xml"
        command: list[str | Path] = [
            program,
            "--strict",
            "-h",
            "127.0.0.1",
            "-p",
            str(server.port),
            "-P",
            f"/{pixel()}",
        ]
        command += ["-j", report, *(["-t", "-k"] if tls else [])]
        subprocess.run(command, capture_output=True, check=False, timeout=120)
        assert server.workers() == before, "no worker died of it"
    assert "Traceback" not in server.log
    assert "panicked" not in server.log
    cases = [
        (str(suite.get("name")), case)
        for suite in ElementTree.parse(report).getroot()
        for case in suite.iter("testcase")
    ]
    assert len(cases) > 140
    return {
        (name, str(case.get("classname")))
        for name, case in cases
        if case.find("failure") is not None or case.find("error") is not None
    }
