#!/usr/bin/env python3
"""Runs 'Test your agent' of README.md as a newcomer would: readme_replay_test.py PURSER README

The script that stands there goes into my.json, then each `purser ...` line of the block behind it is run.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile


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
        broken = subprocess.run([purser, 'replay', 'nothing.json'], cwd=folder, capture_output=True, text=True)
        if broken.returncode != 2:
            sys.exit('a script that is not there is misuse')
    print(len(commands), 'commands ran')


if __name__ == '__main__':
    main(*sys.argv[1:])
