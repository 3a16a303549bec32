"""What the suite's own browser does on our pages: the `browser` entries of a configuration, made from a few words.

A task runs when the page's address matches, else it is left out (if optional) or fails the module. `callback` and
`page` say what the module ends on, so that a redirect where a page is due fails, and the other way round.
"""

from __future__ import annotations

from http_json import Json

# Modules that must end on our error page: whatever address they bring is not the client's.
REFUSED_BY_PAGE = (
    "oidcc-ensure-registered-redirect-uri",
    "oidcc-ensure-redirect-uri-in-authorization-request",
    "oidcc-redirect-uri-query-added",
    "oidcc-redirect-uri-query-mismatch",
)
# Modules that look at the sign-in page of their second request.
SIGNS_IN_AGAIN = ("oidcc-prompt-login", "oidcc-max-age-1")
# Modules that look at what the pages say of the client, and are over when they have the picture.
LOOKS_AT_CLIENT = ("oidcc-registration-logo-uri", "oidcc-registration-policy-uri", "oidcc-registration-tos-uri")
# Modules whose logout request is refused by a page.
LOGOUT_REFUSED = (
    "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
    "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
    "oidcc-rp-initiated-logout-modified-id-token-hint",
    "oidcc-rp-initiated-logout-bad-id-token-hint",
    "oidcc-rp-initiated-logout-no-id-token-hint",
)
# Modules whose logout request names no address to return to: they end on our page.
LOGOUT_STAYS = (
    "oidcc-rp-initiated-logout-no-params",
    "oidcc-rp-initiated-logout-only-state",
    "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
)
# Modules that a real browser walks through: no automation by the suite.
REAL_BROWSER = ("oidcc-session-management-rp-initiated-logout",)

SECONDS = 10


def looks(for_text: str, picture: str) -> Json:
    """Waits for a text on the page and keeps the page as the picture that the module wants."""
    return ["wait", "xpath", "//*", SECONDS, for_text, picture]


class Pages:
    """Our pages and the suite's, and how a person gets through them."""

    def __init__(self, issuer: str, suite: str, credentials: tuple[str, str]) -> None:
        self.issuer, self.suite = issuer, suite
        self.username, self.password = credentials

    def entries(self) -> list[Json]:
        """For every module that says nothing else: sign in, allow, return; sign out, return."""
        return [
            self._authorization([*self._sign_in(), self._returned()]),
            self._logout([self._confirmed(optional=True), self._said_goodbye()]),
        ]

    def overrides(self) -> Json:
        """For the modules that end elsewhere or keep a picture."""
        refused = [self._authorization([self._shown("/oauth2/authorize*", "Error")])]
        again = [
            self._authorization(
                [*self._sign_in(looks("Sign in", "update-image-placeholder-optional")), self._returned()]
            )
        ]
        login, _ = self._sign_in()
        client = [self._authorization([login, self._shown("/consent*", "Allow")])]
        signed_in = self._authorization([*self._sign_in(), self._returned()])
        denied = [signed_in, self._logout([self._shown("/oauth2/logout*", "Error")])]
        goodbye = [self._confirmed(optional=True), self._shown("/*", "signed out")]
        stays = [signed_in, self._logout(goodbye)]
        chosen = [
            (REFUSED_BY_PAGE, refused),
            (SIGNS_IN_AGAIN, again),
            (LOOKS_AT_CLIENT, client),
            (LOGOUT_REFUSED, denied),
            (LOGOUT_STAYS, stays),
            (REAL_BROWSER, []),
        ]
        return {module: {"browser": entries} for modules, entries in chosen for module in modules}

    def _authorization(self, tasks: list[Json]) -> Json:
        return {"match": f"{self.issuer}/oauth2/authorize*", "tasks": tasks}

    def _logout(self, tasks: list[Json]) -> Json:
        return {"match": f"{self.issuer}/oauth2/logout*", "tasks": tasks}

    def _sign_in(self, at_login: Json = None) -> list[Json]:
        typed = [
            ["text", "name", "username", self.username],
            ["text", "name", "password", self.password],
            ["click", "css", "button[type=submit]"],
        ]
        login = {"task": "Sign in", "optional": True, "match": f"{self.issuer}/login*"}
        consent = {"task": "Allow", "optional": True, "match": f"{self.issuer}/consent*"}
        login["commands"] = [at_login, *typed] if at_login else typed
        consent["commands"] = [["click", "id", "allow"]]
        return [login, consent]

    def _returned(self) -> Json:
        """Back at the suite, whose page has passed on what it was given."""
        commands = [["wait", "id", "submission_complete", SECONDS]]
        return {"task": "Return to the client", "match": f"{self.suite}/test/*/callback*", "commands": commands}

    def _shown(self, path: str, text: str) -> Json:
        """Our own page, kept as the module's picture."""
        commands = [looks(text, "update-image-placeholder")]
        return {"task": f"See “{text}”", "match": f"{self.issuer}{path}", "commands": commands}

    def _confirmed(self, optional: bool) -> Json:
        commands = [["click", "id", "logout", "optional"]]
        return {"task": "Sign out", "optional": optional, "match": f"{self.issuer}/*", "commands": commands}

    def _said_goodbye(self) -> Json:
        commands = [["wait", "contains", "/post_logout_redirect", SECONDS]]
        return {"task": "Return after signing out", "commands": commands}
