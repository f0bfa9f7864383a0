#!/usr/bin/env python3
"""purser replay's ends that a script cannot say: what --loopback cannot play is not green unless it was left out on
purpose, and a database that cannot be kept is told before anything is played.

  replay_options_test.py PURSER
"""
import json
import pathlib
import subprocess
import sys
import tempfile

INSIDE = {'script': 1, 'name': 'inside', 'given': {'model': 'rules'}, 'steps': [
    {'user': '你好'}, {'crash': 'now'}, {'restart': True}]}
OUTSIDE = {'script': 1, 'name': 'outside', 'given': {'model': 'rules'}, 'steps': [{'user': '你好'}]}


def check(holds, what):
    if not holds:
        sys.exit(f'replay_options_test: {what}')


def main(purser):
    with tempfile.TemporaryDirectory() as folder:
        inside, outside = pathlib.Path(folder, 'inside.json'), pathlib.Path(folder, 'outside.json')
        inside.write_text(json.dumps(INSIDE))
        outside.write_text(json.dumps(OUTSIDE))
        junit = pathlib.Path(folder, 'out.xml')

        def play(*args):
            done = subprocess.run([purser, 'replay', *map(str, args)], capture_output=True, text=True, timeout=60)
            return done.returncode, done.stdout, done.stderr

        code, out, err = play(inside, '--loopback', '--json', '--junit', junit)
        told = json.loads(out)
        check(code == 1 and told['ok'] is False, 'what was not played is green')
        check(told['runs'][0]['path'] == str(inside) and 'crash' in told['runs'][0]['not_played'], told)
        check('nothing was played' in err and '--derive' not in err, err)
        check('<skipped message=' in junit.read_text() and 'skipped="1"' in junit.read_text(), junit.read_text())
        code, out, err = play(outside, inside, '--loopback')
        check(code == 1 and '1 scripts' in out and '1 not played' in out, out + err)
        code, out, err = play(outside, inside, '--loopback', '--leave-out-inside', '--json')
        check(code == 0 and json.loads(out)['ok'] is True and json.loads(out)['not_played'] == 1, out + err)
        code, out, err = play(inside, '--loopback', '--leave-out-inside')
        check(code == 1, 'nothing was played and that is green')
        check(play(outside, '--leave-out-inside')[0] == 2, '--leave-out-inside without --loopback')

        code, out, err = play(outside, '--keep-database', f'{folder}/none/of/these.db')
        check(code == 2 and 'these.db cannot be written' in err and out == '', out + err)
        kept = pathlib.Path(folder, 'kept.db')
        check(play(outside, '--keep-database', kept)[0] == 0 and kept.stat().st_size > 0, 'no database is kept')


if __name__ == '__main__':
    main(*sys.argv[1:])
