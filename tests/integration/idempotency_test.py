#!/usr/bin/env python3
"""Every endpoint that takes an Idempotency-Key, asked fifty times at once at the real binary: one effect, one first
answer, and each rule of the contract with its status and code.

  idempotency_test.py PURSER
"""
import collections
import http.client
import http.server
import json
import pathlib
import socket
import sqlite3
import sys
import tempfile
import threading
import unittest

from serving import Serve, eventually

PURSER = sys.argv.pop(1)
FOLD = 50
KEYS = {'shop': 'sk_live_0123456789abcdef', 'other': 'sk_live_fedcba9876543210'}
OPEN = {'PURSER_API_KEYS': ','.join(f'{tenant}:{key}' for tenant, key in KEYS.items()), 'PURSER_ID_SECRET': 'i' * 32}
UNLIMITED = ['limits.turns_per_user=0', 'limits.requests_per_key=0', 'limits.requests_per_address=0']
TEA = 'Two packs of Longjing tea, please.'


class Receiver(http.server.BaseHTTPRequestHandler):
    """A tenant's own server: says that it is gone for good until it is told otherwise."""
    status = 410
    heard = []

    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.heard.append(self.headers['webhook-id'])
        self.send_response(self.status)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *_):
        pass


class Shop:
    def __init__(self, *sets, environment=None):
        self.serve = Serve(PURSER, *UNLIMITED, *sets, environment={**OPEN, **(environment or {})})
        if not self.serve.port:
            raise AssertionError(self.serve.errors())
        ready = json.loads(self.serve.admin('GET', '/readyz')[2])
        self.rail = int(ready['sandbox_url'].rsplit(':', 1)[1]) if 'sandbox_url' in ready else 0

    def ask(self, method, path, body=None, key=None, tenant='shop', headers=()):
        headers = list(headers) + ([('Idempotency-Key', key)] if key is not None else [])
        return self.serve.ask(method, path, body, key=KEYS[tenant], headers=headers)

    def sandbox(self, path, body=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.rail, timeout=60)
        connection.request('GET' if body is None else 'POST', '/sandbox/' + path, None if body is None else json.dumps(body),
                           {'Content-Type': 'application/json'})
        text = connection.getresponse().read()
        connection.close()
        return json.loads(text or 'null')

    def thread(self, user):
        status, _, text = self.ask('POST', '/v1/threads', {'user': {'id': user}, 'locale': 'en'}, key=f'open-{user}')
        assert status == 201, text
        return json.loads(text)['id']

    def say(self, thread, words, key):
        status, _, text = self.ask('POST', f'/v1/threads/{thread}/turns', {'text': words}, key=key)
        assert status == 200, text
        return json.loads(text)

    def read(self, path):
        return json.loads(self.ask('GET', path)[2])

    def intent(self, user, paid=False):
        thread = self.thread(user)
        intent = self.say(thread, TEA, f'buy-{user}')['intents'][0]
        if paid:
            self.sandbox('pay', {'out_trade_no': intent['order']['out_trade_no']})
            assert eventually(lambda: self.read(f"/v1/intents/{intent['id']}")['state'] == 'succeeded')
        return thread, intent

    def refund(self, user, words='I want to return one Longjing tea.'):
        thread, intent = self.intent(user, paid=True)
        return thread, intent, self.say(thread, words, f'back-{user}')

    def orders(self):
        return len(self.sandbox('orders')['orders']) if self.rail else 0


class Idempotency(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.receiver = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Receiver)
        threading.Thread(target=cls.receiver.serve_forever, daemon=True).start()
        endpoints = pathlib.Path(cls.folder.name, 'endpoints.json')
        endpoints.write_text(json.dumps({'endpoints': [{
            'id': 'shop', 'tenant': 'shop', 'url': f'http://127.0.0.1:{cls.receiver.server_port}/hook',
            'secret': 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'events': ['intent.canceled']}]}))
        endpoints.chmod(0o600)
        cls.shop = Shop('refund.auto_limit_fen=10000', f'webhooks.endpoints_file={endpoints}')

    @classmethod
    def tearDownClass(cls):
        cls.shop.serve.__exit__()
        cls.receiver.shutdown()
        cls.receiver.server_close()
        cls.folder.cleanup()

    def at_once(self, ask):
        """The answers of fifty who ask in the same moment."""
        answers, gate = [], threading.Barrier(FOLD)

        def one():
            gate.wait()
            answers.append(ask())
        threads = [threading.Thread(target=one) for _ in range(FOLD)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), FOLD)
        return answers

    def expect_error(self, answer, status, code):
        self.assertEqual(answer[0], status, answer[2])
        self.assertEqual(json.loads(answer[2])['error']['code'], code, answer[2])

    def race(self, path, body, key, created=200):
        """Fifty with one key: one works, the others are told to wait or get its answer. The answer that is kept."""
        ask = lambda: self.shop.ask('POST', path, body, key=key)
        answers = self.at_once(ask)
        firsts = [a for a in answers if a[0] == created and 'idempotent-replayed' not in a[1]]
        self.assertEqual(len(firsts), 1, collections.Counter(a[0] for a in answers))
        for answer in answers:
            if answer[0] == 409:
                self.expect_error(answer, 409, 'idempotency_in_flight')
                self.assertGreaterEqual(int(answer[1]['retry-after']), 1)
            else:
                self.assertEqual((answer[0], answer[2]), (created, firsts[0][2]))
        again = ask()
        self.assertEqual((again[0], again[2], again[1].get('idempotent-replayed')), (created, firsts[0][2], 'true'))
        self.assertEqual(again[1]['content-type'], 'application/json')
        self.assertIn('x-request-id', again[1])
        return json.loads(firsts[0][2])

    def rules(self, path, body, required=True, others=()):
        """What is said of the key alone, before anything is done."""
        post = lambda key=None, headers=(): self.shop.ask('POST', path, body, key=key, headers=headers)
        if required:
            self.expect_error(post(), 400, 'idempotency_key_required')
        for bad in ('', 'k' * 256, 'two words', 'tab\there', 'caf\xe9'):
            self.expect_error(post(bad), 400, 'request_malformed')
        self.expect_error(post(headers=[('Idempotency-Key', 'a'), ('Idempotency-Key', 'b')]), 400, 'request_malformed')
        with self.assertRaises(ValueError):  # no client writes it; the server's own refusal follows
            post('nul\0\r\n')
        raw = self.raw(f'POST {path} HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\0b\r\nContent-Length: 0\r\n\r\n')
        self.assertTrue(raw.startswith(b'HTTP/1.1 400 '), raw)
        for key, other in others:
            self.expect_error(self.shop.ask('POST', path, other, key=key), 422, 'idempotency_conflict')

    def raw(self, text):
        with socket.create_connection(('127.0.0.1', self.shop.serve.port), timeout=30) as stream:
            stream.sendall(text.encode('latin-1'))
            got = b''
            while piece := stream.recv(4096):
                got += piece
            return got

    # --- each endpoint

    def test_threads(self):
        body = {'user': {'id': 'mei'}, 'locale': 'en', 'metadata': {'a': '1', 'b': '2'}}
        made = self.race('/v1/threads', body, 'thread-1', 201)
        self.rules('/v1/threads', body, required=False, others=[('thread-1', {**body, 'locale': 'zh'})])
        # The order of members and white space say nothing.
        turned = b'{ "metadata": {"b":"2", "a":"1"}, "locale":"en", "user": {"id":"mei"} }'
        again = self.shop.ask('POST', '/v1/threads', turned, key='thread-1')
        self.assertEqual((again[0], json.loads(again[2])['id'], again[1]['idempotent-replayed']), (201, made['id'], 'true'))
        # Another tenant, another endpoint: another key.
        other = self.shop.ask('POST', '/v1/threads', body, key='thread-1', tenant='other')
        self.assertEqual(other[0], 201)
        self.assertNotIn('idempotent-replayed', other[1])
        self.assertNotEqual(json.loads(other[2])['id'], made['id'])
        turn = self.shop.ask('POST', f"/v1/threads/{made['id']}/turns", {'text': 'hello'}, key='thread-1')
        self.assertEqual(turn[0], 200)
        self.assertNotIn('idempotent-replayed', turn[1])
        # The longest key that is taken; what was refused is not kept.
        self.assertEqual(self.shop.ask('POST', '/v1/threads', body, key='k' * 255)[0], 201)
        self.expect_error(self.shop.ask('POST', '/v1/threads', {'user': {}}, key='thread-2'), 400, 'json_missing_key')
        self.assertEqual(self.shop.ask('POST', '/v1/threads', body, key='thread-2')[0], 201)

    def test_turns(self):
        thread, before = self.shop.thread('lin'), self.shop.orders()
        path = f'/v1/threads/{thread}/turns'
        turn = self.race(path, {'text': TEA}, 'turn-1')
        self.assertEqual(len(turn['intents']), 1)
        self.assertEqual(self.shop.orders() - before, 1)
        said = [m for m in self.shop.read(f'/v1/threads/{thread}/messages')['data'] if m['role'] == 'user']
        self.assertEqual(len(said), 1)
        self.rules(path, {'text': TEA}, others=[('turn-1', {'text': 'Three packs, please.'})])
        # As events, too, the first answer comes again.
        streamed = self.shop.ask('POST', path, {'text': TEA}, key='turn-1', headers=[('Accept', 'text/event-stream')])
        self.assertEqual((streamed[0], streamed[1]['idempotent-replayed']), (200, 'true'))
        self.assertIn(turn['id'], streamed[2])

    def test_cancel(self):
        _, intent = self.shop.intent('wei')
        path = f"/v1/intents/{intent['id']}/cancel"
        canceled = self.race(path, {}, 'cancel-1')
        self.assertEqual(canceled['state'], 'canceled')
        self.rules(path, {})
        closes = [c for c in self.shop.sandbox('traffic')['traffic']
                  if c['target'].endswith(intent['order']['out_trade_no'] + '/close')]
        self.assertEqual(len(closes), 1)
        # Another key finds what is so; no body is the empty one.
        self.assertEqual(self.shop.ask('POST', path, None, key='cancel-1')[1].get('idempotent-replayed'), 'true')

    def test_renew(self):
        _, intent = self.shop.intent('jun')
        self.shop.sandbox('clock', {'advance': '301s'})
        at = f"/v1/intents/{intent['id']}"
        self.assertTrue(eventually(lambda: self.shop.read(at)['state'] == 'expired'))
        before = self.shop.orders()
        renewed = self.race(at + '/renew', {}, 'renew-1')
        self.assertNotEqual(renewed['id'], intent['id'])
        self.assertEqual(self.shop.orders() - before, 1)
        self.rules(at + '/renew', {})

    def test_approvals(self):
        thread, intent, _ = self.shop.refund('hua', 'Please refund the whole order, both packs.')
        pending = eventually(lambda: [a for a in self.shop.read('/v1/approvals?state=pending')['data']
                                      if a['thread_id'] == thread])
        path = f"/v1/approvals/{pending[0]['id']}"
        decided = self.race(path, {'decision': 'approve'}, 'decide-1')
        self.assertEqual(decided['state'], 'approved')
        self.assertTrue(eventually(lambda: self.shop.read(f"/v1/intents/{intent['id']}")['refunded'] == 17600))
        self.rules(path, {'decision': 'approve'}, others=[('decide-1', {'decision': 'deny'})])
        self.expect_error(self.shop.ask('POST', path, {'decision': 'approve'}, key='decide-2'), 409, 'approval_ended')

    def test_settle(self):
        _, intent = self.shop.intent('di')
        # The webhook keeps away while the rail's answer to the cancel's own question decides.
        self.shop.sandbox('faults', [{'call': 'webhook', 'what': 'lost', 'times': 2}, {'call': 'query', 'what': 'wrong_amount'}])
        self.shop.sandbox('pay', {'out_trade_no': intent['order']['out_trade_no']})
        at = f"/v1/intents/{intent['id']}"
        self.expect_error(self.shop.ask('POST', at + '/cancel', {}, key='cancel-di'), 409, 'cancel_not_allowed')
        self.assertEqual(self.shop.read(at)['state'], 'conflicted')
        self.assertEqual(self.race(at + '/settle', {}, 'settle-1')['state'], 'failed')
        self.rules(at + '/settle', {})

    def test_refunds_again(self):
        self.shop.sandbox('faults', [{'call': 'refund', 'what': 'closed'}])
        _, intent, turn = self.shop.refund('bo')
        refund = f"/v1/refunds/{turn['refunds'][0]['id']}"
        self.assertTrue(eventually(lambda: self.shop.read(refund)['state'] == 'failed'))
        fresh = self.race(refund + '/again', {}, 'again-1')
        self.assertNotEqual(fresh['id'], turn['refunds'][0]['id'])
        self.assertTrue(eventually(lambda: self.shop.read(f"/v1/intents/{intent['id']}")['refunded'] == 8800, 90))
        self.rules(refund + '/again', {})

    def test_refunds_mend(self):
        self.shop.sandbox('faults', [{'call': 'refund', 'what': 'abnormal'}])
        _, intent, turn = self.shop.refund('ai')
        refund = f"/v1/refunds/{turn['refunds'][0]['id']}"
        self.assertTrue(eventually(lambda: self.shop.read(refund)['state'] == 'abnormal'))
        account = {'bank_type': 'ICBC_DEBIT', 'bank_account': '6222020200012345678', 'real_name': 'Ai'}
        self.race(refund + '/mend', account, 'mend-1')
        self.rules(refund + '/mend', account, others=[('mend-1', {**account, 'real_name': 'Bo'})])
        sent = [c for c in self.shop.sandbox('traffic')['traffic'] if c['target'].endswith('/apply-abnormal-refund')]
        self.assertEqual(len(sent), 1)

    def test_redeliver(self):
        _, intent = self.shop.intent('xin')
        self.assertEqual(self.shop.ask('POST', f"/v1/intents/{intent['id']}/cancel", {}, key='cancel-xin')[0], 200)
        # Deliveries of the other tests come when they like.
        dead = eventually(lambda: [d for d in self.shop.read('/v1/webhook_deliveries')['data'] if d['state'] == 'dead'])
        mine = dead[-1]['id']
        sent = lambda: Receiver.heard.count(mine.split(':', 1)[1])
        before = sent()
        self.assertGreater(before, 0)
        Receiver.status = 204
        name = mine.replace(':', '%3A')
        self.race(f'/v1/webhook_deliveries/{name}/redeliver', {}, 'send-1')
        self.assertTrue(eventually(lambda: sent() == before + 1), (mine, Receiver.heard))
        self.rules(f'/v1/webhook_deliveries/{name}/redeliver', {})
        self.assertEqual(sent(), before + 1)
        Receiver.status = 410

    def test_chat_completions(self):
        body = {'model': 'purser', 'user': 'yan', 'messages': [{'role': 'user', 'content': TEA}]}
        before = self.shop.orders()
        made = self.race('/v1/chat/completions', body, 'chat-1')
        self.assertEqual(self.shop.orders() - before, 1)
        other = {**body, 'messages': [{'role': 'user', 'content': 'Three packs, please.'}]}
        self.rules('/v1/chat/completions', body, required=False, others=[('chat-1', other)])
        # 1 is 1.0: the same request.
        warm = self.shop.ask('POST', '/v1/chat/completions', {**body, 'temperature': 1}, key='chat-2')
        same = self.shop.ask('POST', '/v1/chat/completions', {**body, 'temperature': 1.0}, key='chat-2')
        self.assertEqual((same[0], same[1].get('idempotent-replayed')), (200, 'true'), same[2])
        self.assertEqual(json.loads(same[2])['id'], json.loads(warm[2])['id'])
        self.assertNotEqual(json.loads(warm[2])['id'], made['id'])

    def test_mcp_tools(self):
        accept = [('Accept', 'application/json, text/event-stream')]
        thread, before = self.shop.thread('tao'), self.shop.orders()

        def call(quantity, key='wish-1'):
            return self.shop.ask('POST', '/mcp', {
                'jsonrpc': '2.0', 'id': 7, 'method': 'tools/call', 'params': {
                    'name': 'create_payment_intent', 'arguments': {'lines': [{'sku': 'tea-longjing-100g', 'quantity': quantity}]},
                    '_meta': {'purser/idempotency-key': key}}}, headers=accept + session)
        opened = self.shop.ask('POST', '/mcp', {'jsonrpc': '2.0', 'id': 1, 'method': 'initialize', 'params': {
            'protocolVersion': '2025-11-25', 'capabilities': {}, 'clientInfo': {'name': 't', 'version': '1'}}}, headers=accept)
        session = [('Mcp-Session-Id', opened[1]['mcp-session-id']), ('X-Thread-Id', thread)]
        answers = self.at_once(lambda: call(2))
        told = [json.loads(a[2]) for a in answers if a[0] == 200]
        self.assertEqual({a[0] for a in answers} - {200, 409}, set())
        self.assertGreaterEqual(len(told), 1)
        self.assertEqual({t['result']['isError'] for t in told}, {False}, told[0])
        self.assertEqual(self.shop.orders() - before, 1)
        conflict = json.loads(call(3)[2])['result']
        self.assertTrue(conflict['isError'])
        self.assertEqual(conflict['structuredContent']['code'], 'idempotency_conflict')
        for bad in ('', 'k' * 256, 'nul\0', 5):
            self.assertEqual(json.loads(call(2, bad)[2])['error']['code'], -32602)

    # --- while the first is still being answered

    def test_in_flight(self):
        held = threading.Event()

        class Model(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers['Content-Length']))
                held.wait(60)
                body = json.dumps({'id': 'x', 'object': 'chat.completion', 'model': 'slow', 'choices': [
                    {'index': 0, 'finish_reason': 'stop', 'message': {'role': 'assistant', 'content': 'Hello.'}}]}).encode()
                self.send_response(200)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        model = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Model)
        threading.Thread(target=model.serve_forever, daemon=True).start()
        shop = Shop(environment={'PURSER_LLM_BASE_URL': f'http://127.0.0.1:{model.server_port}/v1'})
        try:
            thread = shop.thread('slow')
            path, first = f'/v1/threads/{thread}/turns', []
            asking = threading.Thread(target=lambda: first.append(shop.ask('POST', path, {'text': 'hello'}, key='slow-1')))
            asking.start()
            running = lambda: shop.ask('POST', path, {'text': 'hello'}, key='slow-1')
            self.assertTrue(eventually(lambda: shop.read(f'/v1/threads/{thread}')['state'] == 'running'))
            self.expect_error(running(), 409, 'idempotency_in_flight')
            self.assertEqual(running()[1]['retry-after'], '1')
            self.expect_error(shop.ask('POST', path, {'text': 'another'}, key='slow-1'), 422, 'idempotency_conflict')
            held.set()
            asking.join()
            self.assertEqual(first[0][0], 200, first[0][2])
            replay = running()
            self.assertEqual((replay[0], replay[2], replay[1]['idempotent-replayed']), (200, first[0][2], 'true'))
        finally:
            held.set()
            shop.serve.__exit__()
            model.shutdown()
            model.server_close()

    # --- after an erasure

    def test_an_erased_request_is_not_done_again(self):
        shop = self.shop
        phone = '13912345678'
        thread = shop.thread('gone')
        path = f'/v1/threads/{thread}/turns'
        chat = {'model': 'purser', 'user': 'gone-2', 'messages': [{'role': 'user', 'content': 'hello'}]}
        self.assertEqual(shop.ask('POST', path, {'text': 'hello'}, key=phone)[0], 200)
        self.assertEqual(shop.ask('POST', '/v1/chat/completions', chat, key=phone)[0], 200)
        streamed = {**chat, 'stream': True}
        self.assertEqual(shop.ask('POST', '/v1/chat/completions', streamed, key='streamed')[0], 200)
        for user in ('gone', 'gone-2'):
            erased = shop.serve.admin('POST', '/users/erase', {'tenant': 'shop', 'user': user})
            self.assertEqual((erased[0], json.loads(erased[2])['left']), (200, []), erased[2])
        other_chat = {**chat, 'messages': [{'role': 'user', 'content': 'two cups please'}]}
        opening = {'user': {'id': 'gone-3'}, 'locale': 'en'}
        self.assertEqual(shop.ask('POST', '/v1/threads', opening, key=phone)[0], 201)
        erased = shop.serve.admin('POST', '/users/erase', {'tenant': 'shop', 'user': 'gone-3'})
        self.assertEqual((erased[0], json.loads(erased[2])['left']), (200, []), erased[2])
        for at, same, other in ((path, {'text': 'hello'}, {'text': 'two cups please'}),
                                ('/v1/chat/completions', chat, other_chat),
                                ('/v1/threads', opening, {'user': {'id': 'gone-4'}, 'locale': 'en'})):
            for _ in range(2):
                # Whatever comes with it: the key was used.
                self.expect_error(shop.ask('POST', at, other, key=phone), 422, 'idempotency_conflict')
                self.expect_error(shop.ask('POST', at, same, key=phone), 410, 'erased')
        # What is streamed has its status before its end.
        stream = [('Accept', 'text/event-stream')]
        self.expect_error(shop.ask('POST', path, {'text': 'two cups please'}, key=phone, headers=stream), 422, 'idempotency_conflict')
        self.expect_error(shop.ask('POST', path, {'text': 'hello'}, key=phone, headers=stream), 410, 'erased')
        self.expect_error(shop.ask('POST', '/v1/chat/completions', {**other_chat, 'stream': True}, key='streamed'), 422,
                          'idempotency_conflict')
        self.expect_error(shop.ask('POST', '/v1/chat/completions', streamed, key='streamed'), 410, 'erased')
        said = [m for m in shop.read(f'/v1/threads/{thread}/messages')['data'] if m['role'] == 'user']
        self.assertEqual(len(said), 1)
        database = pathlib.Path(shop.serve.folder.name, 'purser.db')
        keys = [row[0] for row in sqlite3.connect(f'file:{database}?mode=ro', uri=True).execute('SELECT key FROM idempotency')]
        self.assertNotIn(phone, keys)


if __name__ == '__main__':
    unittest.main(verbosity=1)
