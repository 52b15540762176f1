"""Takes the scripts that acquire and release a lock out of their Swift source: scripts.py SOURCE OUT"""

import re
import sys

source, out = sys.argv[1:]
with open(source) as file:
    text = file.read()


def literal(name: str) -> str:
    """The text of the constant's last multi-line literal, without the indentation of its closing quotes."""
    found = re.search(r"static let " + name + r' =[^"]*"""\n(.*?)\n( *)"""', text, re.DOTALL)
    if not found:
        sys.exit(f"{source} has no constant {name} any more: adapt scripts.py")
    indentation = len(found[2])
    return "".join(line[indentation:] + "\n" for line in found[1].split("\n"))


for name, flags in (("acquire", ""), ("release", "allow-oom")):
    if f"static let {name} =\n        clock + holder + " not in text:
        sys.exit(f"{source} does not put {name} together as it did: adapt scripts.py")
    with open(f"{out}/{name}.lua", "w") as file:
        file.write(f"#!lua flags={flags}\n" + literal("clock") + literal("holder") + literal(name))
