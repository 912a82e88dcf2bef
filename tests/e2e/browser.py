#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""browser.py [--dark] [--without-script] [--screenshot FILE] PAGE - opens a page in headless Chromium and tells, as JSON,
what its reader would see: messages of the console, pictures that are drawn, what the arrow keys say, what prints.

Speaks WebDriver with chromedriver (W3C Recommendation "WebDriver", 2018), which it starts and ends.
"""
import argparse
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--window-size=1100,900", "--hide-scrollbars"]

FACTS = """
const drawn = canvas => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = new Set();
    for (let at = 0; at < pixels.length; at += 4)
        if (pixels[at + 3])
            colours.add(pixels[at] << 16 | pixels[at + 1] << 8 | pixels[at + 2]);
    return colours.size;
};
return {
    title: document.title,
    figures: document.querySelectorAll("figure.chart").length,
    canvases: document.querySelectorAll("canvas").length,
    colours: Array.from(document.querySelectorAll("canvas"), drawn),
    labels: Array.from(document.querySelectorAll("canvas"), c => c.getAttribute("aria-label")),
    scripts: document.scripts.length,
    foreign: document.querySelectorAll("img, svg, iframe, object, embed, link, style ~ style").length,
    owned: typeof window.owned,
    resources: performance.getEntriesByType("resource").map(entry => entry.name),
    tables: document.querySelectorAll("table").length,
    links: Array.from(document.querySelectorAll("nav a"), a => !!document.querySelector(a.getAttribute("href"))),
    headings: Array.from(document.querySelectorAll("h1, h2, h3"), h => h.tagName + " " + h.textContent),
    background: getComputedStyle(document.body).backgroundColor,
    overflow: document.documentElement.scrollWidth > innerWidth,
};
"""


class Browser:
    def __init__(self, arguments):
        self.profile = tempfile.mkdtemp()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session = ""
        self.wait_for_driver()
        options = {"args": FLAGS + ["--user-data-dir=" + self.profile]}
        if arguments.without_script:
            options["prefs"] = {"profile.managed_default_content_settings.javascript": 2}
        made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = "/session/" + made["sessionId"]

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{self.session}{path}",
                                         method=method, data=data,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def wait_for_driver(self):
        for _ in range(200):
            try:
                self.ask("GET", "/status")
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("chromedriver does not answer")

    def devtools(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, script):
        return self.ask("POST", "/execute/sync", {"script": script, "args": []})

    def close(self):
        try:
            if self.session:
                self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            shutil.rmtree(self.profile, ignore_errors=True)


def press(browser, key):
    for kind in ("keyDown", "keyUp"):
        browser.devtools("Input.dispatchKeyEvent", type=kind, key=key, code=key)


def by_keys(browser, facts):
    """What the keys reach: the first Tab, and the values of the first picture."""
    press(browser, "Tab")
    facts["first_stop"] = browser.run("return document.activeElement.textContent")
    facts["said"] = []
    if not facts["canvases"]:
        return
    browser.run("document.querySelector('canvas').focus()")
    for key in ("ArrowRight", "ArrowRight", "End"):
        press(browser, key)
        facts["said"].append(browser.run("return document.querySelector('[aria-live]').textContent"))


def on_paper(browser, facts):
    pdf = base64.b64decode(browser.ask("POST", "/print", {"background": True}))
    facts["pdf_bytes"] = len(pdf) if pdf.startswith(b"%PDF") else None


def look(browser, arguments):
    if arguments.dark:
        browser.devtools("Emulation.setEmulatedMedia",
                         features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.ask("POST", "/url", {"url": "file://" + os.path.abspath(arguments.page)})
    if arguments.screenshot:
        height = arguments.height or browser.run("return document.documentElement.scrollHeight")
        shot = browser.devtools("Page.captureScreenshot", captureBeyondViewport=True,
                                clip={"x": 0, "y": arguments.top, "width": 1100, "height": height,
                                      "scale": 1})
        with open(arguments.screenshot, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
    facts = browser.run(FACTS)
    by_keys(browser, facts)
    on_paper(browser, facts)
    facts["console"] = browser.ask("POST", "/se/log", {"type": "browser"})
    return facts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--without-script", action="store_true")
    parser.add_argument("--screenshot")
    parser.add_argument("--top", type=int, default=0, help="of the screenshot, pixels")
    parser.add_argument("--height", type=int, help="of the screenshot; default: the whole page")
    parser.add_argument("page")
    arguments = parser.parse_args()
    browser = Browser(arguments)
    try:
        json.dump(look(browser, arguments), sys.stdout, indent=1)
    finally:
        browser.close()


if __name__ == "__main__":
    main()
