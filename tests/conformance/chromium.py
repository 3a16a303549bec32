"""A real Chromium, by the WebDriver protocol: for modules whose frames the suite's own browser cannot run."""

from __future__ import annotations

import socket
import subprocess
import time
from typing import Self
from urllib.parse import urlsplit

from browser import Pages
from http_json import Json, Refused, Remote

# The key under which WebDriver names an element (W3C WebDriver section 11).
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--lang=en"]
SECONDS = 15.0


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Chromium:
    """One browser with its own cookies. A context: driver and browser are gone when the block ends."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def __enter__(self) -> Self:
        port = free_port()
        self._driver = subprocess.Popen(
            ["chromedriver", f"--port={port}", "--log-level=SEVERE"], stdout=subprocess.DEVNULL
        )
        try:
            self._remote = Remote(f"http://127.0.0.1:{port}")
            wanted = {"acceptInsecureCerts": True, "goog:chromeOptions": {"args": FLAGS}}
            self._session = f"/session/{self._new_session({'capabilities': {'alwaysMatch': wanted}})}"
        except BaseException:
            self._driver.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._remote.call("DELETE", self._session)
        finally:
            self._driver.terminate()
            self._driver.wait(timeout=10)

    def walk(self, url: str) -> None:
        """Opens an address and does what our pages ask for, until the browser is somewhere else."""
        self._post("/url", {"url": url})
        until = time.monotonic() + SECONDS
        while (address := str(self._get("/url"))).startswith(self._pages.issuer):
            if time.monotonic() > until:
                raise TimeoutError(f"Chromium does not get on: it is at {address}")
            if not self._answer(urlsplit(address).path):
                # The page is on its way out, or not there yet.
                time.sleep(0.1)

    def _answer(self, path: str) -> bool:
        """Fills in one page; whether everything was there."""
        if path == "/login":
            fields = [("input[name=username]", self._pages.username), ("input[name=password]", self._pages.password)]
            return all(self._type(selector, text) for selector, text in fields) and self._click("button[type=submit]")
        return self._click("#allow" if path == "/consent" else "#logout")

    def _new_session(self, wanted: Json) -> str:
        until = time.monotonic() + SECONDS
        while True:
            try:
                return str(self._remote.call("POST", "/session", wanted)["value"]["sessionId"])
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _click(self, selector: str) -> bool:
        return self._act(selector, "click", {})

    def _type(self, selector: str, text: str) -> bool:
        return self._act(selector, "clear", {}) and self._act(selector, "value", {"text": text})

    def _act(self, selector: str, action: str, body: Json) -> bool:
        """Does something with an element; whether it was there."""
        try:
            element = self._post("/element", {"using": "css selector", "value": selector})[ELEMENT]
            self._post(f"/element/{element}/{action}", body)
        except Refused as refusal:
            # No such element, or no longer.
            if refusal.status == 404:
                return False
            raise
        return True

    def _get(self, path: str) -> Json:
        return self._remote.call("GET", self._session + path)["value"]

    def _post(self, path: str, body: Json) -> Json:
        return self._remote.call("POST", self._session + path, body)["value"]
