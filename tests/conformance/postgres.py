"""A PostgreSQL cluster for one run, by the programs that are installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

# Nothing here must survive a crash.
SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
listen_addresses = ''
unix_socket_directories = '{folder}'
"""
STARTS_WITHIN = 30.0


def programs() -> Path:
    """Where `initdb` and `postgres` are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    asked = shutil.which("pg_config")
    if asked is not None:
        found.append(Path(subprocess.check_output([asked, "--bindir"], text=True).strip()))
    for folder in reversed(found):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise FileNotFoundError("PostgreSQL's server programs are missing: install the package `postgresql`")


class Cluster:
    """A context: the server runs within the block and its folder is gone afterwards."""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="doorward-conformance-"))
        # PostgreSQL refuses to run as root; its package has made a user for it.
        root = os.geteuid() == 0
        if root:
            shutil.chown(self._folder, "postgres", "postgres")
        whoever = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
        data = str(self._folder / "data")
        made = [str(programs() / "initdb"), "-D", data, "--username=postgres", "--auth=trust", "--encoding=UTF8"]
        subprocess.run([*whoever, *made, "--no-locale", "--no-sync"], check=True, capture_output=True, cwd=self._folder)
        with Path(data, "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS.format(folder=self._folder))
        self._server = subprocess.Popen(
            [*whoever, str(programs() / "postgres"), "-D", data],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        # The fast way to stop: nobody is waited for.
        self._server.send_signal(signal.SIGINT)
        self._server.wait(timeout=60)
        shutil.rmtree(self._folder)

    @property
    def url(self) -> str:
        """The address of its one database."""
        return f"postgres://postgres@localhost/postgres?host={self._folder}"

    def _wait(self) -> None:
        until = time.monotonic() + STARTS_WITHIN
        ask = [str(programs() / "pg_isready"), "-q", "-h", str(self._folder)]
        while subprocess.run(ask, check=False).returncode != 0:
            if time.monotonic() > until or self._server.poll() is not None:
                raise TimeoutError("PostgreSQL did not start")
            time.sleep(0.1)
