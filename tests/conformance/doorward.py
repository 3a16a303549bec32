"""A Doorward of our own: its certificate, its folder, its database, its process."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Self

from http_json import Remote

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN = 60.0


def build() -> Path:
    """Builds the program with cargo; where it is."""
    subprocess.run(["cargo", "build", "--locked", "--bin", "doorward"], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "debug" / "doorward"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost, signed by itself, and its key. ECDSA on P-256, two days long."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command = ["openssl", "req", *kind, *subject, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


class Doorward:
    """A running server in the profile for conformance suites. A context: it is gone when the block ends."""

    def __init__(self, program: Path, folder: Path, port: int) -> None:
        self.issuer = f"https://localhost:{port}"
        self.folder = folder
        self.program = program
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.certificate, self.key = make_certificate(folder)

    def start(self, database: str, suite: str, suite_certificate: Path) -> None:
        """Starts it. `suite` is host and port of the one private address it may call, known by that certificate."""
        settings = {
            "ISSUER": self.issuer,
            "PROFILE": "certification",
            "SERVER__BIND": f"127.0.0.1:{self.port}",
            "SERVER__TLS__CERTIFICATE": str(self.certificate),
            "SERVER__TLS__KEY": str(self.key),
            "DATABASE__URL": database,
            "EGRESS__ALLOW": suite,
            "EGRESS__CA_FILE": str(suite_certificate),
        }
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
        environment |= {f"DOORWARD__{name}": value for name, value in settings.items()}
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [str(self.program), "serve"], cwd=self.folder, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        self._wait_until_ready(self.process)

    def stop(self) -> None:
        """Asks it to end, and waits for it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        remote = Remote(self.issuer, str(self.certificate))
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until:
            if process.poll() is not None:
                raise RuntimeError(f"Doorward did not start:\n{(self.folder / 'log').read_text()}")
            try:
                remote.call("GET", "/readyz")
                return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError(f"Doorward was not ready within {STARTS_WITHIN:.0f} s")
