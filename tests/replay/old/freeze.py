#!/usr/bin/env python3
"""Writes a frozen database for each version of the SQLite schema: v1.sql, v2.sql, ... beside this file.

  freeze.py PURSER      plays parts/seed.json with that binary and writes what is missing

A file that exists is never written again: it is what a daemon of that version left behind. A version knows only the
tables and columns that its migrations made; open payments need the table of due work, which came with version 3.
"""
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
WITH_WORK = 3
OPEN = ('created', 'awaiting_payment', 'unknown')


def migrations():
    text = (ROOT / 'gateway/store/sqlite/migrations.cpp').read_text()
    bodies = dict(re.findall(r'std::string_view (k\w+) = R"sql\((.*?)\)sql";', text, re.S))
    bodies.update(re.findall(r'std::string_view (k\w+) = "([^"]*)";', text))
    listed = re.search(r'kMigrations\{\s*\{(.*?)\}\};', text, re.S).group(1)
    return [(int(number), bodies[name]) for number, name in re.findall(r'\{(\d+), (k\w+)\}', listed)]


def columns(database, schema, table):
    return [row[1] for row in database.execute(f'PRAGMA {schema}.table_info({table})')]


def freeze(version, steps, newest):
    old = sqlite3.connect(':memory:', isolation_level=None)
    old.execute('ATTACH ? AS newest', (str(newest),))
    for number, statements in steps:
        if number <= version:
            old.executescript(statements)
    old.execute('PRAGMA foreign_keys = OFF')
    tables = [row[0] for row in old.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")]
    # They would write what is copied anyhow.
    triggers = old.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid").fetchall()
    for name, _ in triggers:
        old.execute(f'DROP TRIGGER {name}')
    gone = '' if version >= WITH_WORK else ' AND '.join(['1'] + [f"state <> '{state}'" for state in OPEN])
    for table in tables:
        shared = ', '.join(c for c in columns(old, 'main', table) if c in columns(old, 'newest', table))
        where = f' WHERE {gone}' if gone and table == 'intents' else ''
        old.execute(f'INSERT INTO main.{table} ({shared}) SELECT {shared} FROM newest.{table}{where}')
    if gone:
        old.execute("UPDATE threads SET state = 'idle'")
    for _, statement in triggers:
        old.execute(statement)
    identity = old.execute('PRAGMA newest.application_id').fetchone()[0]
    old.execute('DETACH newest')
    lines = [f'PRAGMA application_id = {identity};', f'PRAGMA user_version = {version};'] + list(old.iterdump())
    (HERE / f'v{version}.sql').write_text('\n'.join(lines) + '\n')


def main(purser):
    steps = migrations()
    with tempfile.TemporaryDirectory() as folder:
        newest = pathlib.Path(folder) / 'newest.db'
        subprocess.run([purser, 'replay', str(HERE / 'parts/seed.json'), '--keep-database', str(newest)], check=True)
        for version, _ in steps:
            if not (HERE / f'v{version}.sql').exists():
                freeze(version, steps, newest)
                print(f'v{version}.sql')


if __name__ == '__main__':
    main(sys.argv[1])
