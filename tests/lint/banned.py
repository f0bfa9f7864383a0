#!/usr/bin/env python3
"""Things that must not stand in this code, each with what to use instead."""
import re

import source

PRODUCT = tuple(f'{floor}/' for floor in source.FLOORS)
TESTS = ('tests/',)
LINES_MAX = 500
LONG_FILES = {
    # path: why this one file is better in one piece
}


class Rule:
    """A pattern that is forbidden in `places`, except in paths that match `but`."""

    def __init__(self, pattern, message, places=PRODUCT, but=None, comments=False):
        self.pattern, self.message, self.places, self.comments = re.compile(pattern), message, places, comments
        self.but = re.compile(but) if but else None

    def covers(self, path):
        return path.startswith(self.places) and not (self.but and self.but.search(path))


RULES = [
    Rule(r'\bdetached\b', 'every spawned coroutine has an owner: use a task group', PRODUCT + TESTS),
    Rule(r'\.\s*detach\s*\(\s*\)', 'a thread has an owner who joins it'),
    Rule(r'\b(?:double|float)\b', 'no floating point near money: integers in minor units',
         ('validation/', 'tools/', 'agent/turn/')),
    Rule(r'\b(?:system_clock|steady_clock|high_resolution_clock|utc_clock)\s*::\s*now\b'
         r'|(?<![\w.>])(?:std\s*::\s*)?time\s*\(\s*(?:nullptr|NULL|0|&\w+)\s*\)'
         r'|\b(?:gettimeofday|clock_gettime|timespec_get|localtime(?:_r)?)\s*\(',
         'time comes from the injected Clock', but=r'^gateway/async/[^/]*clock[^/]*$'),
    Rule(r'\bsleep_(?:for|until)\s*\(\s*std\s*::\s*chrono|this_thread\s*::\s*sleep_(?:for|until)|(?<![\w.>])u?sleep\s*\(',
         'nothing blocks: await Clock::sleep_until', PRODUCT + ('tests/unit/', 'tests/replay/')),
    Rule(r'(?<![\w.>])(?:std\s*::\s*)?s?rand(?:om)?\s*\(|\b(?:random_device|mt19937(?:_64)?|default_random_engine)\b',
         'randomness comes from Mint or crypto::random_bytes'),
    Rule(r'(?<![\w.>])(?:std\s*::\s*)?(?:secure_)?getenv\s*\(|\benviron\b', 'the environment is read in agent/app/process.cpp and handed down',
         but=r'^agent/app/(?:main|process)\.cpp$'),
    Rule(r'[=!]=\s*[\w.:>\-]*\breveal\(\)|\breveal\(\)\s*[=!]=',
         'secrets are compared in constant time (crypto::equal)'),
    Rule(r'\bfor\s*\([^;:(){}]*(?:\w::\w[^;:(){}]*)*\s:\s[\w.:>\-]+\((?:[^()]|\([^()]*\))*\)\s*\[',
         'the range is a part of a temporary that is gone before the first round: name the whole first', PRODUCT + TESTS),
    Rule(r'^\s*using\s+namespace\s+std\s*;', 'name what is used', PRODUCT + TESTS),
    Rule(r'\b(?:TODO|FIXME|HACK)\b', 'finish it, or say what is so and why', PRODUCT + TESTS, comments=True),
]


def check_file(tree, path):
    text = tree.text(path)
    code = source.code_of(text)
    for rule in RULES:
        if rule.covers(path):
            for match in re.finditer(rule.pattern.pattern, text if rule.comments else code, re.M):
                found = ' '.join(match.group().split())
                yield path, source.line_of(text, match.start()), f'{found}: {rule.message}'
    if path.endswith('.hpp') and not re.search(r'^#pragma once$', code, re.M):
        yield path, 1, 'a header begins with #pragma once'
    lines = text.count('\n')
    if path.startswith(PRODUCT) and lines > LINES_MAX and path not in LONG_FILES:
        yield path, LINES_MAX + 1, f'{lines} lines: a file of more than {LINES_MAX} holds more than one idea'


def check(tree):
    for path in tree.files():
        yield from check_file(tree, path)


if __name__ == '__main__':
    source.main(check)
