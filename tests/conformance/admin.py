"""What the suite needs to find: a person with every standard claim, clients, new keys. By Doorward's admin REST."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

from doorward import Doorward
from http_json import Json, Remote

USERNAME, PASSWORD = "alice", "correct horse battery staple"

# Every claim of OpenID Connect Core 1.0 section 5.1 that somebody can set.
CLAIMS = {
    "name": "Alice Adams",
    "given_name": "Alice",
    "family_name": "Adams",
    "middle_name": "Ann",
    "nickname": "Al",
    "preferred_username": "alice",
    "profile": "https://people.example/alice",
    "picture": "https://people.example/alice.png",
    "website": "https://alice.example/",
    "gender": "female",
    "birthdate": "1990-02-28",
    "zoneinfo": "Europe/Vienna",
    "locale": "en-GB",
    "email": "alice@people.example",
    "email_verified": True,
    "phone_number": "+43 1 5550123",
    "phone_number_verified": True,
    "address": {
        "formatted": "1 Main Street\n1010 Vienna\nAustria",
        "street_address": "1 Main Street",
        "locality": "Vienna",
        "region": "Vienna",
        "postal_code": "1010",
        "country": "Austria",
    },
}


class Admin:
    """The admin REST, with the client that the first run made."""

    def __init__(self, doorward: Doorward) -> None:
        made = json.loads((doorward.folder / "data" / "first-run.json").read_text())
        self._client = made["admin_client"]
        self._remote = Remote(doorward.issuer, str(doorward.certificate))

    def create_person(self) -> None:
        """Makes the person that signs in, with every claim."""
        self._call("POST", "/users", {"username": USERNAME, "password": PASSWORD, **CLAIMS})

    def create_client(self, client_id: str, metadata: Json) -> Json:
        """Makes a client; `client_id` and `client_secret` as the suite's configuration wants them."""
        made = self._call("POST", "/clients", {"client_id": client_id, **metadata})
        return {"client_id": client_id, "client_secret": made["client_secret"]}

    def rotate_keys(self) -> None:
        """Puts a new key for ID tokens into use. Of that algorithm only: the suite cannot read every other kind of key."""
        self._call("POST", "/keys/rotate", {"algorithm": "RS256"})

    def _call(self, method: str, path: str, body: Json = None) -> Json:
        # Access tokens live minutes, runs may take an hour: each call asks for its own.
        headers = {"authorization": f"Bearer {self._token()}"}
        return self._remote.call(method, f"/api/v1{path}", body, headers)

    def _token(self) -> str:
        pair = f"{self._client['client_id']}:{self._client['client_secret']}"
        basic = base64.b64encode(pair.encode()).decode()
        form = urlencode({"grant_type": "client_credentials", "scope": "admin"}).encode()
        answer = self._remote.call("POST", "/oauth2/token", form, {"authorization": f"Basic {basic}"})
        return str(answer["access_token"])
