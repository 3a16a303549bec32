"""A PostgreSQL cluster for one run, by the programs that are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

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

    def __enter__(self) -> Cluster:
        self._folder = Path(tempfile.mkdtemp(prefix="doorward-conformance-"))
        # PostgreSQL refuses to run as root; its package has made a user for it.
        self._user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        if self._user:
            shutil.chown(self._folder, "postgres", "postgres")
        data = self._folder / "data"
        made = [programs() / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, cwd=self._folder, **self._user)
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS.format(folder=self._folder))
        self._server = subprocess.Popen(
            [programs() / "postgres", "-D", data], cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._user
        )
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
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
