#!/usr/bin/env python3
"""Compares our canonicalization with libxml2's (through lxml) on random documents.

    c14n.py CANONICALIZER [--count 20000] [--seed N]

CANONICALIZER is the example `c14n` of lychgate-saml. Of every document one element is canonicalized in its context, by
Canonical XML 1.0 or Exclusive XML Canonicalization 1.0 with a random PrefixList, without comments. lxml canonicalizes
whole documents only, so the element is first taken out with the namespaces in scope (and, for Canonical XML 1.0, the
nearest xml: attributes) written on it: its canonical form is then that of the element in its context, by definition.

Not compared: `#default` in a PrefixList. lxml drops it on its way to libxml2, with every prefix that no document has
used.
"""
import argparse
import base64
import io
import random
import subprocess
import sys

from lxml import etree

URIS = [f"urn:example:{letter}" for letter in "abcdefg"]
URIS += ["http://example.com/?x", "http://example.com/B"]
PREFIXES = ["a", "b", "c", "ds", "xs", "xsi", "p1", "Z", "_u", "é"]
LOCALS = ["a", "b", "Item", "item", "Zeta", "x-y", "x.y", "_1", "ä", "名"]
XML_ATTRIBUTES = ["lang", "space", "base", "other"]
XML = "http://www.w3.org/XML/1998/namespace"
PIECES = [
    "text", " ", "\n", "\t", "\r\n", "\r", ">", "\"", "'", "é", "名", "😀", "\x7f", "\u2028",
    "&#13;", "&#xD;", "&#10;", "&#9;", "&#x1F600;", "&#233;", "&#x7f;", "&#x85;",
    "&amp;", "&lt;", "&gt;", "&quot;", "&apos;",
]


class Generator:
    """Random documents that are well-formed and stay within what the strict reader takes."""

    def __init__(self, rng):
        self.rng = rng

    def document(self):
        rng = self.rng
        declaration = "<?xml version='1.0' encoding='UTF-8'?>\r\n"
        before = rng.choice(["", '<?xml version="1.0"?>', declaration, "<!-- c -->\n"])
        after = rng.choice(["", "\n", "<!-- d -->", "\n<!-- e -->\n"])
        self.elements = 0
        return before + self.element(0, {}, rng.choice([2, 4, 8, 12])) + after

    def text(self, quote=None):
        pieces = self.rng.choices(PIECES, k=self.rng.choice([0, 1, 1, 2, 4]))
        return "".join(piece for piece in pieces if piece != quote)

    def element(self, depth, outer, deepest):
        rng = self.rng
        self.elements += 1
        scope = dict(outer)
        declarations = []
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 4])):
            prefix = rng.choice(PREFIXES + ["", "", ""])
            uri = rng.choice(URIS + ["", ""]) if prefix == "" else rng.choice(URIS)
            if prefix not in [declared for declared, _ in declarations]:
                declarations.append((prefix, uri))
                scope[prefix] = uri
        prefixes = [prefix for prefix in scope if prefix]
        prefix = rng.choice([""] + prefixes)
        name = (prefix + ":" if prefix else "") + rng.choice(LOCALS)
        parts = [(f"xmlns:{prefix}" if prefix else "xmlns", uri) for prefix, uri in declarations]
        taken = set()
        for _ in range(rng.choice([0, 0, 1, 2, 3, 6])):
            prefix = rng.choice(["", "", "xml"] + prefixes)
            local = rng.choice(XML_ATTRIBUTES if prefix == "xml" else LOCALS)
            uri = XML if prefix == "xml" else scope[prefix] if prefix else ""
            if (uri, local) not in taken:
                taken.add((uri, local))
                parts.append(((prefix + ":" if prefix else "") + local, None))
        rng.shuffle(parts)
        tag = "<" + name
        for attribute, value in parts:
            quote = rng.choice("\"'")
            value = self.text(quote) if value is None else value
            tag += rng.choice([" ", "\n", "\r\n", "  "]) + attribute + rng.choice(["=", " = "]) + quote + value + quote
        tag += rng.choice(["", "", " ", "\n"])
        children = 0 if depth >= deepest or self.elements > 60 else rng.choice([0, 1, 1, 2, 3])
        if not children and rng.random() < 0.4:
            return tag + "/>"
        content = [self.content()]
        for _ in range(children):
            content += [self.element(depth + 1, scope, deepest), self.content()]
        return tag + ">" + "".join(content) + "</" + name + rng.choice(["", " "]) + ">"

    def content(self):
        kind = self.rng.random()
        if kind < 0.1:
            return "<!-- a & b -->"
        if kind < 0.2:
            return "<![CDATA[" + self.rng.choice(["", "a & b", "<x>]]", "\r\n", "é > \""]) + "]]>" + self.text()
        if kind < 0.25:
            return self.text() + "<!---->" + self.text()
        return self.text()


def by_libxml2(document, number, exclusive, prefixes):
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, remove_comments=False, huge_tree=True))
    element = list(root.iter(etree.Element))[number]
    if number:
        outside = {}
        for ancestor in element.iterancestors():
            for name, value in ancestor.attrib.items():
                if name.startswith("{" + XML + "}"):
                    outside.setdefault(name, value)
        element = etree.fromstring(etree.tostring(element, with_tail=False, encoding="utf-8"))
        if not exclusive:
            for name, value in outside.items():
                if name not in element.attrib:
                    element.set(name, value)
    out = io.BytesIO()
    tree = etree.ElementTree(element)
    if exclusive:
        tree.write_c14n(out, exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes or None)
    else:
        tree.write_c14n(out, exclusive=False, with_comments=False)
    return out.getvalue()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("canonicalizer")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, libxml2 {'.'.join(map(str, etree.LIBXML_VERSION))}")
    rng = random.Random(arguments.seed)
    generator = Generator(rng)
    cases, lines = [], []
    for _ in range(arguments.count):
        document = generator.document().encode()
        number = rng.randrange(generator.elements) if rng.random() < 0.8 else 0
        exclusive = rng.random() < 0.7
        prefixes = rng.sample(PREFIXES, rng.choice([0, 0, 1, 2, 4])) if exclusive else []
        cases.append((document, number, exclusive, prefixes))
        method = "exclusive" if exclusive else "inclusive"
        lines.append(f"{base64.b64encode(document).decode()}\t{method}\t{' '.join(prefixes)}\t{number}\n")
    run = subprocess.run([arguments.canonicalizer], input="".join(lines).encode(), stdout=subprocess.PIPE, check=True)
    answers = run.stdout.decode().splitlines()
    if len(answers) != len(cases):
        sys.exit(f"{len(cases)} documents, {len(answers)} answers")
    different = 0
    for case, answer in zip(cases, answers):
        expected = by_libxml2(*case)
        ours = answer.encode() if answer.startswith("refused") else base64.b64decode(answer)
        if ours != expected:
            different += 1
            if different <= 3:
                print(f"DIFFERENT {case}\n  libxml2 {expected}\n  ours    {ours}")
    if different:
        sys.exit(f"{different} of {len(cases)} canonical forms differ")
    print(f"{len(cases)} canonical forms equal libxml2's")


if __name__ == "__main__":
    main()
