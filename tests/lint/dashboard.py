"""The dashboard's panels ask for metrics that purser counts, by labels that they have."""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAMILY = re.compile(r'MetricFamily \w+\{\s*"([a-z_]+)"')
ASKED = re.compile(r"\b((?:purser|gen_ai)_[a-z_]+)")
MADE_OF_A_HISTOGRAM = ("_bucket", "_count", "_sum")


def counted():
    names = set()
    for folder in ("agent", "tools", "gateway"):
        for file in (ROOT / folder).rglob("*.?pp"):
            names.update(FAMILY.findall(file.read_text(encoding="utf-8")))
    return names


def main():
    board = json.loads((ROOT / "config/grafana/purser.json").read_text(encoding="utf-8"))
    known = counted()
    bad = [] if known else ["no metric is found in the sources"]
    titles = set()
    for panel in board["panels"]:
        if panel["title"] in titles:
            bad.append(f"two panels are called {panel['title']!r}")
        titles.add(panel["title"])
        for target in panel["targets"]:
            for name in ASKED.findall(target["expr"]):
                plain = next((name[: -len(end)] for end in MADE_OF_A_HISTOGRAM if name.endswith(end)), name)
                if plain not in known and name not in known:
                    bad.append(f"{panel['title']!r} asks for {name}, which nobody counts")
            legend = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            grouped = re.search(r"by \(([a-z_, ]+)\)", target["expr"])
            labels = {label.strip() for label in grouped.group(1).split(",")} if grouped else set()
            if not legend <= labels:
                bad.append(f"{panel['title']!r} names {sorted(legend - labels)}, by which it does not group")
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
