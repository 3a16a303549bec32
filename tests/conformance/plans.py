"""The certification plans for providers, and the configuration that each is given."""

from __future__ import annotations

from dataclasses import dataclass, field

import browser
from admin import PASSWORD, USERNAME, Admin
from http_json import Json

CODE = "code"
FRONT_CHANNEL = ("id_token", "id_token token", "code id_token", "code token", "code id_token token")
# How clients come to be: registered by us before the plan, or by each module for itself.
STATIC, DYNAMIC = "static_client", "dynamic_client"


@dataclass(frozen=True)
class Plan:
    """One plan: what we call it, what the suite calls it, and what it lets us choose."""

    word: str
    registrations: tuple[str, ...] = (STATIC, DYNAMIC)
    # Which variants the plan asks for; the others are fixed by it.
    choices: tuple[str, ...] = ("client_registration", "server_metadata")
    response_types: tuple[str, ...] = (CODE,)
    # Paths below the suite's address of a client that a client of this plan has registered, by member of its metadata.
    addresses: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The suite's name of it."""
        return f"oidcc-{self.word}-certification-test-plan"

    def variant(self, registration: str, response_type: str) -> dict[str, str]:
        """The variants to ask for."""
        known = {
            "client_registration": registration,
            "server_metadata": "discovery",
            "response_type": response_type,
        }
        return {name: known[name] for name in self.choices}


LOGOUT = ("client_registration", "response_type")
GOODBYE = {"post_logout_redirect_uris": "post_logout_redirect"}

PLANS = (
    Plan("config", registrations=(STATIC, DYNAMIC), choices=()),
    Plan("basic"),
    Plan("implicit", response_types=FRONT_CHANNEL[:2]),
    Plan("hybrid", response_types=FRONT_CHANNEL[2:]),
    Plan("dynamic", registrations=(DYNAMIC,), choices=("response_type",)),
    Plan("formpost-basic"),
    Plan("formpost-implicit", response_types=FRONT_CHANNEL[:2]),
    Plan("formpost-hybrid", response_types=FRONT_CHANNEL[2:]),
    Plan("3rdparty-init-login", registrations=(DYNAMIC,), choices=("response_type",)),
    Plan("rp-initiated-logout", choices=LOGOUT, addresses=GOODBYE),
    Plan("session-management", choices=LOGOUT, addresses=GOODBYE),
    Plan(
        "frontchannel-rp-initiated-logout",
        choices=LOGOUT,
        addresses={**GOODBYE, "frontchannel_logout_uri": "frontchannel_logout"},
    ),
    Plan(
        "backchannel-rp-initiated-logout",
        choices=LOGOUT,
        addresses={**GOODBYE, "backchannel_logout_uri": "backchannel_logout"},
    ),
)


def configuration(plan: Plan, registration: str, pages: browser.Pages, clients: Json) -> Json:
    """What the suite is told. With static clients it has an alias, so that their redirect URI is known beforehand."""
    told = {
        "description": f"Doorward, {registration}",
        "server": {
            "discoveryUrl": f"{pages.issuer}/.well-known/openid-configuration",
            "login_hint": USERNAME,
            # Seconds that the suite waits before it uses its own new keys: an unknown one is asked for once a minute.
            "jwks_refresh_delay": 61,
        },
        # Nobody looks at the pages that the suite's browser opens.
        "options": {"browsercontrol_css_enable": False},
        "browser": pages.entries(),
        "override": pages.overrides(),
        **clients,
    }
    if registration == STATIC:
        told["alias"] = alias(plan)
    return told


def alias(plan: Plan) -> str:
    """The part of the suite's addresses that stands for our client in a plan."""
    return f"doorward-{plan.word}"


def pages(issuer: str, suite: str) -> browser.Pages:
    """The pages as our person goes through them."""
    return browser.Pages(issuer, suite, (USERNAME, PASSWORD))


def static_clients(plan: Plan, admin: Admin, suite: str) -> Json:
    """Registers the three clients that plans use, and gives them as a configuration names them."""
    base = f"{suite}/test/a/{alias(plan)}"
    common: Json = {
        "redirect_uris": [f"{base}/callback"],
        "response_types": list(plan.response_types),
        "grant_types": grant_types(plan.response_types),
        "require_pkce": False,
    }
    for member, path in plan.addresses.items():
        uri = f"{base}/{path}"
        common[member] = [uri] if member.endswith("uris") else uri
    methods = {"client": "basic", "client2": "basic", "client_secret_post": "post"}
    return {
        role: admin.create_client(
            f"{alias(plan)}.{role}",
            {**common, "client_name": f"Suite {role}", "token_endpoint_auth_method": f"client_secret_{method}"},
        )
        for role, method in methods.items()
    }


def grant_types(response_types: tuple[str, ...]) -> list[str]:
    """The grants that response types need (OpenID Connect Registration 1.0 section 2), and refreshing where there is a code."""
    words = {word for response_type in response_types for word in response_type.split()}
    return ["authorization_code", "refresh_token"] * (CODE in words) + ["implicit"] * (words != {CODE})


def dynamic_clients(token: str | None) -> Json:
    """What modules register with: names, and the initial access token if registration asks for one."""
    more = {} if token is None else {"initial_access_token": token}
    return {role: {"client_name": f"Suite {role}", **more} for role in ("client", "client2")}
