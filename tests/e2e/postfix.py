"""Postfix instances of a test's own: configuration, queue and log in a folder of theirs, on a free port."""

import os
import pwd
import subprocess

import pytest

from backstamp.app.bench.servers.scratch_postfix import ScratchPostfix
from tests.daemons import free_port, require


class Postfix(ScratchPostfix):
    """One instance. `settings` go into main.cf; mail for `mailboxes` is kept, all other mail is relayed."""

    def __init__(
        self,
        name: str,
        settings: dict[str, str],
        *,
        mailboxes: tuple[str, ...] = (),
        smtpd: str = "",
        extra: str = "",
    ) -> None:
        program = require("postfix")
        if os.geteuid() != 0:
            pytest.skip("only root may start a Postfix (CI is)")
        owner = pwd.getpwnam("postfix")
        base = {
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "1s",
            "queue_run_delay": "1s",
            "smtp_connection_cache_on_demand": "no",
            "virtual_mailbox_domains": ", ".join(
                sorted({address.partition("@")[2] for address in mailboxes})
            ),
            "virtual_mailbox_maps": "texthash:$config_directory/mailboxes",
            "virtual_mailbox_base": "$queue_directory/../mail",
            "virtual_uid_maps": f"static:{owner.pw_uid}",
            "virtual_gid_maps": f"static:{owner.pw_gid}",
            "virtual_minimum_uid": "1",
        }
        super().__init__(program, name, free_port(), base | settings, smtpd=smtpd, extra=extra)
        self.path("mailboxes").write_text("".join(f"{address} {address}/\n" for address in mailboxes))
        self.path("mailboxes").chmod(0o644)

    def command(self, *words: str) -> str:
        """Run `postqueue`, `postfix`, ... on this instance."""
        program = require(words[0])
        done = subprocess.run(
            [program, "-c", str(self.folder / "etc"), *words[1:]],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def deliveries(self, address: str) -> list[str]:
        """The log lines that say what became of mail to an address."""
        return [
            line for line in self.log_text.splitlines() if f"to=<{address}>" in line and "status=" in line
        ]

    def mails(self, address: str) -> list[bytes]:
        """What is in an address's Maildir, oldest first."""
        files = sorted(
            (self.folder / "mail" / address / "new").glob("*"), key=lambda path: path.stat().st_mtime
        )
        return [path.read_bytes() for path in files]

    @property
    def is_empty(self) -> bool:
        """Whether the queue is empty."""
        return "Mail queue is empty" in self.command("postqueue", "-p")
