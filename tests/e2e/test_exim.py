"""docs/protect-exim.md and protect-command.md, as they stand there, with real Exim."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from backstamp.app import keyfile
from backstamp.gateway.config import ProtectionConfig
from backstamp.shared_files import publish_snapshot
from tests.daemons import free_port
from tests.e2e.exim import Exim, documented
from tests.e2e.test_received_mail import ANN, BEN, CAT, MIXED, give, policy, tokens, until
from tests.gateway.fake_next_hop import FakeNextHop
from tests.gateway.running import HTML, RING, StartGateway, gateways
from tests.gateway.test_protection import URL, guarded_link

pytestmark = pytest.mark.daemon
DAN = "dan@customer.example"
BODY = HTML.partition(b"\r\n\r\n")[2]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[StartGateway]:
    async with gateways(tmp_path) as start:
        yield start


@pytest.fixture
async def exim() -> AsyncIterator[Callable[..., Any]]:
    running: list[Exim] = []

    async def start(*given: Any, **more: Any) -> Exim:
        running.append(Exim(*given, **more))
        await asyncio.to_thread(running[-1].start)
        return running[-1]

    yield start
    for each in running:
        await asyncio.to_thread(each.stop)


async def one_mail(exim: Exim, address: str) -> bytes:
    await until(f"mail for {address}", partial(exim.mails, address))
    return exim.mails(address)[0].replace(b"\n", b"\r\n")


async def test_mail_goes_by_backstamp_once_in_each_direction(
    gateway: StartGateway, exim: Callable[..., Any], tmp_path: Path
) -> None:
    away = await FakeNextHop().start()
    filter_port = free_port()
    mta = await exim(filter_port, away_port=away.port)
    protection = ProtectionConfig(
        threat_lists=tmp_path / "threats.lists",
        lmtp_listen=f"127.0.0.1:{filter_port}",
        next_hop=f"smtp://127.0.0.1:{mta.back_port}",
    )
    await gateway("smtp://127.0.0.1:9", policy(), protection=protection)
    assert (await asyncio.to_thread(give, mta.port, MIXED, ANN, CAT))[0] == 250
    ann, cat = [await one_mail(mta, address) for address in (ANN, CAT)]
    assert [token.recipient_key for token in tokens(ann)] == [RING.recipient_key(ANN)] * 2
    assert cat.endswith(MIXED[-200:])
    assert tokens(cat) == []
    for mail in (ann, cat):
        assert mail.count(b"X-Checked: by the ACL for DATA") == 1, "what comes back is not checked again"
    reply = HTML.replace(URL.encode(), guarded_link())
    assert (await asyncio.to_thread(give, mta.port, reply, DAN, BEN))[0] == 250
    await until("the reply", lambda: away.accepted)
    assert away.accepted[0].rcpts == [f"RCPT TO:<{DAN}>"]
    assert away.accepted[0].data.endswith(BODY), "it leads to the target again"
    assert len(tokens(await one_mail(mta, BEN))) == 1
    await away.stop()


PASSED_ON = """\
#!/bin/sh
cat > {folder}/$$.tmp
printf '%s\\n' "$@" > {folder}/$$.words
mv {folder}/$$.tmp {folder}/$$.mail
while ! test -e {folder}/$$.code; do sleep 0.05; done
cat {folder}/$$.copy
exit $(cat {folder}/$$.code)
"""
"""What `sudo -u backstamp` does elsewhere: Exim starts no filter as root, nobody else may run this one."""


async def pass_on(folder: Path, data: Path) -> None:
    """Run the command for each mail that Exim's filter brings."""
    while True:
        for mail in folder.glob("*.mail"):
            words = mail.with_suffix(".words").read_text().splitlines()
            with mail.open("rb") as message, mail.with_suffix(".copy").open("wb") as copy:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "backstamp", *words),
                    env=os.environ | {"BACKSTAMP_DATA_DIR": str(data)},
                    stdin=message,
                    stdout=copy,
                )
                code = await process.wait()
            mail.unlink()
            mail.with_suffix(".new").write_text(str(code))
            mail.with_suffix(".new").rename(mail.with_suffix(".code"))
        await asyncio.sleep(0.05)


async def test_exim_delivers_through_the_command(exim: Callable[..., Any], tmp_path: Path) -> None:
    keyfile.ensure(tmp_path / "keys.json")
    publish_snapshot(tmp_path / "snapshot", policy())
    folder = Path(tempfile.mkdtemp(prefix="backstamp-pipe-"))
    folder.chmod(0o777)
    command = folder / "backstamp"
    command.write_text(PASSED_ON.format(folder=folder))
    command.chmod(0o755)
    running = asyncio.create_task(pass_on(folder, tmp_path))
    try:
        lines = documented("protect-command.md", "exim.conf transport_filter")
        lines = lines.replace("/usr/local/bin/backstamp", str(command))
        mta = await exim(9, delivery=lines.replace("user = backstamp", "user = mail"))
        assert (await asyncio.to_thread(give, mta.port, HTML, ANN, CAT))[0] == 250
        ann, cat = [await one_mail(mta, address) for address in (ANN, CAT)]
    finally:
        running.cancel()
        shutil.rmtree(folder)
    assert b"X-Backstamp-Protection: protect; links=1\r\n" in ann
    assert URL.encode() not in ann
    assert cat.endswith(BODY)
