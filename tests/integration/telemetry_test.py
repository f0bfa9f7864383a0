#!/usr/bin/env python3
"""Traces at the real binary, against a collector that the test plays: what belongs to what, whose trace it is, what they
never hold, and that nobody waits for a collector that is slow, wrong or away.

  telemetry_test.py PURSER
"""
import collections
import http.client
import http.server
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from serving import Serve, eventually

PURSER = sys.argv.pop(1)
SECRET = 'Bearer collector-secret-0123456789'
KEY = 'sk_live_0123456789abcdef'
MODEL_KEY = 'sk-model-0123456789abcdef'
SAID = 'Two packs of Longjing tea, please. My number is 13912345678.'
TRACE, PARENT = '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'


class Listening:
    """A server of the test's own; each request is kept."""

    def __init__(self, answer):
        self.requests, outer = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                outer.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status, out = answer(body)
                self.send_response(status)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(out)))
                self.end_headers()
                self.wfile.write(out)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def collector():
    return Listening(lambda _: (200, b'{}'))


def model():
    """First a payment, then words about it."""
    def answer(body):
        asked = json.loads(body)
        told = any(m['role'] == 'tool' for m in asked['messages'])
        message = {'role': 'assistant', 'content': 'Please pay with the card.'} if told else {
            'role': 'assistant', 'content': None, 'tool_calls': [{'id': 'call_1', 'type': 'function', 'function': {
                'name': 'create_payment_intent',
                'arguments': '{"lines": [{"sku": "tea-longjing-100g", "quantity": 2}]}'}}]}
        return 200, json.dumps({'id': 'x', 'object': 'chat.completion', 'model': 'real-model-1',
                                'usage': {'prompt_tokens': 11, 'completion_tokens': 7, 'total_tokens': 18}, 'choices': [
                                    {'index': 0, 'finish_reason': 'stop' if told else 'tool_calls', 'message': message}]}).encode()
    return Listening(answer)


def spans_of(requests):
    out = []
    for _, _, body in requests:
        for resource in json.loads(body)['resourceSpans']:
            for scope in resource['scopeSpans']:
                out += scope['spans']
    return out


def attributes(span):
    return {a['key']: next(iter(a['value'].values())) for a in span['attributes']}


class Telemetry(unittest.TestCase):
    def serve(self, port, *sets, **environment):
        serve = Serve(PURSER, f'telemetry.otlp_endpoint=http://127.0.0.1:{port}/otel', 'telemetry.send_every_ms=50', *sets,
                      environment={'PURSER_TELEMETRY_OTLP_AUTHORIZATION': SECRET, 'PURSER_API_KEYS': f'default:{KEY}',
                                   **environment})
        serve.key = KEY
        self.assertTrue(serve.port, serve.errors())
        return serve

    def buy(self, serve, parent=None):
        thread = json.loads(serve.ask('POST', '/v1/threads', {'user': {'id': 'mei'}, 'locale': 'en'},
                                      headers=[('Idempotency-Key', 'open')])[2])['id']
        headers = [('Idempotency-Key', 'buy')] + ([('traceparent', parent)] if parent else [])
        status, _, text = serve.ask('POST', f'/v1/threads/{thread}/turns', {'text': SAID}, headers=headers)
        self.assertEqual(status, 200, text)
        return thread, json.loads(text)

    def test_a_turn_is_one_trace_from_the_client_to_the_rail(self):
        with tempfile.TemporaryDirectory() as folder, collector() as at, model() as llm, \
                Listening(lambda _: (204, b'')) as hook:
            endpoints = pathlib.Path(folder, 'endpoints.json')
            endpoints.write_text(json.dumps({'endpoints': [{
                'id': 'shop', 'tenant': 'default', 'url': f'http://127.0.0.1:{hook.port}/',
                'secret': 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'events': ['intent.*']}]}))
            endpoints.chmod(0o600)
            with self.serve(at.port, f'webhooks.endpoints_file={endpoints}',
                            PURSER_LLM_BASE_URL=f'http://127.0.0.1:{llm.port}/v1', PURSER_LLM_API_KEY=MODEL_KEY,
                            PURSER_LLM_MODEL='real-model-1') as serve:
                thread, turn = self.buy(serve, f'00-{TRACE}-{PARENT}-01')
                mine = lambda: [s for s in spans_of(at.requests) if s['traceId'] == TRACE]
                self.assertTrue(eventually(lambda: len(mine()) >= 5), mine())
                self.assertTrue(eventually(lambda: hook.requests))
                self.assertTrue(eventually(lambda: any(s['name'] == 'deliver webhook' for s in spans_of(at.requests))))
            by_name = collections.defaultdict(list)
            for span in mine():
                by_name[span['name']].append(span)
                self.assertLessEqual(int(span['startTimeUnixNano']), int(span['endTimeUnixNano']))
                self.assertLess(abs(int(span['endTimeUnixNano']) / 1e9 - time.time()), 300)
            request, = by_name['POST /v1/threads/{}/turns']
            self.assertEqual((request['parentSpanId'], request['kind']), (PARENT, 2))
            self.assertEqual(attributes(request)['http.route'], '/v1/threads/{}/turns')
            self.assertEqual(attributes(request)['http.response.status_code'], '200')
            agent, = by_name['invoke_agent purser']
            self.assertEqual((agent['parentSpanId'], agent['kind']), (request['spanId'], 1))
            self.assertEqual(attributes(agent)['gen_ai.conversation.id'], thread)
            self.assertEqual(attributes(agent)['purser.turn.id'], turn['id'])
            chats = by_name['chat real-model-1']
            self.assertEqual(len(chats), 2)
            for chat in chats:
                self.assertEqual((chat['parentSpanId'], chat['kind']), (agent['spanId'], 3))
                told = attributes(chat)
                self.assertEqual((told['gen_ai.operation.name'], told['gen_ai.request.model'], told['gen_ai.response.model'],
                                  told['gen_ai.usage.input_tokens'], told['gen_ai.usage.output_tokens']),
                                 ('chat', 'real-model-1', 'real-model-1', '11', '7'))
            rail, = by_name['rail create_order']
            self.assertEqual((rail['parentSpanId'], attributes(rail)['purser.rail.outcome']), (agent['spanId'], 'succeeded'))
            # Passed on: the model hears of the span that asks it, the tenant's server of the one that tells it.
            self.assertEqual([h['traceparent'] for _, h, _ in llm.requests],
                             [f"00-{TRACE}-{c['spanId']}-01" for c in sorted(chats, key=lambda c: c['startTimeUnixNano'])])
            delivery = next(s for s in spans_of(at.requests) if s['name'] == 'deliver webhook')
            self.assertIn(delivery['spanId'], hook.requests[0][1]['traceparent'])

            self.assertEqual({(path, h['authorization'], h['content-type']) for path, h, _ in at.requests},
                             {('/otel/v1/traces', SECRET, 'application/json')})
            resource = json.loads(at.requests[0][2])['resourceSpans'][0]['resource']['attributes']
            self.assertIn({'key': 'service.name', 'value': {'stringValue': 'purser'}}, resource)
            everything = b''.join(body for _, _, body in at.requests).decode()
            for never in ('Longjing', '13912345678', 'Please pay', KEY, MODEL_KEY, SECRET, 'mei"'):
                self.assertNotIn(never, everything)

    def test_a_trace_of_its_own_and_the_callers_decision(self):
        with collector() as at, self.serve(at.port) as serve:
            self.buy(serve, f'00-{TRACE}-{PARENT}-00')  # its caller keeps no record of it
            serve.ask('GET', '/v1/models')
            self.assertTrue(eventually(lambda: any(s['name'] == 'GET /v1/models' for s in spans_of(at.requests))))
            spans = spans_of(at.requests)
            self.assertNotIn(TRACE, {s['traceId'] for s in spans})
            own = next(s for s in spans if s['name'] == 'GET /v1/models')
            self.assertNotIn('parentSpanId', own)
            for bad in ('00-' + '0' * 32 + f'-{PARENT}-01', f'ff-{TRACE}-{PARENT}-01', f'00-{TRACE.upper()}-{PARENT}-01', 'x'):
                serve.ask('GET', '/v1/models', headers=[('traceparent', bad)])
            self.assertTrue(eventually(lambda: sum(s['name'] == 'GET /v1/models' for s in spans_of(at.requests)) == 5))
            self.assertNotIn(TRACE, {s['traceId'].lower() for s in spans_of(at.requests)})

    def test_a_streamed_turn_belongs_to_its_request(self):
        with collector() as at, self.serve(at.port) as serve:
            thread = json.loads(serve.ask('POST', '/v1/threads', {'user': {'id': 'lin'}, 'locale': 'en'})[2])['id']
            for path, body in ((f'/v1/threads/{thread}/turns', {'text': 'hello'}), (
                    '/v1/chat/completions', {'model': 'purser', 'user': 'bo', 'stream': True,
                                             'messages': [{'role': 'user', 'content': 'hello'}]})):
                status, _, text = serve.ask('POST', path, body, headers=[
                    ('Idempotency-Key', 'k'), ('Accept', 'text/event-stream')])
                self.assertEqual(status, 200, text)
            named = lambda name: [s for s in spans_of(at.requests) if s['name'] == name]
            self.assertTrue(eventually(lambda: len(named('invoke_agent purser')) == 2))
            parents = {s['spanId'] for s in named('POST /v1/threads/{}/turns') + named('POST /v1/chat/completions')}
            self.assertEqual({s['parentSpanId'] for s in named('invoke_agent purser')}, parents)

    def test_nothing_is_sampled(self):
        with collector() as at, self.serve(at.port, 'telemetry.sampled_per_mille=0') as serve:
            self.buy(serve)
            serve.ask('GET', '/v1/models', headers=[('traceparent', f'00-{TRACE}-{PARENT}-01')])
            self.assertTrue(eventually(lambda: at.requests))
            self.assertEqual({s['traceId'] for s in spans_of(at.requests)}, {TRACE})

    def test_nobody_waits_for_a_collector(self):
        held = threading.Event()

        def slow(_):
            held.wait(60)
            return 503, b'{}'
        with Listening(slow) as at, self.serve(at.port, 'telemetry.spans_max=16') as serve:
            serve.ask('GET', '/v1/models')
            self.assertTrue(eventually(lambda: at.requests), 'it is asked, and holds its answer back')
            connection = http.client.HTTPConnection('127.0.0.1', serve.port, timeout=30)
            for _ in range(199):
                connection.request('GET', '/v1/models', headers={'Authorization': f'Bearer {KEY}'})
                answer = connection.getresponse()
                answer.read()
                self.assertEqual(answer.status, 200)
            connection.close()
            held.set()
            count = lambda result: int(next(
                line.rsplit(' ', 1)[1] for line in serve.admin('GET', '/metrics')[2].splitlines()
                if line.startswith(f'purser_trace_spans_total{{result="{result}"}}')))
            self.assertTrue(eventually(lambda: count('dropped') == 200), count('dropped'))
            self.assertEqual(count('sent'), 0)
            self.assertIn('telemetry.not_sent', serve.errors())

    def test_a_collector_that_never_answers_does_not_keep_the_daemon(self):
        held = threading.Event()

        def silent(_):
            held.wait(120)
            return 503, b'{}'
        with Listening(silent) as at, self.serve(at.port, 'telemetry.send_every_ms=100') as serve:
            serve.ask('GET', '/v1/models')
            self.assertTrue(eventually(lambda: at.requests))
            serve.child.send_signal(signal.SIGTERM)
            try:
                self.assertEqual(serve.child.wait(20), 0)
            except subprocess.TimeoutExpired:
                self.fail('it waits for the collector')
            finally:
                held.set()

    def test_what_was_not_sent_yet_is_sent_at_the_end(self):
        with collector() as at:
            with self.serve(at.port, 'telemetry.send_every_ms=60000') as serve:
                serve.ask('GET', '/v1/models')
                self.assertFalse(at.requests)
            self.assertEqual([s['name'] for s in spans_of(at.requests)], ['GET /v1/models'])

    def test_without_a_collector_nothing_is_made(self):
        with model() as llm, Serve(PURSER, environment={'PURSER_LLM_BASE_URL': f'http://127.0.0.1:{llm.port}/v1'}) as serve:
            self.buy(serve, f'00-{TRACE}-{PARENT}-01')
            self.assertNotIn('traceparent', llm.requests[0][1])
            self.assertNotIn('purser_trace_spans_total', serve.admin('GET', '/metrics')[2])


if __name__ == '__main__':
    unittest.main(verbosity=1)
