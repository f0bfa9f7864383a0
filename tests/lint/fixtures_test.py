#!/usr/bin/env python3
"""The checks check: every line of a fixture that says `flagged: words` is found with these words, and no other line is."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
MARK = re.compile(r'flagged: (.+?)\s*$')
FINDING = re.compile(r'(?P<path>[^:]+):(?P<line>\d+): (?P<message>.*)')


def marks_of(tree):
    return {(path.relative_to(tree).as_posix(), number): MARK.search(line).group(1)
            for path in tree.rglob('*') if path.is_file()
            for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1) if MARK.search(line)}


def findings_of(check, tree):
    run = subprocess.run([sys.executable, HERE / f'{check}.py', '--root', tree], capture_output=True, text=True, check=False)
    found = {}
    for line in run.stdout.splitlines():
        finding = FINDING.fullmatch(line)
        found.setdefault((finding['path'], int(finding['line'])), []).append(finding['message'])
    return found, run


class Fixtures(unittest.TestCase):
    def verify(self, check, tree):
        marks = marks_of(tree)
        found, run = findings_of(check, tree)
        self.assertEqual(run.stderr, '')
        self.assertEqual(run.returncode, 1 if marks else 0, run.stdout)
        self.assertEqual(bool(marks), tree.name.startswith('bad'), 'bad trees have marks, good ones have none')
        self.assertEqual(sorted(found), sorted(marks), run.stdout)
        for place, words in marks.items():
            self.assertTrue(any(words in message for message in found[place]), f'{place}: {words!r} not in {found[place]}')

    def test_banned_made_up(self):
        """What would be odd to keep in the tree: long files, and marks of unfinished work."""
        texts = {'config/longest.cpp': 'int a;\n' * 500, 'config/too_long.cpp': 'int a;\n' * 501,
                 'agent/late.cpp': 'int a;\n// TO' 'DO: more\nint b;  // FIX' 'ME\n', 'tests/unit/long_test.cpp': 'int a;\n' * 501}
        with tempfile.TemporaryDirectory() as folder:
            for name, text in texts.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding='utf-8')
            found, _ = findings_of('banned', folder)
        self.assertEqual(sorted(found), [('agent/late.cpp', 2), ('agent/late.cpp', 3), ('config/too_long.cpp', 501)])


def add_cases():
    for check in sorted(path for path in (HERE / 'fixtures').iterdir() if path.is_dir()):
        for tree in sorted(path for path in check.iterdir() if path.is_dir()):
            def case(self, check=check.name, tree=tree):
                self.verify(check, tree)
            setattr(Fixtures, f'test_{check.name}_{tree.name}', case)


add_cases()
if __name__ == '__main__':
    unittest.main()
