#!/usr/bin/env python3
"""The coroutine rules of the house, because g++ 12 destroys some temporaries twice when their statement awaits.

A co_await heads its statement:  co_await E;   x = co_await E;   auto x = co_await E;   co_return co_await E;
if (auto x = co_await E; ...)   while (auto x = co_await E)   and E holds no brace, no capture, no ?: and no second
co_await. What E needs is a named local of its own, moved into the call. A coroutine takes no default argument of class
type, and a lambda that is a coroutine captures nothing, unless a test outlives it.

The compiler gives no warning, and the fault may sleep until the optimiser changes its mind: so more is refused here than
is known to crash.
"""
import re

import source

TOKEN = re.compile(r'''[A-Za-z_]\w*|\d[\w.']*|"[^"]*"|'[^']*'|->|::|&&|\|\||[-+*/%&|^=!<>]=|<<|>>|\+\+|--|[^\s\w]''')
CONTROL = {'if', 'while', 'switch', 'for', 'catch'}
TYPE_BODY = {'struct', 'class', 'union', 'enum', 'namespace', 'extern', 'concept', 'requires'}
BLOCK_AFTER = {')', 'else', 'try', 'do', 'const', 'noexcept', 'override', 'final', 'mutable', 'constexpr', ':', ';', '{',
               '}'}
COROUTINE_TYPES = {'awaitable', 'Task'}
CLOSES = {'(': ')', '[': ']', '{': '}'}


class Token:
    def __init__(self, text, offset):
        self.text, self.offset = text, offset


class Frame:
    """An open bracket. kind: block, initialiser, control (the head of if/while/switch), round or square."""

    def __init__(self, kind, start):
        self.kind, self.start = kind, start  # start: where the current statement of a block or control head begins


def tokens_of(text):
    code = re.sub(r'^[ \t]*#(?:\\\n|[^\n])*', lambda m: re.sub(r'[^\n]', ' ', m.group()), source.code_of(text), flags=re.M)
    return [Token(m.group(), m.start()) for m in TOKEN.finditer(code)]


def partners(tokens):
    """index of each bracket -> index of the one it belongs to."""
    pair, stack = {}, []
    for i, token in enumerate(tokens):
        if token.text in CLOSES:
            stack.append(i)
        elif token.text in CLOSES.values() and stack:
            pair[stack[-1]], pair[i] = i, stack[-1]
            stack.pop()
    return pair


class File:
    def __init__(self, path, text):
        self.path, self.text = path, text
        self.tokens = tokens_of(text)
        self.words = [t.text for t in self.tokens]
        self.pair = partners(self.tokens)
        self.findings = []

    def tell(self, i, message):
        self.findings.append((self.path, source.line_of(self.text, self.tokens[i].offset), message))

    # --- what a bracket opens ---------------------------------------------------------------------------------------
    def is_lambda(self, i):
        """Does the square bracket at i open a lambda (and not a subscript, an attribute or a structured binding)?"""
        if self.words[i] != '[' or i not in self.pair or self.words[i + 1:i + 2] == ['[']:
            return False
        before = self.words[i - 1] if i else ';'
        if before in (')', ']', '[', 'auto') or (before in ('&', '&&') and i > 1 and self.words[i - 2] == 'auto'):
            return False
        if re.match(r'[A-Za-z_"]', before) and before not in ('return', 'co_return', 'co_await', 'co_yield', 'case'):
            return False
        after = self.words[self.pair[i] + 1:self.pair[i] + 2]
        return after and after[0] in ('(', '{', 'mutable', 'noexcept', '->', '<', 'constexpr')

    def is_capturing(self, i):
        return self.is_lambda(i) and self.words[i + 1:self.pair[i]] not in ([], ['&'])

    def brace_kind(self, i, statement):
        before = self.words[i - 1] if i else ';'
        if before == ']':
            return 'block' if self.is_lambda(self.pair.get(i - 1, i)) else 'initialiser'
        if before in BLOCK_AFTER:
            return 'block'
        if before in ('&', '&&') and i > 1 and self.words[i - 2] in (')', 'const'):
            return 'block'
        head = [w for w in self.words[statement:i]]
        if head[:1] and head[0] in ('template', 'inline', 'export', 'typedef', 'static', 'constexpr', 'friend'):
            head = head[1:]
        if TYPE_BODY & set(head) and '(' not in head and '=' not in head:
            return 'block'
        return 'block' if self.ends_return_type(i - 1, statement) else 'initialiser'

    def ends_return_type(self, i, statement):
        """Is token i the end of `-> some::type<args>`?"""
        while i > statement:
            word = self.words[i]
            if word == '->':
                return self.words[i - 1] in (')', 'mutable', 'noexcept', 'const')
            if not (re.match(r'\w', word) or word in ('::', '<', '>', '>>', ',', '*', '&', '&&')):
                return False
            i -= 1
        return False

    # --- awaits -----------------------------------------------------------------------------------------------------
    def check_awaits(self):
        frames = [Frame('block', 0)]
        for i, word in enumerate(self.words):
            top = frames[-1]
            if word == 'co_await':
                self.check_await(i, top)
            elif word == '(':
                control = i and (self.words[i - 1] in CONTROL - {'for', 'catch'} or
                                 (self.words[i - 1] == 'constexpr' and self.words[i - 2] == 'if'))
                frames.append(Frame('control' if control and top.kind == 'block' else 'round', i + 1))
            elif word == '[':
                frames.append(Frame('square', i + 1))
            elif word == '{':
                frames.append(Frame(self.brace_kind(i, top.start), i + 1))
            elif word in CLOSES.values():
                if len(frames) > 1:
                    closed = frames.pop()
                    if closed.kind == 'block' and frames[-1].kind == 'block':
                        frames[-1].start = i + 1
            elif word == ';' and top.kind in ('block', 'control'):
                top.start = i + 1

    def check_await(self, i, frame):
        if frame.kind == 'initialiser':
            return self.tell(i, 'co_await inside an initialiser')
        if frame.kind not in ('block', 'control') or not self.heads(self.words[frame.start:i]):
            return self.tell(i, 'co_await does not head its statement')
        why = self.tail_fault(i)
        if why:
            self.tell(i, why)

    def heads(self, words):
        words = list(words)
        while words and words[0] in ('else', 'case', 'default', 'if', 'while', 'for', 'do'):
            words = self.after_control(words)
        if words in ([], ['!'], ['co_return'], ['(', 'void', ')']):
            return True
        if words[-1] != '=':
            return False
        target = words[:-1]
        if target[-1:] == [']'] and '[' in target:  # a structured binding
            at = target.index('[')
            return 'auto' in target[:at] and all(re.match(r'\w|,$', w) for w in target[at + 1:-1])
        return bool(target) and all(re.match(r'[A-Za-z_]\w*$|\d+$|::|[<>,.*&]|>>|&&|->$', w) for w in target)

    @staticmethod
    def after_control(words):
        """Cuts a leading `else`, `case x:` or `if (...)`, so that what follows is looked at as a statement."""
        if words[0] in ('else', 'do'):
            return words[1:]
        if words[0] in ('case', 'default'):
            return words[words.index(':') + 1:] if ':' in words else ['?']
        depth = 0
        for at, word in enumerate(words):
            depth += (word == '(') - (word == ')')
            if word == ')' and depth == 0:
                return words[at + 1:]
        return ['?']

    def tail_fault(self, i):
        """What is wrong between the co_await and the end of its statement, or of the head it stands in."""
        depth = 0
        for j in range(i + 1, len(self.words)):
            word = self.words[j]
            if word == '{':
                return 'a brace in a statement that awaits: name the value first'
            if self.is_capturing(j):
                return 'a capture in a statement that awaits: name the lambda first'
            if word == 'co_await':
                return 'a second co_await in one statement'
            if word == '?':
                return '?: in a statement that awaits'
            depth += (word in CLOSES) - (word in CLOSES.values())
            if depth < 0 or (word == ';' and depth == 0):
                return None
        return None

    # --- signatures -------------------------------------------------------------------------------------------------
    def check_signatures(self):
        for i, word in enumerate(self.words):
            if word in COROUTINE_TYPES and self.words[i + 1:i + 2] == ['<']:
                self.check_defaults(self.parameters_after(i + 1))
                if i and self.arrow_before(i) is not None:
                    self.check_arrow(i)

    def arrow_before(self, i):
        while i and (self.words[i - 1] == '::' or re.match(r'[A-Za-z_]', self.words[i - 1])):
            i -= 1
        return i - 1 if i and self.words[i - 1] == '->' else None

    def check_arrow(self, i):
        """`(...) -> Task<..>`: a function with a trailing return type, or a lambda."""
        arrow = self.arrow_before(i)
        close = arrow - 1
        while close and self.words[close] in ('mutable', 'noexcept', 'const'):
            close -= 1
        if self.words[close] == ']':
            bracket = self.pair.get(close)
        elif self.words[close] == ')' and close in self.pair:
            self.check_defaults(self.pair[close])
            before = self.pair[close] - 1
            bracket = self.pair.get(before) if self.words[before] == ']' else None
        else:
            return
        if bracket is None or not self.is_lambda(bracket) or self.path.startswith('tests/'):
            return
        if self.pair[bracket] != bracket + 1:
            self.tell(bracket, 'a lambda that is a coroutine captures nothing: its closure may die before it resumes')

    def parameters_after(self, i):
        """The parenthesis of the function whose return type opens its < at i, or None when it is not a function."""
        depth = 0
        for j in range(i, min(i + 200, len(self.words))):
            word = self.words[j]
            depth += {'<': 1, '>': -1, '>>': -2}.get(word, 0)
            if word in (';', '{', '}'):
                return None
            if depth <= 0:
                break
        else:
            return None
        j += 1
        while j + 1 < len(self.words) and re.match(r'[A-Za-z_]|::$', self.words[j]):
            j += 1
        if j < len(self.words) and self.words[j] == '(' and re.match(r'[A-Za-z_]', self.words[j - 1]):
            return j
        return None

    def check_defaults(self, open_at):
        if open_at is None or open_at not in self.pair:
            return
        depth, begin = 0, open_at + 1
        for j in range(open_at + 1, self.pair[open_at]):
            word = self.words[j]
            if word == ',' and depth == 0:
                begin = j + 1
            if word == '=' and depth == 0 and self.makes_an_object(j + 1, self.words[begin:j]):
                self.tell(j, 'a coroutine takes no default argument of class type')
            depth += (word in CLOSES) - (word in CLOSES.values())

    def makes_an_object(self, i, parameter):
        word = self.words[i]
        if word == '{':
            return True
        if word.startswith('"'):
            return 'string' in parameter
        while re.match(r'[A-Za-z_]|::$|<$', word):
            if word == '<':
                return True
            i += 1
            word = self.words[i]
        return word in ('(', '{') and self.words[i - 1] not in ('=', ',')


def check(tree):
    for path in tree.files():
        file = File(path, tree.text(path))
        file.check_awaits()
        file.check_signatures()
        yield from file.findings


if __name__ == '__main__':
    source.main(check)
