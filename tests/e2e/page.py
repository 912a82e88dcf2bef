#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""page.py PAGE - a page as its elements say it, as JSON, read by a parser that is not the browser's: whether every element
is closed where it should be, what is loaded from elsewhere, the words, and every table with its values."""
import html.parser
import json
import sys

VOID = {"meta", "br", "link", "img", "input", "hr"}
MAY_STAY_OPEN = {"tr", "dd", "dt"}  # the next one, or the end of what they are in, ends them


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.wrong, self.outside, self.ids = [], [], [], []
        self.tables, self.figures, self.words, self.policy = [], [], [], ""
        self.cell = None

    # --- elements ---

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        self.note(tag, attributes)
        if tag in VOID:
            return
        while self.stack and self.stack[-1] in MAY_STAY_OPEN and (
                self.stack[-1] == tag or {self.stack[-1], tag} == {"dd", "dt"}):
            self.stack.pop()
        self.stack.append(tag)

    def handle_endtag(self, tag):
        while self.stack and self.stack[-1] != tag and self.stack[-1] in MAY_STAY_OPEN:
            self.stack.pop()
        if not self.stack or self.stack.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")
        if tag in ("td", "th"):
            self.cell = None

    def note(self, tag, attributes):
        for name in ("src", "href"):
            if not attributes.get(name, "#").startswith("#"):
                self.outside.append(attributes[name])
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]
        if any(name.startswith("on") or name == "style" for name in attributes):
            self.wrong.append(f"{tag} with {attributes} at {self.getpos()}")
        if tag == "figure":
            self.figures.append({"kind": attributes.get("data-kind"), "table": len(self.tables)})
        elif tag == "table":
            self.tables.append({"rows": [], "section": self.words[-1:] and self.heading})
        elif tag == "tr":
            self.tables[-1]["rows"].append([])
        elif tag in ("td", "th"):
            self.cell = {"words": "", "v": float(attributes["data-v"]) if "data-v" in attributes else None}
            self.tables[-1]["rows"][-1].append(self.cell)

    # --- words ---

    heading = ""

    def handle_data(self, data):
        if not self.stack or self.stack[-1] in ("script", "style"):
            return
        if self.stack[-1] in ("h1", "h2", "h3"):
            self.heading = data
        if self.cell is not None:
            self.cell["words"] += data
        if data.strip():
            self.words.append(data)


def main():
    page = Page()
    with open(sys.argv[1], encoding="utf-8") as file:  # fails on bytes that are no UTF-8
        page.feed(file.read())
    page.close()
    json.dump({"wrong": page.wrong + page.stack, "outside": page.outside, "policy": page.policy,
               "same_ids": len(page.ids) - len(set(page.ids)), "figures": page.figures,
               "tables": page.tables, "words": page.words}, sys.stdout)


if __name__ == "__main__":
    main()
