#!/usr/bin/env python3
"""The house stands: no include leads up a floor, past a port, into tests/ or round in a circle."""
import re

import source

# Libraries that may be used in these places only (tests may use all of them). agent/app tells the versions of all.
LIBRARIES = [
    (re.compile(r'boost/beast(?!/src\.hpp$)\b'), ('gateway/http/',), 'Beast stays in gateway/http'),
    (re.compile(r'boost/(asio/impl|asio/ssl/impl|beast)/src\.hpp$'), ('gateway/async/',),
     'Asio and Beast are compiled in one place'),
    (re.compile(r'boost/(asio|beast)\b'), ('gateway/', 'tools/', 'agent/'), 'Asio begins at the gateway'),
    (re.compile(r'spdlog/'), ('gateway/', 'agent/'), 'spdlog begins at the gateway'),
    (re.compile(r'sqlite3\.h$'), ('gateway/store/', 'gateway/linked_libraries.cpp'), 'SQLite stays in gateway/store'),
    (re.compile(r'openssl/'), ('gateway/', 'agent/app/'), 'OpenSSL stays in the gateway'),
    (re.compile(r'CLI/'), ('agent/app/',), 'the command line stays in agent/app'),
    (re.compile(r'(fstream|iostream|filesystem|thread|mutex|condition_variable|future|random|unistd\.h|sys/.*)$'),
     ('config/', 'gateway/', 'tools/', 'agent/'), 'validation is pure: no I/O, threads or randomness'),
]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def ports_of(tree):
    """The gateway headers the tools may include: the list that CMakeLists.txt builds the tools' include path from."""
    text = (tree.root / 'CMakeLists.txt').read_text(encoding='utf-8')
    listed = re.search(r'set\(PURSER_PORTS\s+([^)]*)\)', text)
    return {f'gateway/{name}' for name in listed.group(1).split()} if listed else set()


def includes_of(tree, path):
    text = tree.text(path)
    for match in INCLUDE.finditer(source.code_of(text, keep_strings=True)):
        yield source.line_of(text, match.start()), match.group(1), match.group(2)


def floor_of(path):
    top = path.split('/', 1)[0]
    return source.FLOORS.index(top) if top in source.FLOORS else None


def check_own(tree, path, target, ports):
    if not (tree.root / target).is_file():
        return 'no such file (includes are written from the root)'
    mine, other = floor_of(path), floor_of(target)
    if mine is None:
        return None  # tests may include everything
    if other is None:
        return 'only tests include tests/'
    if other > mine:
        return f'{source.FLOORS[mine]} is a floor below {source.FLOORS[other]}'
    if path.startswith('tools/') and target.startswith('gateway/') and target not in ports:
        return 'tools may include the ports of the gateway only (PURSER_PORTS in CMakeLists.txt)'
    return None


def check_library(path, target):
    if floor_of(path) is None:
        return None
    for name, homes, rule in LIBRARIES:
        if name.match(target) and not path.startswith(homes):
            return rule
    return None


def circles(edges):
    """Each circle once, as the list of its members beginning with the smallest (depth first, back edges)."""
    found, state, trail = set(), {}, []

    def visit(node):
        state[node] = 'open'
        trail.append(node)
        for target in sorted(edges.get(node, ())):
            if state.get(target) == 'open':
                ring = trail[trail.index(target):]
                first = ring.index(min(ring))
                found.add(tuple(ring[first:] + ring[:first]))
            elif target not in state:
                visit(target)
        trail.pop()
        state[node] = 'done'

    for node in sorted(edges):
        if node not in state:
            visit(node)
    return sorted(found)


def check(tree):
    ports = ports_of(tree)
    files, folders, where = {}, {}, {}
    for path in tree.files():
        for line, mark, target in includes_of(tree, path):
            own = mark == '"' or floor_of(target) is not None or target.startswith('tests/')
            broken = check_own(tree, path, target, ports) if own else check_library(path, target)
            if broken:
                yield path, line, f'{target}: {broken}'
            if own and floor_of(path) is not None:
                files.setdefault(path, set()).add(target)
                where.setdefault((path, target), (path, line))
                home, away = path.rsplit('/', 1)[0], target.rsplit('/', 1)[0]
                if home != away:
                    folders.setdefault(home, set()).add(away)
                    where.setdefault((home, away), (path, line))
    for edges in (files, folders):
        for ring in circles(edges):
            path, line = where[(ring[0], ring[1 % len(ring)])]
            yield path, line, 'includes go in a circle: ' + ' -> '.join((*ring, ring[0]))


if __name__ == '__main__':
    source.main(check)
