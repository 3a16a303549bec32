"""JSON over HTTPS, by the standard library alone."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from typing import Any

Json = Any


class Refused(Exception):
    """An answer that is no success: its status and its text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:500]}")
        self.status = status


class Remote:
    """One server below a base URL, known by its certificate."""

    def __init__(self, base: str, certificate: str | None = None) -> None:
        """`certificate` is a PEM file to trust beside the system's; urls are the base followed by a path."""
        self.base = base.rstrip("/")
        self._context = ssl.create_default_context()
        if certificate is not None:
            self._context.load_verify_locations(certificate)

    def call(self, method: str, path: str, body: Json = None, headers: dict[str, str] | None = None) -> Json:
        """Sends JSON, or a form if the body is bytes; reads JSON, or `None` from an empty answer."""
        sent = {"accept": "application/json", **(headers or {})}
        if isinstance(body, bytes):
            sent["content-type"] = "application/x-www-form-urlencoded"
        elif body is not None or method == "POST":
            sent.setdefault("content-type", "application/json")
            body = b"" if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, body, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60, context=self._context) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode(errors="replace")) from error
        return json.loads(text) if text else None
