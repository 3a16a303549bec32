"""The running suite, by its HTTP API."""

from __future__ import annotations

import json
import ssl
import time
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from http_json import Json, Refused, Remote

# Where a module rests. WAITING is for the browser, the others are final or wait for us.
FINISHED = ("FINISHED", "INTERRUPTED")


def certificate_of(base: str, file: Path) -> Path:
    """Writes the certificate that the suite shows into a file. Only for a suite on this machine: nothing proves it."""
    url = urlsplit(base)
    file.write_text(ssl.get_server_certificate((url.hostname or "localhost", url.port or 443)))
    return file


class Suite:
    """Plans and the runs of their modules."""

    def __init__(self, base: str, certificate: Path) -> None:
        self.base = base.rstrip("/")
        self._remote = Remote(self.base, str(certificate))

    def version(self) -> str:
        """The version that the suite says it has."""
        return str(self._remote.call("GET", "/api/server")["version"])

    def create_plan(self, name: str, variant: dict[str, str], configuration: Json) -> tuple[str, list[Json]]:
        """The plan's id and its modules, each with `testModule` and its own `variant`."""
        query = {"planName": name}
        if variant:
            query["variant"] = json.dumps(variant)
        plan = self._remote.call("POST", f"/api/plan?{urlencode(query)}", configuration)
        return plan["id"], plan["modules"]

    def create_run(self, plan: str, module: Json) -> str:
        """Starts a module of a plan; the run's id."""
        query = {"test": module["testModule"], "plan": plan}
        if module.get("variant"):
            query["variant"] = json.dumps(module["variant"])
        return str(self._remote.call("POST", f"/api/runner?{urlencode(query)}")["id"])

    def start(self, run: str) -> None:
        """Lets a run go on that waits in CONFIGURED."""
        self._remote.call("POST", f"/api/runner/{run}")

    def cancel(self, run: str) -> None:
        """Stops a run that does not get on; it ends INTERRUPTED. Nothing happens if it is over."""
        try:
            self._remote.call("DELETE", f"/api/runner/{run}")
        except Refused as refusal:
            if refusal.status != 404:
                raise

    def info(self, run: str) -> Json:
        """`status` and, once finished, `result` of a run."""
        # A run is known to the API a moment after it was made.
        for _ in range(20):
            try:
                return self._remote.call("GET", f"/api/info/{run}")
            except Refused as refusal:
                if refusal.status != 404:
                    raise
            time.sleep(0.1)
        raise TimeoutError(f"the suite does not know run {run}")

    def log(self, run: str) -> list[Json]:
        """Every entry of a run's log, in order."""
        return list(self._remote.call("GET", f"/api/log/{run}"))

    def unvisited(self, run: str) -> list[str]:
        """URLs that the suite's own browser leaves to somebody else."""
        try:
            return list(self._remote.call("GET", f"/api/runner/browser/{run}")["urls"])
        except Refused as refusal:
            if refusal.status in (404, 503):
                return []
            raise

    def visited(self, run: str, url: str) -> None:
        """Says that somebody else has gone there."""
        self._remote.call("POST", f"/api/runner/browser/{run}/visit?url={quote(url, safe='')}")

    def page_of(self, run: str) -> str:
        """Where a person reads a run's log."""
        return f"{self.base}/log-detail.html?log={run}"
