"""What the house checks share: which files there are, their text without comments and strings, how a finding is told."""
import argparse
import pathlib
import re
import sys

FLOORS = ('validation', 'config', 'gateway', 'tools', 'agent')

_LITERAL = re.compile(r'''
    (?P<raw>   R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)" )
  | (?P<text>  "(?:\\.|[^"\\\n])*" )
  | (?P<char>  (?<![0-9A-Za-z_])(?:u8|u|U|L)?'(?:\\.|[^'\\\n])+' )
  | (?P<note>  //(?:\\\n|[^\n])* | /\*.*?\*/ )
''', re.S | re.X)


def _blank(text):
    return re.sub(r'[^\n]', ' ', text)


def code_of(text, keep_strings=False):
    """The text with comments, and unless asked otherwise the insides of literals, blanked: every offset stays."""
    def replace(match):
        whole = match.group()
        if match.lastgroup == 'note' or match.group('note'):
            return _blank(whole)
        if keep_strings:
            return whole
        return whole[0] + _blank(whole[1:-1]) + whole[-1] if match.group('raw') is None else '"' + _blank(whole[1:-1]) + '"'
    return _LITERAL.sub(replace, text)


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


class Tree:
    """Our own C++ files under a root, as paths relative to it."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()

    def files(self, *folders):
        found = []
        for folder in folders or (*FLOORS, 'tests'):
            for path in sorted((self.root / folder).rglob('*')):
                relative = path.relative_to(self.root).as_posix()
                if path.suffix in ('.hpp', '.cpp') and not relative.startswith('tests/lint/fixtures/'):
                    found.append(relative)
        return found

    def text(self, relative):
        return (self.root / relative).read_text(encoding='utf-8')


def main(check):
    """Runs check(tree), which yields (path, line, message), and exits 1 when there is a finding."""
    parser = argparse.ArgumentParser(description=sys.modules['__main__'].__doc__)
    parser.add_argument('--root', default=pathlib.Path(__file__).parents[2], help='the tree to look at')
    findings = sorted(set(check(Tree(parser.parse_args().root))))
    for path, line, message in findings:
        print(f'{path}:{line}: {message}')
    sys.exit(1 if findings else 0)
