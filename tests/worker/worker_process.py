"""A worker in a process of its own, to be killed: `python -m tests.worker.worker_process DIRECTORY`."""

import asyncio
import os
import sys
from pathlib import Path


def main(directory: Path) -> None:
    os.environ["BACKSTAMP_DATA_DIR"] = str(directory)
    os.environ["DJANGO_SETTINGS_MODULE"] = "backstamp.app.django_settings"
    import django

    django.setup()
    from backstamp.policy import ConsentMode, Snapshot
    from backstamp.worker import WorkerConfig
    from backstamp.worker.service import serve

    config = WorkerConfig(
        signatures_path=directory / "signatures.json",
        update_signatures=False,
        journal_dir=directory / "journal",
        looking_back_dir=directory / "looking-back",
        known_sites_path=directory / "sites.known",
        snapshot_path=directory / "snapshot",
        source_keys_dir=directory / "source-keys",
        clock_path=directory / "clock",
        policy=Snapshot(
            published_at_us=0, enabled=True, consent_mode=ConsentMode.OBJECTION, tracking_url="", origins={}
        ),
        retention_days=90,
        capture_dir=directory / "capture",
        capture_listen=f"unix:{directory / 'capture.sock'}",
        capture_max_bytes=100_000,
        edge_counters_dir=directory / "metrics",
    )
    print("ready", flush=True)
    asyncio.run(serve(config, stop=asyncio.Event()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
