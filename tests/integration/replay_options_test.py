#!/usr/bin/env python3
"""purser replay's ends that a script cannot say: what --loopback cannot play is not green unless it was left out on
purpose, what a script would never notice fails there as it does inside, a database that cannot be kept is told before
anything is played, a recording of a day to come is refused, and a simulation says how far it has come.

  replay_options_test.py PURSER
"""
import json
import os
import pathlib
import pty
import subprocess
import sys
import tempfile

INSIDE = {'script': 1, 'name': 'inside', 'given': {'model': 'rules'}, 'steps': [
    {'user': '你好'}, {'crash': 'now'}, {'restart': True}]}
OUTSIDE = {'script': 1, 'name': 'outside', 'given': {'model': 'rules'}, 'steps': [{'user': '你好'}]}


ORDER = [{'user': '来两包龙井'},
         {'model': {'calls': [{'id': 'k1', 'name': 'create_payment_intent', 'args': {
             'lines': [{'sku': 'tea-longjing-100g', 'quantity': 2}]}}]}},
         {'model': {'text': '请付款。'}}]
# What nobody would notice over sockets, and how it is told: of which step, in which words.
UNNOTICED = [
    ('refused', ORDER + [{'cancel': 'pi_nothing'}], 3, '/cancel is refused with 4'),
    ('unasked', [{'user': '你好'}, {'model': {'text': '您好。'}}, {'model': {'text': '您好。'}}], 2, 'the model is not asked'),
    ('unanswered', [{'user': '你好'}], 0, 'behind the last step: an unexpected model call waits at the end'),
    ('waiting', [{'user': '你好'}, {'request': {'method': 'GET', 'path': '/v1/threads/$thread_main'}, 'open': True},
                 {'model': {'text': '您好。'}}], None, None),
    ('silent', [{'user': '你好'}, {'user': '在吗', 'thread': 'other'}, {'model': {'text': '您好。'}}], 1,
     'an unexpected model call waits for an answer'),
    ('nothing open', [{'user': '你好'}, {'model': {'text': '您好。'}, 'open': True}], 1, '"open": nothing waits'),
    ('idle fault', [{'rail': {'faults': [{'call': 'refund', 'what': 'http_500'}]}}] + ORDER, 0,
     '/rail/faults/0: this fault never happened'),
    ('more events', [ORDER[0], dict(ORDER[1], expect={'events': ['$exact']}), ORDER[2]], 1,
     'events: expected []'),
    ('other words', [{'user': '你好'}, {'model': {'text': '您好。'}, 'expect': {'reply': {'has': ['再见']}}}], 1,
     'reply.has: "再见" is not in "您好。"'),
    ('said later', ORDER[:1] + [{'model': {'text': '您好。'}, 'expect': {'http': 200}}], None, None),
]


# What is held over sockets and what cannot be, in numbers.
COUNTED = {
    'script': 1, 'name': 'counted', 'trajectory': {'calls': 'exact', 'max_calls': 1, 'list': [{'name': 'create_payment_intent'}]},
    'finally': {'captured_fen': 0, 'kept_fen': 0}, 'steps': [
        ORDER[0],
        dict(ORDER[1], sent={'last_role': 'user', 'tools': ['refund']}, expect={'refused': [], 'model_turns': 1}),
        dict({'model': {'text': '请付款 ¥176.00。'}}, expect={'intent': {'id': '$any', 'state': 'awaiting_payment', 'reserved': 0}, 'ledger': [],
                               'reply': {'has': ['付款'], 'never': ['已付'], 'money_line': {'id': '$any'}}})]}
HELD = ('3 expectations held over sockets, 10 cannot be: finally.kept_fen 1 intent.reserved 1 ledger 1 model_turns 1 '
        'refused 1 reply.money_line 1 sent.last_role 1 sent.tools 1 trajectory.list 1 trajectory.max_calls 1')


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
            done = subprocess.run([purser, 'replay', *map(str, args)], capture_output=True, text=True, timeout=600)
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

        counted = pathlib.Path(folder, 'counted.json')
        counted.write_text(json.dumps(COUNTED))
        check(play(counted)[0] == 0, play(counted))
        code, out, err = play(counted, '--loopback')
        check(code == 0 and f'{counted}: {HELD}\n' in err, err)
        check('assertions: finally.captured_fen 1 intent 1 reply 1\n' in out, out)
        check('not to be held over sockets: finally.kept_fen 1 intent.reserved 1 ' in out, out)
        run = json.loads(play(counted, '--loopback', '--json')[1])['runs'][0]
        check(run['assertions']['intent'] == 1 and run['not_held']['trajectory.list'] == 1, run)

        # All at once: most of it is waiting for what does not come.
        playing = []
        for name, steps, step, words in UNNOTICED:
            path = pathlib.Path(folder, f'unnoticed-{len(playing)}.json')
            lines = ',\n'.join(json.dumps(one, ensure_ascii=False) for one in steps)
            given = '{"threads": {"other": {}}}' if 'other' in lines else '{}'
            path.write_text('{"script": 1, "name": "unnoticed", "given": %s, "steps": [\n%s\n]}' % (given, lines))
            playing.append(subprocess.Popen([purser, 'replay', path, '--loopback'], stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, text=True))
        for i, (name, steps, step, words) in enumerate(UNNOTICED):
            out = playing[i].communicate(timeout=120)[0]
            if words is None:
                check(playing[i].returncode == 0, f'{name}: {out}')
            else:
                where = f'unnoticed-{i}.json:{step + 2}: over sockets: '
                check(playing[i].returncode == 1 and where in out and words in out, f'{name}: {out}')

        later = pathlib.Path(folder, 'later.json')
        note = {'provider': 'p', 'model': 'm', 'date': '2999-01-01', 'expires': '2999-03-01'}
        later.write_text(json.dumps(dict(OUTSIDE, recorded=note)))
        for how in ([], ['--loopback']):
            code, out, err = play(later, *how)
            check(code == 1 and 'later.json:1: /recorded/date: recorded on 2999-01-01' in out, out + err)

        simulate = [purser, 'simulate', '--seeds', '60', '--jobs', '1']
        done = subprocess.run(simulate, capture_output=True, text=True, timeout=600)
        check(done.returncode == 0 and done.stderr == '' and done.stdout.startswith('60 episodes, '), done)
        ours, theirs = pty.openpty()
        shown = subprocess.Popen(simulate, stdout=subprocess.PIPE, stderr=theirs, text=True)
        told = shown.communicate(timeout=600)[0]
        os.close(theirs)
        seen = os.read(ours, 65536).decode()
        check(shown.returncode == 0 and ' of 60 episodes, 0 failed' in seen and seen.endswith('\r\x1b[K'), repr(seen))
        check(told.rsplit(',', 1)[0] == done.stdout.rsplit(',', 1)[0], 'the result is another on a terminal')
        quiet = subprocess.run(simulate + ['--json'], capture_output=True, text=True, timeout=600)
        check(quiet.stderr == '' and json.loads(quiet.stdout)['ok'] is True, quiet)

        code, out, err = play(outside, '--keep-database', f'{folder}/none/of/these.db')
        check(code == 2 and 'these.db cannot be written' in err and out == '', out + err)
        kept = pathlib.Path(folder, 'kept.db')
        check(play(outside, '--keep-database', kept)[0] == 0 and kept.stat().st_size > 0, 'no database is kept')


if __name__ == '__main__':
    main(*sys.argv[1:])
