#!/usr/bin/env python3
"""Runs 'Test your agent' of README.md as a newcomer would: readme_replay_test.py PURSER README

The script that stands there goes into my.json, then each `purser ...` line of the block behind it is run.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def rows(purser, folder, script):
    """A table's rows are told in its order, whoever played them; one is played alone, as its failure's command says."""
    def replay(name, *flags):
        return subprocess.run([purser, 'replay', name, *flags], cwd=folder, capture_output=True, text=True)

    table = [{'row': f'row {n}', 'sum': 1 if n == 3 else 17600} for n in range(1, 13)]
    finally_ = dict(script['finally'], captured_fen='{{sum}}')
    pathlib.Path(folder, 'rows.json').write_text(json.dumps(dict(script, table=table, **{'finally': finally_})))
    names = {}
    for jobs in ('1', '3'):
        played = replay('rows.json', '--jobs', jobs, '--json')
        names[jobs] = [run['row'] for run in json.loads(played.stdout)['runs']]
        if played.returncode != 1 or names[jobs] != [row['row'] for row in table]:
            sys.exit(f'rows out of order: {names}')
    again = re.search(r'again: purser (.*)', replay('rows.json').stdout)[1]
    if again != "replay rows.json --row 'row 3'":
        sys.exit('the command of a row: ' + again)
    for row, code in (('row 3', 1), ('row 4', 0)):
        alone = replay('rows.json', '--row', row, '--json')
        if alone.returncode != code or [run['row'] for run in json.loads(alone.stdout)['runs']] != [row]:
            sys.exit('one row alone: ' + alone.stdout)
    nobody = replay('rows.json', '--row', 'row 13')
    if nobody.returncode != 2 or 'no table has the row row 13; there are row 1, row 2' not in nobody.stderr:
        sys.exit('a row that is not there: ' + nobody.stderr)
    for derived, told in (('F9:x', '/derived: no derivation has the code F9:x'), ('F1:commit:999:after', 'F1:commit:1:after')):
        pathlib.Path(folder, 'derived.json').write_text(json.dumps(dict(script, derived=derived)))
        unknown = replay('derived.json')
        if unknown.returncode != 2 or told not in unknown.stdout + unknown.stderr:
            sys.exit('a derivation that is not there: ' + unknown.stdout + unknown.stderr)


def main(purser, readme):
    text = pathlib.Path(readme).read_text()
    section = text[text.index('## Test your agent'):]
    script = re.search(r'^```json\n(\{"script".*?)^```', section, re.S | re.M).group(1)
    block = re.search(r'^```\n(purser replay my\.json.*?)^```', section, re.S | re.M).group(1)
    commands = [line.split('#')[0].strip() for line in block.splitlines() if line.startswith('purser ')]
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.abspath(purser), os.path.join(folder, 'purser'))
        pathlib.Path(folder, 'my.json').write_text(script)
        for command in commands:
            command = command.replace('--seeds 100000', '--seeds 5')
            ran = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True,
                                 env={'PATH': folder + ':' + os.environ['PATH'], 'HOME': folder})
            print(command, ran.returncode, ran.stdout[-300:], ran.stderr[-300:])
            if ran.returncode != 0:
                sys.exit('this does not run: ' + command)
        for made in ('out.xml', 'out.html'):
            if made not in os.listdir(folder):
                sys.exit(made + ' was not written')
        pathlib.Path(folder, 'my.json').write_text(script.replace('"captured_fen": 17600', '"captured_fen": 17601'))
        failed = subprocess.run([purser, 'replay', 'my.json'], cwd=folder, capture_output=True, text=True)
        if failed.returncode != 1 or '17601' not in failed.stdout:
            sys.exit('a wrong total does not fail: ' + failed.stdout)
        pathlib.Path(folder, 'z.json').write_text(pathlib.Path(folder, 'my.json').read_text())
        for jobs in ('1', '2'):
            for flag, ended in (([], '2 failed'), (['--fail-fast'], '1 failed')):
                if jobs == '2' and flag:
                    continue  # both have begun before one of them has failed
                both = subprocess.run([purser, 'replay', 'my.json', 'z.json', '--jobs', jobs] + flag, cwd=folder,
                                      capture_output=True, text=True)
                if both.returncode != 1 or ended not in both.stdout:
                    sys.exit('expected ' + ended + ': ' + both.stdout)
        rows(purser, folder, json.loads(script))
        broken = subprocess.run([purser, 'replay', 'nothing.json'], cwd=folder, capture_output=True, text=True)
        if broken.returncode != 2:
            sys.exit('a script that is not there is misuse')
    print(len(commands), 'commands ran')


if __name__ == '__main__':
    main(*sys.argv[1:])
