#!/usr/bin/env python3
"""Looks at a generated page as a reader's browser shows it: Chromium, headless, spoken to over a pipe.

    ci/page.py PAGE [--shots FOLDER] [--axe axe.min.js]

Asserts, wide (1280 px), on a phone (375 px) and dark: nothing scrolls sideways but the boxes made for it, text stands out
from what is behind it as WCAG 2.1 AA asks (4.5:1, large 3:1), no text is cut off. By keyboard: the first stop is the link that
skips to the results, every stop is seen and has a visible ring, and links between the page's parts lead somewhere that is
shown. On paper: fewer than 60 pages, nothing dark. With --axe, axe-core's own rules too. Needs Python alone, no network.

Exit code: 0 if all holds, 1 if not, 75 if there is no browser to ask.
"""

import argparse
import base64
import fcntl
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NO_BROWSER = 75
BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
MOST_PAGES = 60
ANSWER_S = 60

# Everything that is laid out, its colours as they are seen, and how far it reaches.
LOOK = r"""
(() => {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth + 1) {
    const wide = [...document.querySelectorAll('body *')].filter(e => {
      const box = e.getBoundingClientRect();
      return box.right > root.clientWidth + 1 && !e.closest('.scroll, pre, .skip') && box.width > 0;
    });
    faults.push(`the page scrolls sideways: ${root.scrollWidth} of ${root.clientWidth} px, by ` +
      wide.slice(0, 3).map(e => `<${e.tagName.toLowerCase()} class="${e.className}">`).join(', '));
  }
  const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const parsed = text => {
    const numbers = (text.match(/[\d.]+/g) || []).map(Number);
    return numbers.length < 3 ? null : [...numbers.slice(0, 3), numbers.length > 3 ? numbers[3] : 1];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[3] * top[i] + (1 - top[3]) * below[i]).concat(1);
  const behind = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = parsed(getComputedStyle(at).backgroundColor);
      if (colour && colour[3] > 0) layers.push(colour);
      if (colour && colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const seen = new Map();
  let texts = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({visibilityProperty: true}) || element.closest('title')) continue;
    const style = getComputedStyle(element);
    const svg = element.ownerSVGElement;
    const ink = parsed(svg ? style.fill : style.color);
    if (!ink) continue;
    texts += 1;
    let paper = behind(svg ? svg : element);
    if (svg) {
      const sheet = svg.querySelector('rect');
      const fill = sheet && parsed(getComputedStyle(sheet).fill);
      if (fill) paper = over(fill, paper);
    }
    const size = parseFloat(style.fontSize) * (svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1);
    const large = size >= 24 || size >= 18.66 && parseInt(style.fontWeight) >= 700;
    const [a, b] = [light(over(ink, paper)), light(paper)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) {
      const key = `${ink} on ${paper}`;
      if (!seen.has(key)) seen.set(key, `contrast ${ratio.toFixed(2)}:1 of "${node.data.trim().slice(0, 40)}" ` +
        `in <${element.tagName.toLowerCase()} class="${element.getAttribute('class') || ''}">`);
    }
  }
  faults.push(...seen.values());
  if (texts < 50) faults.push(`only ${texts} texts are shown`);
  return faults;
})()
"""

# Where a link leads, and whether that is shown once one is there.
LINKS = r"""
(() => {
  const faults = [];
  const links = [...document.querySelectorAll('a[href^="#"]')];
  for (const link of links) {
    const place = document.getElementById(link.getAttribute('href').slice(1));
    if (!place) faults.push(`${link.getAttribute('href')} leads nowhere`);
  }
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) faults.push(`two places are called ${id}`);
  if (links.length < 5) faults.push(`only ${links.length} links`);
  return faults;
})()
"""

FOCUSED = r"""
(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  return {tag: e.tagName.toLowerCase(), href: e.getAttribute('href'), text: e.textContent.trim().slice(0, 30),
    shown: e.checkVisibility() && box.width > 0 && box.right > 0 && box.bottom > 0 && box.top < innerHeight,
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1};
})()
"""


class Browser:
    """A Chromium and one page of it, by the DevTools protocol over its pipe."""

    def __init__(self, program, home):
        # Away from 3 and 4, the numbers that Chromium reads from and writes to.
        ours, theirs = ([fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in os.pipe()] for _ in range(2))
        self.to, self.of = theirs[1], ours[0]

        def pipes():
            os.dup2(theirs[0], 3)
            os.dup2(ours[1], 4)

        flags = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-extensions"]
        flags += ["--disable-background-networking", "--hide-scrollbars", f"--user-data-dir={home}", "about:blank"]
        if os.geteuid() == 0:
            flags.insert(0, "--no-sandbox")
        self.process = subprocess.Popen([program, *flags], preexec_fn=pipes, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs[0])
        os.close(ours[1])
        self.last, self.left, self.session = 0, b"", None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime"]:
            self.ask(f"{domain}.enable")

    def message(self):
        end = time.monotonic() + ANSWER_S
        while b"\0" not in self.left:
            if not select.select([self.of], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"Chromium did not answer within {ANSWER_S} s")
            read = os.read(self.of, 1 << 20)
            if not read:
                raise ConnectionError("Chromium ended")
            self.left += read
        one, self.left = self.left.split(b"\0", 1)
        return json.loads(one)

    def ask(self, method, **params):
        self.last += 1
        call = {"id": self.last, "method": method, "params": params}
        if self.session:
            call["sessionId"] = self.session
        os.write(self.to, json.dumps(call).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, page):
        self.ask("Page.navigate", url=page.resolve().as_uri())
        end = time.monotonic() + ANSWER_S
        while self.value("document.readyState + location.href") != "complete" + page.resolve().as_uri():
            if time.monotonic() > end:
                raise TimeoutError(f"{page} was not loaded within {ANSWER_S} s")
            time.sleep(0.05)

    def value(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", "a script failed"))
        return answer["result"].get("value")

    def looks(self, width, height, dark=False, media="screen"):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        features = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in features.items()]
        self.ask("Emulation.setEmulatedMedia", media=media, features=features)

    def shot(self, path):
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def key(self, name, code):
        for kind in ["rawKeyDown", "keyUp"]:
            self.ask("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code)

    def close(self):
        self.session = None
        try:
            self.ask("Browser.close")
        except (OSError, RuntimeError):
            pass
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def by_keyboard(browser):
    """Goes through the page by Tab, and follows the first link by Enter."""
    faults, stops = [], []
    browser.looks(1280, 800)
    browser.value("window.scrollTo(0, 0); document.activeElement.blur()")
    for _ in range(25):
        browser.key("Tab", 9)
        stop = browser.value(FOCUSED)
        if stop is None:
            break
        stops.append(stop)
        what = f"<{stop['tag']}> \"{stop['text']}\""
        if not stop["shown"]:
            faults.append(f"the keyboard comes to {what}, which is not in sight")
        if not stop["ring"]:
            faults.append(f"{what} has no ring when the keyboard is at it")
    if not stops or stops[0]["href"] != "#content":
        faults.append("the first stop of the keyboard is not the link that skips to the results")
    if len(stops) < 10:
        faults.append(f"the keyboard stops at {len(stops)} places only")
    # A link to what is folded away unfolds it.
    hidden = browser.value("""(() => {
      const link = [...document.querySelectorAll('a[href^="#"]')].find(a => a.checkVisibility()
        && document.getElementById(a.hash.slice(1)) && !document.getElementById(a.hash.slice(1)).checkVisibility());
      if (link) link.focus();
      return link ? link.hash.slice(1) : null;
    })()""")
    if hidden:
        browser.ask("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)
        browser.ask("Input.dispatchKeyEvent", type="keyUp", key="Enter", code="Enter", windowsVirtualKeyCode=13)
        time.sleep(0.3)
        if not browser.value(f"document.getElementById({json.dumps(hidden)}).checkVisibility()"):
            faults.append(f"the link to #{hidden} leads to what stays folded")
    return faults


def on_paper(browser, shots):
    """Prints the page, as a reader in the dark would."""
    browser.looks(1280, 800, dark=True, media="print")
    faults = browser.value(LOOK)
    dark = browser.value("getComputedStyle(document.body).backgroundColor")
    if dark not in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"):
        faults.append(f"paper is {dark}")
    browser.looks(1280, 800, dark=True, media="")
    pdf = base64.b64decode(browser.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
    if shots:
        (shots / "page.pdf").write_bytes(pdf)
    counts = [int(n) for n in re.findall(rb"/Type\s*/Pages.{0,400}?/Count\s+(\d+)|/Count\s+(\d+)", pdf, re.S) for n in n if n]
    pages = max(counts, default=0)
    if not 0 < pages < MOST_PAGES:
        faults.append(f"on paper it has {pages} pages, not fewer than {MOST_PAGES}")
    print(f"  {pages} pages on paper")
    return faults


def by_axe(browser, axe):
    """Asks axe-core, whose rules know more of what readers who do not see need."""
    browser.value(axe.read_text() + "; 0")
    found = browser.value("axe.run().then(r => r.violations.map(v => `${v.id} (${v.impact}): ${v.help}: ` +"
                          " v.nodes.slice(0, 3).map(n => n.target.join(' ')).join('; ') + ` in ${v.nodes.length} places`))")
    return [f"axe-core: {one}" for one in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--shots", type=Path, help="a folder for pictures of what was looked at, and the PDF")
    parser.add_argument("--axe", type=Path, help="axe-core's axe.min.js")
    given = parser.parse_args()
    program = next(filter(None, map(shutil.which, [os.environ.get("CHROMIUM", ""), *BROWSERS])), None)
    if program is None:
        print(f"no browser: none of {', '.join(BROWSERS)} is installed, and CHROMIUM names none; the page was not looked at")
        return NO_BROWSER
    if given.shots:
        given.shots.mkdir(parents=True, exist_ok=True)
    failed = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser = Browser(program, home)
        try:
            browser.open(given.page)

            def check(name, faults):
                nonlocal failed
                print(f"{'ok   ' if not faults else 'FAILS'} {name}")
                for fault in faults:
                    print(f"      {fault}")
                failed += bool(faults)

            for name, width, height, dark in [("wide", 1280, 900, False), ("phone", 375, 812, False), ("dark", 1280, 900, True),
                                              ("dark phone", 375, 812, True)]:
                browser.looks(width, height, dark)
                check(name, browser.value(LOOK) + (by_axe(browser, given.axe) if given.axe and width == 1280 else []))
                if given.shots:
                    browser.shot(given.shots / f"{name.replace(' ', '-')}.png")
            browser.looks(1280, 900)
            # What is folded away, too.
            browser.value("document.querySelectorAll('details').forEach(d => { d.dataset.was = d.open; d.open = true })")
            check("unfolded", browser.value(LOOK))
            browser.looks(375, 812, True)
            check("unfolded, dark phone", browser.value(LOOK))
            browser.value("document.querySelectorAll('details').forEach(d => { d.open = d.dataset.was === 'true' })")
            check("links", browser.value(LINKS))
            check("keyboard", by_keyboard(browser))
            check("paper", on_paper(browser, given.shots))
        finally:
            browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
