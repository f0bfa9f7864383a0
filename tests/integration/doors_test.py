#!/usr/bin/env python3
"""Small things at the doors of the real binary: clients that send no more and still wait, hosts that are not ours, heads
of streams, counters that stand at zero, ids in the log.

  doors_test.py PURSER
"""
import json
import re
import socket
import sys
import unittest

from serving import Serve, eventually

PURSER = sys.argv.pop(1)


class Doors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.serve = Serve(PURSER)
        cls.thread = json.loads(cls.serve.ask('POST', '/v1/threads', {'user': {'id': 'mei'}, 'locale': 'en'})[2])['id']

    @classmethod
    def tearDownClass(cls):
        cls.serve.__exit__()

    def half_closed(self, text):
        """All that comes to a client that has said that it sends no more."""
        with socket.create_connection(('127.0.0.1', self.serve.port), timeout=30) as stream:
            stream.sendall(text.encode())
            stream.shutdown(socket.SHUT_WR)
            got = b''
            while piece := stream.recv(4096):
                got += piece
            return got.decode()

    def request(self, method, path, body='', headers=''):
        length = f'Content-Length: {len(body)}\r\nContent-Type: application/json\r\n' if method == 'POST' else ''
        return (f'{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.serve.key}\r\n{length}{headers}'
                f'\r\n{body}')

    def test_who_sends_no_more_is_answered(self):
        turns = f'/v1/threads/{self.thread}/turns'
        answer = self.half_closed(self.request('POST', turns, '{"text":"hello"}', 'Idempotency-Key: half-1\r\n'))
        self.assertTrue(answer.startswith('HTTP/1.1 200 '), answer)
        self.assertIn('"reply"', answer)
        # Also two requests that came together.
        both = self.half_closed(self.request('GET', '/v1/models') + self.request('GET', '/v1/models/purser'))
        self.assertEqual(both.count('HTTP/1.1 200 '), 2)

    def test_a_stream_ends_with_its_client(self):
        events = self.half_closed(self.request('GET', f'/v1/threads/{self.thread}/events'))
        self.assertTrue(events.startswith('HTTP/1.1 200 '), events)
        self.assertTrue(eventually(lambda: 'purser_event_streams_open 0\n' in self.serve.admin('GET', '/metrics')[2]))

    def test_a_stream_has_no_head_alone(self):
        opened = self.serve.ask('POST', '/mcp', {'jsonrpc': '2.0', 'id': 1, 'method': 'initialize', 'params': {
            'protocolVersion': '2025-11-25', 'capabilities': {}, 'clientInfo': {'name': 't', 'version': '1'}}},
            headers=[('Accept', 'application/json, text/event-stream')])
        session = [('Mcp-Session-Id', opened[1]['mcp-session-id']), ('Accept', 'text/event-stream')]
        for path, headers in (('/mcp', session), (f'/v1/threads/{self.thread}/events', [])):
            status, told, _ = self.serve.ask('HEAD', path, headers=headers)
            self.assertEqual((status, told['allow']), (405, 'GET'), path)
        self.assertEqual(self.serve.ask('HEAD', '/v1/models')[0], 200)

    def test_the_admin_listener_answers_to_this_machine(self):
        ask = lambda **headers: self.serve.admin('GET', '/readyz', headers=list(headers.items()))
        self.assertEqual(ask()[0], 200)
        for host in ('localhost', 'LOCALHOST:1', 'localhost.', 'localhost.:9090', '127.0.0.1:9090', '[::1]:9090',
                     'evil.example', 'evil.example:9090', '127.0.0.1.evil.example', 'localhost.evil.example', 'localhost..', '10.0.0.1'):
            with socket.create_connection(('127.0.0.1', self.serve.admin_port), timeout=30) as stream:
                stream.sendall(f'GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n'.encode())
                got = stream.recv(4096)
            ours = re.fullmatch(r'(?i)(localhost\.?|127\.0\.0\.1|\[::1\])(:\d+)?', host)
            self.assertTrue(got.startswith(b'HTTP/1.1 200 ' if ours else b'HTTP/1.1 403 '), (host, got))
        self.assertEqual(ask(Origin='http://evil.example')[0], 403)
        self.assertEqual(ask(Origin='http://localhost:3000')[0], 200)

    def test_counters_stand_at_zero(self):
        text = self.serve.admin('GET', '/metrics')[2]
        for line in ('purser_webhooks_total{verdict="signature_invalid"} 0', 'purser_webhook_deliveries_total{result="dead"} 0',
                     'purser_rail_calls_total{operation="refund",outcome="unknown"} 0', 'purser_events_total{type="intent.expired"} 0',
                     'purser_store_commits_total{outcome="store_unavailable"} 0', 'purser_conversations_erased_total 0',
                     'purser_work_parked_total{kind="take_notification"} 0', 'purser_turns_total{outcome="internal"} 0'):
            self.assertIn('\n' + line + '\n', text)

    def test_a_request_id_stands_whole_in_the_log(self):
        wanted = 'req-13912345678-6222020200012345678'
        self.serve.ask('GET', '/v1/models', headers=[('X-Request-Id', wanted)])
        self.assertTrue(eventually(lambda: f'request={wanted} ' in self.serve.errors()), self.serve.errors())


if __name__ == '__main__':
    unittest.main(verbosity=1)
