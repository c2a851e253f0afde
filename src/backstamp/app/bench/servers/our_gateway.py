"""A gateway process that guards the links of all received mail, for `backstamp bench gateway`."""

import os
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from backstamp.app.bench.servers.ports import free_port
from backstamp.lifetime import module_command
from backstamp.policy import ConsentMode, DomainPolicy, Protection, ProtectionMode, Snapshot
from backstamp.shared_files import publish_snapshot
from backstamp.tokens import Keyring

DOMAIN: Final = "example.org"
TRACKING_URL: Final = "https://t.example.org"


def start(stack: ExitStack, folder: Path, listen: int, next_hop: int, milter: Path) -> int:
    """Start it as content filter on a port, and as milter on a socket; return the process id."""
    data = folder / "data"
    data.mkdir(0o700)
    keys = data / "keys.json"
    keys.write_text(Keyring.create(os.urandom(32), os.urandom(32), int(time.time())).to_json())
    keys.chmod(0o600)
    publish_snapshot(data / "snapshot", _policy())
    settings = {
        "DATA_DIR": str(data),
        "LOG_LEVEL": "warning",
        "TRACKING_URL": TRACKING_URL,
        "GATEWAY_LISTEN": f"127.0.0.1:{free_port()}",
        "PROTECTION_LISTEN": f"127.0.0.1:{listen}",
        "PROTECTION_NEXT_HOP": f"smtp://127.0.0.1:{next_hop}",
        "PROTECTION_MILTER_LISTEN": f"unix:{milter}",
        "PROTECTION_MILTER_GROUP": "postfix",
        "PROTECTION_MILTER_FAILURE": "tempfail",
    }
    environment = os.environ | {f"BACKSTAMP_{name}": value for name, value in settings.items()}
    process = subprocess.Popen(module_command("backstamp", "gateway"), env=environment)
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    return process.pid


def _policy() -> Snapshot:
    return Snapshot(
        published_at_us=1,
        enabled=True,
        consent_mode=ConsentMode.OBJECTION,
        tracking_url=TRACKING_URL,
        origins={},
        domains={
            DOMAIN: DomainPolicy(domain_id=1, name=DOMAIN, protection=Protection(mode=ProtectionMode.PROTECT))
        },
    )
