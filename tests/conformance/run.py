#!/usr/bin/env python3
"""Runs the OpenID certification plans against a Doorward of its own, by a suite that is already running."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import plans
from admin import Admin
from browser import REAL_BROWSER, Pages
from chromium import Chromium
from doorward import ROOT, Doorward, build
from http_json import Json, Refused
from plans import DYNAMIC, PLANS, STATIC, Plan
from postgres import Cluster
from suite import FINISHED, Suite, certificate_of
from verdict import Verdict, expectations, table, unexpected, write

HERE = Path(__file__).resolve().parent
# A run that takes longer is stopped; the slowest one waits 60 s by itself.
LONGEST = 120.0
# The module that waits until the server has new keys.
ROTATION = "oidcc-server-rotate-keys"


class Runner:
    """One Doorward, one suite, and the plans between them."""

    def __init__(self, suite: Suite, doorward: Doorward, registration: str) -> None:
        self.suite = suite
        self.registration = registration
        self.admin = Admin(doorward)
        self.pages: Pages = plans.pages(doorward.issuer, suite.base)

    def run(self, plan: Plan, response_type: str, only: list[str], workers: int) -> list[Verdict]:
        """Runs a plan's modules, or those that are named, each to its end."""
        print(f"\n{plan.name}", flush=True)
        try:
            made, modules = self._create(plan, response_type)
        except Refused as refusal:
            return [Verdict.unmade(plan.word, str(refusal))]
        wanted = [module for module in modules if not only or module["testModule"] in only]
        # Modules with an alias answer at the same address: one at a time.
        with ThreadPoolExecutor(1 if self.registration == STATIC else workers) as pool:
            return list(pool.map(lambda module: self._module(plan, made, module), wanted))

    def _create(self, plan: Plan, response_type: str) -> tuple[str, list[Json]]:
        if self.registration == STATIC:
            clients = plans.static_clients(plan, self.admin, self.suite.base)
        else:
            clients = plans.dynamic_clients(None)
        told = plans.configuration(plan, self.registration, self.pages, clients)
        return self.suite.create_plan(plan.name, plan.variant(self.registration, response_type), told)

    def _module(self, plan: Plan, made: str, module: Json) -> Verdict:
        began = time.monotonic()
        run = self.suite.create_run(made, module)
        with ExitStack() as stack:
            real = module["testModule"] in REAL_BROWSER
            chromium = stack.enter_context(Chromium(self.pages)) if real else None
            info = self._follow(run, module["testModule"], chromium)
        verdict = Verdict.of(plan.word, module, info, self.suite.log(run), self.suite.page_of(run))
        print(f"  {verdict.line()} ({time.monotonic() - began:.0f} s)", flush=True)
        return verdict

    def _follow(self, run: str, module: str, chromium: Chromium | None) -> Json:
        """Waits for the end of a run, and does what it waits for."""
        until = time.monotonic() + LONGEST
        rotated = False
        while (info := self.suite.info(run))["status"] not in FINISHED:
            if time.monotonic() > until:
                self.suite.cancel(run)
                until = float("inf")
            if module == ROTATION and info["status"] == "CONFIGURED" and not rotated:
                self.admin.rotate_keys()
                self.suite.start(run)
                rotated = True
            if chromium and not self._walk(run, chromium):
                until = 0
            time.sleep(0.3)
        return info

    def _walk(self, run: str, chromium: Chromium) -> bool:
        """Goes where the suite's own browser does not; whether the pages let it through."""
        try:
            for url in self.suite.unvisited(run):
                self.suite.visited(run, url)
                chromium.walk(url)
        except (Refused, TimeoutError) as error:
            print(f"  {error}", flush=True)
            return False
        return True


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    words = [plan.word for plan in PLANS]
    parser.add_argument(
        "plans", nargs="*", metavar="plan", help=f"which plans; all when none is named: {', '.join(words)}"
    )
    parser.add_argument("--suite", default="https://localhost:9443", help="where the suite runs (%(default)s)")
    parser.add_argument(
        "--suite-certificate", type=Path, help="PEM file of its certificate; what it shows when not given"
    )
    parser.add_argument(
        "--registration", choices=("static", "dynamic"), default="dynamic", help="how clients come to be (%(default)s)"
    )
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), default="sqlite", help="what Doorward stores in (%(default)s)"
    )
    parser.add_argument("--response-type", default="code", help="for the plans that leave it open (%(default)s)")
    parser.add_argument("--module", action="append", default=[], help="only this module; may be repeated")
    parser.add_argument("--workers", type=int, default=3, help="modules at once, with dynamic clients (%(default)s)")
    parser.add_argument("--program", type=Path, help="the program to try; built by cargo when not given")
    parser.add_argument("--port", type=int, default=8443, help="where Doorward listens (%(default)s)")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "target" / "conformance", help="for its data and the results"
    )
    asked = parser.parse_args()
    unknown = set(asked.plans) - set(words)
    if unknown:
        parser.error(f"unknown plan: {', '.join(sorted(unknown))}")
    asked.registration = STATIC if asked.registration == "static" else DYNAMIC
    return asked


def main() -> int:
    """Runs, prints the table, and says by its exit code whether everything went as expected."""
    asked = arguments()
    chosen = [plan for plan in PLANS if plan.word in asked.plans or not asked.plans]
    chosen = [plan for plan in chosen if asked.registration in plan.registrations]
    program = (asked.program or build()).resolve()
    folder = (asked.folder / f"{asked.database}-{asked.registration}").resolve()
    verdicts: list[Verdict] = []
    with ExitStack() as stack:
        database = stack.enter_context(Cluster()).url if asked.database == "postgresql" else "sqlite:data/doorward.db"
        doorward = stack.enter_context(Doorward(program, folder, asked.port))
        certificate = asked.suite_certificate or certificate_of(asked.suite, folder / "suite.pem")
        suite = Suite(asked.suite, certificate.resolve())
        version = suite.version()
        doorward.start(database, urlsplit(suite.base).netloc, certificate.resolve())
        runner = Runner(suite, doorward, asked.registration)
        runner.admin.create_person()
        for plan in chosen:
            verdicts += runner.run(plan, asked.response_type, asked.module, asked.workers)
    write(verdicts, folder / "verdicts.json")
    print(f"\nsuite {version}, {asked.database}, {asked.registration}\n\n{table(verdicts)}")
    wrong = unexpected(verdicts, expectations(HERE / "expected.json"))
    if wrong:
        print("\nnot as expected:\n\n" + "\n".join(wrong))
    return 1 if wrong or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
