#!/usr/bin/env python3
"""Opens the live page of a server in a real browser and checks that it lives.

    page_test.py --artefacts FOLDER [--needs-file FILE] [--needs-command "PROGRAM ARGUMENT…"] -- SERVER [ARGUMENT…]

SERVER takes --port N, prints a line "listening on http://…/" and ends on SIGTERM. Exit code 77 (skipped) when there is
no chromium, FILE does not exist or PROGRAM fails. Screenshots go to the artefacts folder.
"""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys

import cdp

SKIPPED = 77

# The pixels of the picture, small, as text: two different values mean that the picture moved.
FINGERPRINT = """(() => {
  const picture = document.getElementById("picture");
  if (picture.hidden || !picture.naturalWidth) return "";
  const canvas = document.createElement("canvas");
  canvas.width = 64; canvas.height = 36;
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, 64, 36);
  return Array.from(context.getImageData(0, 0, 64, 36).data).join();
})()"""

COUNT_EVENTS = "document.querySelectorAll('#events > li').length"
NOTICE = "document.getElementById('notice').textContent"


class Server:
    """The program under test; a context manager."""

    def __init__(self, command, port="0"):
        self.command = command
        self.process = subprocess.Popen([*command, "--port", port], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.address = self._address()

    def _address(self):
        for line in self.process.stdout:
            found = re.search(r"listening on (http://\S+)", line)
            if found:
                return found.group(1)
        raise AssertionError(f"{self.command[0]} ended before it said where it listens")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.stdin.close()
            self.process.wait(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def check_live(browser, address):
    browser.open(address)
    browser.wait_for("a connection", "document.getElementById('connection')?.dataset.state === 'connected'")
    first = browser.wait_for("a picture", FINGERPRINT, 60)
    browser.wait_for("a second picture", f"{FINGERPRINT} !== '{first}'", 30)
    browser.wait_for("tracks", "document.querySelectorAll('#tracks tr').length > 0", 30)
    browser.wait_for("an event", f"{COUNT_EVENTS} > 0", 60)
    browser.wait_for("figures", "parseFloat(document.getElementById('figure-fps').textContent) > 0")
    count = browser.evaluate(COUNT_EVENTS)
    browser.wait_for("one more event without reloading", f"{COUNT_EVENTS} > {count}", 60)
    assert not browser.evaluate(NOTICE), "a notice lies over the picture of a running camera"


def check_looks(browser, folder):
    for name, width, height, dark in (("light", 1280, 800, False), ("dark", 1280, 800, True),
                                      ("narrow", 360, 1400, False)):
        browser.emulate(width, height, dark)
        wide = browser.wait_for("a layout", "document.documentElement.scrollWidth")
        browser.wait_for("a picture", FINGERPRINT)
        assert wide <= width, f"at {width} px the page is {wide} px wide"
        browser.screenshot(os.path.join(folder, f"{name}.png"))
    browser.emulate(1280, 800, False)


def check_accessible(browser):
    unnamed = browser.evaluate("""[...document.querySelectorAll("img, button, [role=region]")].filter(e =>
        !e.hasAttribute("alt") && !e.textContent.trim() && !e.hasAttribute("aria-labelledby")).map(e => e.outerHTML)""")
    assert not unnamed, f"elements without a name: {unnamed}"
    assert browser.evaluate("document.querySelectorAll('main, header').length") == 2
    assert browser.evaluate("document.getElementById('events').getAttribute('aria-live')") == "polite"


def check_broken_camera(browser, folder):
    """Only with page_demo, whose second camera is down."""
    browser.evaluate("document.querySelector('#cameras button:nth-child(2)').click()")
    browser.wait_for("why the camera is down", f"{NOTICE}.includes('connection refused')")
    assert not browser.evaluate(FINGERPRINT), "the picture of another camera is shown"
    browser.screenshot(os.path.join(folder, "down.png"))
    browser.evaluate("document.querySelector('#cameras button:nth-child(1)').click()")
    browser.wait_for("the picture again", FINGERPRINT)


def check_restart(browser, server, folder):
    """The page goes on by itself when the server comes back."""
    port = server.address.rstrip("/").rsplit(":", 1)[1]
    server.stop()
    browser.wait_for("that the server is gone", "document.getElementById('connection').dataset.state === 'offline'")
    browser.screenshot(os.path.join(folder, "offline.png"))
    browser.errors.clear()  # the browser itself reports refused connections
    with Server(server.command, port):
        browser.wait_for("the server again", "document.getElementById('connection').dataset.state === 'connected'", 30)
        first = browser.wait_for("a picture again", FINGERPRINT, 60)
        browser.wait_for("a moving picture again", f"{FINGERPRINT} !== '{first}'", 30)
        browser.errors.clear()


def missing(options):
    """What keeps the test from running, or None."""
    if not cdp.find_browser():
        return "no chromium here; install the package chromium"
    if options.needs_file and not os.path.exists(options.needs_file):
        return f"{options.needs_file} is not there; scripts/test fetches it"
    if options.needs_command:
        outcome = subprocess.run(shlex.split(options.needs_command), capture_output=True, text=True, check=False)
        if outcome.returncode != 0:
            return f"'{options.needs_command}' fails: {outcome.stderr.strip()}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--artefacts", required=True)
    parser.add_argument("--needs-file")
    parser.add_argument("--needs-command")
    parser.add_argument("server", nargs="+")
    options = parser.parse_args()
    reason = missing(options)
    if reason:
        print(f"SKIPPED: {reason}")
        return SKIPPED
    os.makedirs(options.artefacts, exist_ok=True)
    with Server(options.server) as server, cdp.Browser(cdp.find_browser()) as browser:
        try:
            check_live(browser, server.address)
            check_accessible(browser)
            check_looks(browser, options.artefacts)
            if browser.evaluate("document.querySelectorAll('#cameras button').length") > 1:
                check_broken_camera(browser, options.artefacts)
            assert not browser.errors, f"the browser's console shows errors: {browser.errors}"
            check_restart(browser, server, options.artefacts)
        except AssertionError:
            browser.screenshot(os.path.join(options.artefacts, "failure.png"))
            print("console:", browser.errors)
            raise
    print(f"passed; screenshots in {options.artefacts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
