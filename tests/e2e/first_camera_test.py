#!/usr/bin/env python3
"""Adds the first camera of a site in a real browser, looks at it, and removes it again.

    first_camera_test.py --artefacts FOLDER --clip FILE --program OCELLI

Exit code 77 (skipped) when there is no chromium, no clip, or no model.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cdp
from page_test import FINGERPRINT, NOTICE, SKIPPED, Server

RESULT = "document.getElementById('add-result').textContent"


def fill(browser, url, name):
    browser.evaluate(f"document.getElementById('add-url').value = {url!r}")
    browser.evaluate(f"document.getElementById('add-name').value = {name!r}")
    browser.evaluate("document.getElementById('add-button').click()")


def check_first_camera(browser, address, options, config):
    browser.open(address)
    browser.wait_for("a connection", "document.getElementById('connection')?.dataset.state === 'connected'")
    browser.wait_for("an invitation", f"{NOTICE}.includes('No camera yet')", 30)
    browser.wait_for("the form", "document.getElementById('add').open")
    browser.screenshot(os.path.join(options.artefacts, "empty.png"))

    browser.wait_for("a model", "fetch('/health/ready').then(answer => answer.ok)", 60)
    fill(browser, options.clip, "street")
    browser.wait_for("it to be added", f"{RESULT}.includes('street was added')", 30)
    browser.wait_for("its name", "document.getElementById('camera-title').textContent === 'street'", 30)
    browser.wait_for("a picture", FINGERPRINT, 60)
    browser.screenshot(os.path.join(options.artefacts, "first.png"))
    assert "street:" in config.read_text(), config.read_text()

    browser.errors.clear()
    fill(browser, options.clip, "street")
    browser.wait_for("why it cannot be added", f"{RESULT}.includes('already')", 30)
    browser.screenshot(os.path.join(options.artefacts, "refused.png"))
    browser.errors.clear()  # the browser itself reports answers such as 409


def check_removal(browser, options, config):
    press = "document.getElementById('remove').click()"
    browser.evaluate(press)
    browser.wait_for("a question", "document.getElementById('remove').textContent === 'Really remove street?'")
    browser.evaluate(press)
    browser.wait_for("it to be removed", f"{RESULT}.includes('street was removed')", 30)
    browser.wait_for("an empty page", f"{NOTICE}.includes('No camera yet')", 30)
    assert not browser.evaluate(FINGERPRINT), "the picture of a removed camera is shown"
    browser.screenshot(os.path.join(options.artefacts, "removed.png"))
    assert "street:" not in config.read_text(), config.read_text()


def missing(options):
    if not cdp.find_browser():
        return "no chromium: scripts/setup --tests brings it"
    if not os.path.exists(options.clip):
        return f"{options.clip} is not there: scripts/clip brings it"
    done = subprocess.run([options.program, "models", "verify", "yolov8n"], capture_output=True, text=True, check=False)
    return f"no model: {done.stderr.strip()}" if done.returncode else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--artefacts", "--clip", "--program"):
        parser.add_argument(option, required=True)
    options = parser.parse_args()
    reason = missing(options)
    if reason:
        print(f"SKIPPED: {reason}")
        return SKIPPED
    os.makedirs(options.artefacts, exist_ok=True)
    os.environ["OCELLI_STORE_ENABLED"] = "false"
    with tempfile.TemporaryDirectory() as folder:
        os.environ["OCELLI_SERVER_TOKENS"] = str(Path(folder) / "tokens.json")
        config = Path(folder) / "site.yaml"
        config.write_text("# no cameras yet\n")
        with Server([options.program, "serve", "-c", str(config)]) as server, \
                cdp.Browser(cdp.find_browser()) as browser:
            try:
                check_first_camera(browser, server.address, options, config)
                check_removal(browser, options, config)
                assert not browser.errors, f"the browser's console shows errors: {browser.errors}"
            except AssertionError:
                browser.screenshot(os.path.join(options.artefacts, "failure.png"))
                print("console:", browser.errors)
                raise
    print(f"passed; screenshots in {options.artefacts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
