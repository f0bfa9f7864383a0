#!/usr/bin/env python3
"""purser replay --record against an endpoint that speaks OpenAI's API: the conversation becomes a script, redacted and
dated, that plays without a network; a stale one is refused; --bless rewrites what is missed and shows the change.

  record_test.py PURSER
"""
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

KEY = 'sk-real-0123456789abcdef'
ANSWERS = [
    {'content': None, 'tool_calls': [{'id': 'call_1', 'type': 'function', 'function': {
        'name': 'create_payment_intent', 'arguments': '{"lines": [{"sku": "tea-longjing-100g", "quantity": 2}]}'}}]},
    {'content': f'Here is your order. Call 13912345678, my key is {KEY}.'},
    {'content': 'Thank you for your payment.'},
]
SCRIPT = {'script': 1, 'name': 'recorded', 'given': {'locale': 'en'}, 'steps': [
    {'user': 'Two packs of longjing, please.', 'expect': {'intent': {'state': 'awaiting_payment'}}},
    {'pay': {}, 'expect': {'events': ['intent.succeeded'], 'ledger': [{'capture': 17600}]}}],
    'finally': {'captured_fen': 17600}}
asked = []
shift = [0]  # of the answers, for a conversation that is not begun anew


class Endpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        asked.append((self.headers['Authorization'], body))
        message = dict(ANSWERS[(len(asked) - 1 + shift[0]) % len(ANSWERS)], role='assistant')
        finish = 'tool_calls' if message.get('tool_calls') else 'stop'
        out = json.dumps({'id': 'x', 'object': 'chat.completion', 'model': body['model'], 'choices': [
            {'index': 0, 'message': message, 'finish_reason': finish}]}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    def log_message(self, *_):
        pass


def check(holds, what):
    if not holds:
        sys.exit(f'record_test: {what}')


def main(purser):
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    real = {'PURSER_LLM_BASE_URL': f'http://127.0.0.1:{server.server_port}/v1', 'PURSER_LLM_API_KEY': KEY,
            'PURSER_LLM_MODEL': 'real-model-1'}

    def replay(*arguments, **environment):
        return subprocess.run([purser, 'replay', *map(str, arguments)], capture_output=True, text=True,
                              env={'PATH': os.environ['PATH'], **environment})

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'conversation.json'
        path.write_text(json.dumps(SCRIPT))
        check(replay(path).returncode == 1 and not asked, 'without --record no endpoint is asked, and the script fails')
        check(replay(path, '--record', 'all').returncode == 2, 'recording without an endpoint is misuse')

        made = replay(path, '--record', 'once', **real)
        check(made.returncode == 0, f'recording failed: {made.stdout}{made.stderr}')
        check([key for key, _ in asked] == [f'Bearer {KEY}'] * 3 and asked[0][1]['model'] == 'real-model-1', 'what was asked')
        text = path.read_text()
        script = json.loads(text)
        check(KEY not in text and '13912345678' not in text, 'a secret or a number of a person was written down')
        check(script['recorded']['model'] == 'real-model-1' and script['recorded']['expires'] > script['recorded']['date'],
              'the note of the recording')
        check([next(iter(step)) for step in script['steps']] == ['user', 'model', 'model', 'pay', 'model'], 'the steps')

        again = replay(path, '--twice')
        check(again.returncode == 0 and len(asked) == 3, f'the recording does not play by itself: {again.stdout}')
        check(replay(path, '--record', 'once', **real).returncode == 0 and len(asked) == 3, 'once records once')
        check(replay(path, '--record', 'all', **real).returncode == 0 and len(asked) == 6, 'all records anew')

        wrong = path.read_text().replace('"capture": 17600', '"capture": 17601')
        path.write_text(wrong)
        check(replay(path).returncode == 1, 'a wrong expectation fails')
        blessed = replay(path, '--bless')
        check(blessed.returncode == 0 and '17601' in blessed.stdout and '+' in blessed.stdout, f'the diff: {blessed.stdout}')
        changed = [line for line in blessed.stdout.splitlines() if line[:1] in '+-']
        check(len(changed) == 2 and changed[0][1:].replace('17601', '17600') == changed[1][1:], 'one line changes')
        check(replay(path).returncode == 0, 'what was blessed passes')

        known = json.loads(path.read_text())
        del known['recorded']
        known['steps'] = known['steps'][:4]  # all that was said before the payment, and the payment
        shift[0] = 2
        path.write_text(json.dumps(known))
        more = replay(path, '--record', 'new', **real)
        check(more.returncode == 0 and len(asked) == 7, f'new asks for what no step answers alone: {more.stdout}{len(asked)}')
        grown = json.loads(path.read_text())
        check([next(iter(step)) for step in grown['steps']] == ['user', 'model', 'model', 'pay', 'model'],
              'new keeps the steps that are known')
        check(grown['steps'][1:3] == known['steps'][1:3] and 'recorded' in grown, 'and what they say')
        check(replay(path).returncode == 0, 'what new wrote plays by itself')

        path.write_text(path.read_text().replace('"capture": 17600', '"capture": 17601'))
        rewritten = replay(path, '--record', 'rewrite')
        check(rewritten.returncode == 0 and '1 expectations rewritten' in rewritten.stdout and '+' not in rewritten.stdout,
              f'rewrite mends without showing: {rewritten.stdout}')
        check('17601' not in path.read_text() and replay(path).returncode == 0 and len(asked) == 7, 'and asks nobody')

        was = grown['recorded']
        path.write_text(path.read_text().replace(was['expires'], '2020-01-01').replace(was['date'], '2019-12-01'))
        old = replay(path)
        check(old.returncode == 1 and '--record all' in old.stdout, f'a stale recording is refused: {old.stdout}')
        check(len(asked) == 7, 'and nobody is asked')
    print('ok')


if __name__ == '__main__':
    main(sys.argv[1])
