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
    ('never taken', ORDER[:2] + [dict(ORDER[2], expect={'reply': {'never': ['$intnt1']}})], 2,
     'reply.never: nothing was taken as "$intnt1"'),
    ('in capitals', [{'user': 'Hello'}, {'model': {'text': 'Good DAY.'}, 'expect': {'reply': {'never': ['good day']}}}], 1,
     'reply.never: "good day" stands in "Good DAY."'),
    ('other sum', ORDER[:2] + [{'model': {'text': '请用下面的卡片。'}, 'expect': {
        'reply': {'money_line': {'state': 'awaiting_payment'}}}}], 2, 'reply.money_line: ¥176.00 is not named'),
    ('other role', [{'user': '你好'}, {'model': {'text': '您好。'}, 'sent': {'last_role': 'tool'}}], 1,
     'sent.last_role: expected "tool", found "user"'),
    ('other result', ORDER[:2] + [dict(ORDER[2], sent={'tool_result': {'call': 'k1', 'has': {'state': 'succeeded'}}})], 2,
     'sent.tool_result.state: expected "succeeded", found "awaiting_payment"'),
    ('sent after all', [{'user': 'It is James'}, {'model': {'text': 'Hi.'}, 'sent': {'never': ['JAMES']}}], 1,
     'sent.never: "JAMES" stands in'),
    ('a key', [{'user': 'PRIVATE KEY'}, {'model': {'text': '您好。'}}], 0, 'O7: a model was shown PRIVATE KEY'),
    ('not refused', [ORDER[0], dict(ORDER[1], expect={'refused': ['refund_exceeds']}), ORDER[2]], 1,
     'refused: expected 1 entries, found 0'),
    ('refused unsaid', [ORDER[0], {'model': {'calls': [{'id': 'k1', 'name': 'create_payment_intent', 'args': {
        'lines': [{'sku': 'no-such-tea', 'quantity': 2}]}}]}, 'expect': {'refused': []}}, ORDER[2]], 1,
     'refused: expected 0 entries, found 1'),
    ('asked less', [ORDER[0], dict(ORDER[1], expect={'model_turns': 0}), ORDER[2]], 1, 'model_turns: expected 0, found 1'),
    ('other call', [ORDER[0], dict(ORDER[1], expect={'rail_calls': ['refund']}), ORDER[2]], 1,
     'rail_calls[0]: expected "refund", found "create"'),
    ('other line', ORDER + [{'pay': {}, 'expect': {'ledger': [{'capture': 17601}]}}, {'model': {'text': '谢谢。'}}], 3,
     'ledger[0].capture: expected 17601, found 17600'),
    ('the books', ORDER + [{'pay': {}, 'expect': {'ledger': [{'capture': 17600, 'intent': '$intent1'}]}},
                           {'model': {'text': '谢谢。'}}], None, None,
     {'finally': {'captured_fen': 17600, 'kept_fen': 17600, 'ledger_balanced': True, 'gateway_posts': {'create': 1}},
      'trajectory': {'calls': 'exact', 'list': [{'name': 'create_payment_intent', 'args': {
          'lines': [{'sku': 'tea-longjing-100g', 'quantity': 2}]}}], 'max_model_requests': 3}}),
    ('kept', ORDER, 2, 'behind the last step: finally.kept_fen: expected 5, found 0', {'finally': {'kept_fen': 5}}),
    ('two orders', ORDER, 2, 'finally.gateway_posts: expected 2, found 1', {'finally': {'gateway_posts': {'create': 2}}}),
    ('other tools', ORDER, 2, 'behind the last step: trajectory: more calls than expected',
     {'trajectory': {'calls': 'exact', 'list': []}}),
    ('other words to a tool', ORDER, 2, 'behind the last step: trajectory: expected', {'trajectory': {'list': [
        {'name': 'create_payment_intent', 'args': {'lines': [{'sku': 'tea-longjing-100g', 'quantity': 3}]}}]}}),
    ('asked more', ORDER, 2, 'trajectory: the model was asked 2 times', {'trajectory': {'max_model_requests': 1}}),
    ('in pieces', [{'user': '你好'}, {'model': {'text': '您好。', 'stream': {'split': [3, 150, 151]}},
                                    'expect': {'reply': {'has': ['您好。']}}}], None, None),
    ('cut off', [{'user': '你好'}, {'model': {'text': '您好，请问要些什么？', 'fault': 'cut_after_piece:1'}},
                 {'advance': '2s', 'open': True}, {'model': {'text': '您好。'}, 'expect': {'reply': {'has': ['您好。']}}}], None, None),
]
# A model that takes its time: over sockets it would take another one.
SLOW = [{'stream': {'ttft_ms': 300}}, {'stream': {'tps': 20}}, {'fault': 'drip'}]
AT_ONCE = 8


# What is held over sockets and what cannot be, in numbers.
COUNTED = {
    'script': 1, 'name': 'counted', 'trajectory': {'calls': 'exact', 'max_calls': 1, 'list': [{'name': 'create_payment_intent'}]},
    'finally': {'captured_fen': 0, 'kept_fen': 0}, 'steps': [
        ORDER[0],
        dict(ORDER[1], sent={'last_role': 'user', 'tools': ['refund']}, expect={'refused': [], 'model_turns': 1}),
        dict({'model': {'text': '请付款 ¥176.00。'}}, expect={'intent': {'id': '$any', 'state': 'awaiting_payment', 'reserved': 0}, 'ledger': [],
                               'reply': {'has': ['付款'], 'never': ['已付'], 'money_line': {'id': '$any'}}})]}
HELD = '13 expectations held over sockets, 1 cannot be: intent.reserved 1'
KINDS = ('finally.captured_fen', 'finally.kept_fen', 'intent', 'ledger', 'model_turns', 'refused', 'reply', 'reply.money_line',
         'reply.never', 'sent.last_role', 'sent.tools', 'trajectory', 'trajectory.max_calls')


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
        check('assertions: ' + ' '.join(f'{kind} 1' for kind in KINDS) + '\n' in out, out)
        check('not to be held over sockets: intent.reserved 1\n' in out, out)
        run = json.loads(play(counted, '--loopback', '--json')[1])['runs'][0]
        check(run['assertions']['intent'] == 1 and run['not_held'] == {'intent.reserved': 1}, run)

        for i, how in enumerate(SLOW):
            slow = pathlib.Path(folder, f'slow-{i}.json')
            slow.write_text(json.dumps({'script': 1, 'name': 'slow', 'steps': [
                {'user': '你好'}, {'model': dict(how, text='您好。')}, {'advance': '5s'}]}))
            check(play(slow)[0] == 0, play(slow))
            code, out, err = play(slow, '--loopback', '--json')
            check(code == 1 and json.loads(out)['runs'][0]['not_played'] == 'not over sockets: its model takes time to answer',
                  out + err)

        # Its rail does: what is to happen in one step of time would take several.
        silent = pathlib.Path(folder, 'silent.json')
        silent.write_text(json.dumps({'script': 1, 'name': 'silent', 'steps': [
            {'rail': {'faults': [{'call': 'create', 'what': 'timeout_after'}]}}, *ORDER[:2]]}))
        told = json.loads(play(silent, '--loopback', '--json')[1])['runs'][0]
        check(told['not_played'] == 'not over sockets: it waits for a time limit', told)

        # Several at once: most of it is waiting for what does not come.
        for first in range(0, len(UNNOTICED), AT_ONCE):
            playing = []
            for name, steps, step, words, *more in UNNOTICED[first:first + AT_ONCE]:
                path = pathlib.Path(folder, f'unnoticed-{first + len(playing)}.json')
                lines = ',\n'.join(json.dumps(one, ensure_ascii=False) for one in steps)
                root = dict(script=1, name='unnoticed', given={'threads': {'other': {}}} if 'other"' in lines else {},
                            **(more[0] if more else {}))
                path.write_text(json.dumps(root, ensure_ascii=False)[:-1] + ', "steps": [\n' + lines + '\n]}')
                playing.append((path, name, step, words, subprocess.Popen(
                    [purser, 'replay', path, '--loopback'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)))
            for path, name, step, words, run in playing:
                out = run.communicate(timeout=120)[0]
                if words is None:
                    check(run.returncode == 0 and '0 cannot be' in out, f'{name}: {out}')
                else:
                    check(run.returncode == 1 and f'{path.name}:{step + 2}: over sockets: ' in out and words in out, f'{name}: {out}')

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
