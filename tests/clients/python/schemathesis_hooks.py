"""How schemathesis gets its access token: a new one every second, because the calls it makes end sessions too.

Reads ISSUER, CLIENT_ID and CLIENT_SECRET. Calls that would remove that one client are left out.
"""

import os

import httpx
import schemathesis

ISSUER, CLIENT_ID, CLIENT_SECRET = (os.environ[name] for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"))


@schemathesis.auth(refresh_interval=1)
class ClientCredentials:
    def get(self, case, context):
        answer = httpx.post(
            f"{ISSUER}/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=(CLIENT_ID, CLIENT_SECRET),
            timeout=60,
        )
        return answer.raise_for_status().json()["access_token"]

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def filter_case(context, case):
    return CLIENT_ID not in (case.path_parameters or {}).values()
