#!/usr/bin/env python3
"""TLS at the real binary's own doors: what it speaks and what it refuses, certificates changed while it serves, clients
that show one, and what is wrong with the files. Certificates are made by openssl on the spot.

  tls_test.py PURSER
"""
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

from serving import Serve, eventually

PURSER = sys.argv.pop(1)


def openssl(*words, stdin=b''):
    return subprocess.run(['openssl', *map(str, words)], input=stdin, capture_output=True, check=True)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory()
        cls.at = pathlib.Path(cls.made.name)
        for authority in ('ca', 'stranger'):
            openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 30, '-subj',
                    f'/CN={authority}', '-keyout', cls.at / f'{authority}.key', '-out', cls.at / f'{authority}.pem')
        cls.issue('first', 'ca')
        cls.issue('second', 'ca')
        cls.issue('old', 'ca', '20200101000000Z', '20200201000000Z')
        cls.issue('weak', 'ca', digest='sha1')
        cls.issue('for_clients', 'ca', usage='clientAuth')
        cls.issue('for_all', 'ca', usage='serverAuth,clientAuth')
        cls.issue('customer', 'ca')
        cls.issue('old_ca', 'ca', '20200101000000Z', '20200201000000Z', more='basicConstraints=critical,CA:TRUE')
        authority = {'more': 'basicConstraints=critical,CA:TRUE'}
        cls.issue('middle', 'ca', **authority)
        cls.issue('of_middle', 'middle')
        cls.issue('weak_middle', 'ca', digest='sha1', **authority)
        cls.issue('of_weak_middle', 'weak_middle')
        cls.issue('weak_root', 'weak_root', digest='sha1', **authority)
        cls.issue('of_weak_root', 'weak_root')
        cls.issue('short_root', 'short_root', curve='rsa:1024', **authority)
        cls.issue('of_short_root', 'short_root')
        cls.issue('root_of_servers', 'root_of_servers', usage='serverAuth', **authority)
        cls.issue('old_root', 'old_root', '20200101000000Z', '20200201000000Z', **authority)
        cls.issue('of_old_root', 'old_root', **authority)
        cls.issue('coming_root', 'coming_root', '20980101000000Z', **authority)
        cls.issue('odd_root', 'odd_root', curve='secp256k1', **authority)
        cls.issue('of_odd_root', 'odd_root')
        cls.issue('coming', 'ca', '20980101000000Z')
        cls.issue('odd', 'ca', curve='secp256k1')
        cls.issue('edge', 'ca', curve='P-384')
        # Of the authority's name with another key, and of its key with another name.
        openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 30, '-subj',
                '/CN=ca', '-addext', 'subjectKeyIdentifier=none', '-addext', 'authorityKeyIdentifier=none', '-keyout',
                cls.at / 'namesake.key', '-out', cls.at / 'namesake.pem')
        openssl('req', '-x509', '-key', cls.at / 'ca.key', '-days', 30, '-subj', '/CN=renamed', '-out',
                cls.at / 'renamed.pem')
        cls.issue('intruder', 'stranger')

    @classmethod
    def tearDownClass(cls):
        cls.made.cleanup()

    @classmethod
    def issue(cls, name, authority, begins='20240101000000Z', ends='20991231000000Z', digest='sha256', usage='', more='',
              curve='P-256'):
        """By `authority`; by itself where that is its own name."""
        request = cls.at / f'{name}.csr'
        key = ('rsa:1024',) if curve == 'rsa:1024' else ('ec', '-pkeyopt', f'ec_paramgen_curve:{curve}')
        openssl('req', '-new', '-newkey', *key, '-nodes', '-subj', f'/CN={name}',
                '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost',
                *(['-addext', f'extendedKeyUsage={usage}'] if usage else []), *(['-addext', more] if more else []), '-keyout', cls.at / f'{name}.key', '-out', request)
        folder = cls.at / f'{name}.issuing'
        folder.mkdir()
        (folder / 'index').write_text('')
        (folder / 'conf').write_text(
            f'[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nnew_certs_dir={folder}\nrand_serial=yes\ndefault_md={digest}\n'
            'policy=p\ncopy_extensions=copy\nunique_subject=no\n[p]\ncommonName=supplied\n')
        by = ('-selfsign',) if name == authority else ('-cert', cls.at / f'{authority}.pem')
        openssl('ca', '-batch', '-config', folder / 'conf', *by, '-keyfile', cls.at / f'{authority}.key', '-startdate', begins,
                '-enddate', ends, '-notext', '-in', request, '-out', cls.at / f'{name}.pem')

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.certificate, self.key = (pathlib.Path(self.place.name, name) for name in ('tls.pem', 'tls.key'))

    def show(self, certificate, key=None):
        """Puts them where the daemon reads them, each file replaced as a whole."""
        for source, target in ((f'{certificate}.pem', self.certificate), (f'{key or certificate}.key', self.key)):
            fresh = target.with_suffix('.fresh')
            fresh.write_bytes((self.at / source).read_bytes())
            fresh.chmod(0o600)
            fresh.rename(target)

    def sets(self, section='tls', **more):
        return [f'{section}.{k}={v}' for k, v in
                {'certificate_file': self.certificate, 'key_file': self.key, **more}.items()]

    def trust(self, shown=None, alpn=None, version=None):
        context = ssl.create_default_context(cafile=str(self.at / 'ca.pem'))
        if shown:
            context.load_cert_chain(self.at / f'{shown}.pem', self.at / f'{shown}.key')
        if alpn:
            context.set_alpn_protocols(alpn)
        if version:
            context.minimum_version = context.maximum_version = version
        return context

    def connect(self, port, **how):
        plain = socket.create_connection(('127.0.0.1', port), timeout=30)
        try:
            return self.trust(**how).wrap_socket(plain, server_hostname='127.0.0.1',
                                                  suppress_ragged_eofs=False)
        except BaseException:
            plain.close()
            raise

    def ask(self, stream, path, extra=''):
        stream.sendall(f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}\r\n'.encode())
        got = b''
        while b'\r\n\r\n' not in got:
            piece = stream.recv(4096)
            if not piece:
                return got
            got += piece
        length = int(next(l for l in got.split(b'\r\n') if l.lower().startswith(b'content-length')).split(b':')[1])
        while len(got.split(b'\r\n\r\n', 1)[1]) < length:
            got += stream.recv(4096)
        return got

    def name_shown(self, port):
        with self.connect(port) as stream:
            return dict(pair[0] for pair in stream.getpeercert()['subject'])['commonName']

    def curl(self, *words):
        return subprocess.run(['curl', '-sS', '--max-time', '60', '--cacert', str(self.at / 'ca.pem'), *map(str, words)],
                              capture_output=True, text=True)

    # --- what it speaks ---

    def test_a_payment_over_https(self):
        self.show('first')
        with Serve(PURSER, *self.sets(), *self.sets('admin_tls')) as serve:
            self.assertEqual((serve.scheme, serve.admin_scheme), ('https', 'https'), serve.ready + serve.errors())
            url, bearer = f'https://127.0.0.1:{serve.port}', f'Authorization: Bearer {serve.key}'
            made = self.curl(url + '/v1/threads', '-H', bearer, '-H', 'Idempotency-Key: open', '--json',
                             '{"user":{"id":"mei"},"locale":"en"}')
            thread = json.loads(made.stdout)['id']
            turn = json.loads(self.curl(url + f'/v1/threads/{thread}/turns', '-H', bearer, '-H', 'Idempotency-Key: buy',
                                        '--json', '{"text":"Two packs of Longjing tea, please."}').stdout)
            rail = json.loads(self.curl(f'https://127.0.0.1:{serve.admin_port}/readyz').stdout)['sandbox_url']
            paid = self.curl(rail + '/sandbox/pay', '--json',
                             json.dumps({'out_trade_no': turn['intents'][0]['order']['out_trade_no']}))
            self.assertEqual(paid.returncode, 0, paid.stderr)
            intent = f"{url}/v1/intents/{turn['intents'][0]['id']}"
            # The webhook of the embedded sandbox comes in although nobody told it to trust this certificate.
            self.assertTrue(eventually(lambda: json.loads(self.curl(intent, '-H', bearer).stdout)['state'] == 'succeeded', 10))
            events = self.curl('-N', '--max-time', 2, url + f'/v1/threads/{thread}/events', '-H', bearer, '-H',
                               'Last-Event-ID: 0')
            self.assertIn('event: intent.succeeded', events.stdout)
            metrics = self.curl(f'https://127.0.0.1:{serve.admin_port}/metrics').stdout
            self.assertRegex(metrics, r'purser_listener_certificate_days_left\{listener="tls"\} 2\d{4}\n')

    def test_versions_protocols_and_ciphers(self):
        self.show('first')
        with Serve(PURSER, *self.sets()) as serve:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.connect(serve.port, version=version, alpn=['h2', 'http/1.1']) as stream:
                    self.assertEqual(stream.selected_alpn_protocol(), 'http/1.1')
                    self.assertIn(b'200 OK', self.ask(stream, '/openapi.json').split(b'\r\n')[0])
            with self.connect(serve.port) as stream:
                self.assertIsNone(stream.selected_alpn_protocol())
            with self.assertRaises(ssl.SSLError) as refused:
                self.connect(serve.port, alpn=['h2'])
            self.assertIn('NO_APPLICATION_PROTOCOL', str(refused.exception).upper().replace(' ', '_'))
            for option in ('-tls1_1', '-tls1'):
                old = subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{serve.port}', option, '-cipher',
                                      'ALL:@SECLEVEL=0'], input=b'', capture_output=True)
                self.assertNotEqual(old.returncode, 0, option)
            weak = subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{serve.port}', '-tls1_2', '-cipher',
                                   'ECDHE-ECDSA-AES256-SHA:AES256-GCM-SHA384'], input=b'', capture_output=True)
            self.assertNotEqual(weak.returncode, 0, 'a cipher without authentication, or a key exchange without secrecy')

    def test_an_answer_ends_with_an_alert_and_not_with_a_cut(self):
        self.show('first')
        with Serve(PURSER, *self.sets()) as serve, self.connect(serve.port) as stream:
            stream.sendall(b'GET /v1/models HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer ' + serve.key.encode() + b'\r\n\r\n')
            got = b''
            while piece := stream.recv(4096):  # an end without close_notify raises SSLEOFError
                got += piece
            self.assertIn(b'"object"', got)

    # --- what it refuses ---

    def test_plain_http_is_told_so(self):
        self.show('first')
        with Serve(PURSER, *self.sets()) as serve:
            with socket.create_connection(('127.0.0.1', serve.port), timeout=30) as plain:
                plain.sendall(b'GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n')
                got = b''
                while piece := plain.recv(4096):
                    got += piece
            self.assertTrue(got.startswith(b'HTTP/1.1 400 '), got)
            self.assertIn(b'speaks HTTPS', got)
            with socket.create_connection(('127.0.0.1', serve.port), timeout=30) as noise:
                noise.sendall(b'\0' * 64)
                try:
                    self.assertFalse(noise.recv(4096).startswith(b'HTTP'))
                except ConnectionResetError:
                    pass  # nothing was said at all
            self.assertEqual(self.name_shown(serve.port), 'first')
            status, _, metrics = serve.admin('GET', '/metrics')
            self.assertRegex(metrics, r'purser_tls_handshakes_failed_total 2\n')

    def test_a_handshake_has_the_time_of_a_head(self):
        self.show('first')
        with Serve(PURSER, *self.sets(), 'server.header_time_max_ms=300') as serve:
            for begun in (b'', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'):
                with socket.create_connection(('127.0.0.1', serve.port), timeout=30) as slow:
                    slow.sendall(begun)
                    self.assertEqual(slow.recv(4096), b'', 'it is closed, and nothing is said')
            self.assertEqual(self.name_shown(serve.port), 'first')

    # --- who shows a certificate ---

    def test_clients_that_must_show_one(self):
        self.show('first')
        ca = self.at / 'ca.pem'
        with Serve(PURSER, *self.sets(client_ca_file=ca), *self.sets('admin_tls', client_ca_file=ca)) as serve:
            for port in (serve.port, serve.admin_port):
                with self.connect(port, shown='customer') as stream:
                    self.assertIn(b'HTTP/1.1', self.ask(stream, '/healthz'))
                for shown in (None, 'intruder'):
                    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                        with self.assertRaises((ssl.SSLError, ConnectionError)):
                            with self.connect(port, shown=shown, version=version) as stream:
                                if not self.ask(stream, '/healthz'):  # in 1.3 the refusal comes after the client's part
                                    raise ConnectionError('closed')

    def test_clients_that_may_show_one(self):
        self.show('first')
        with Serve(PURSER, *self.sets(client_ca_file=self.at / 'ca.pem', client_required='false')) as serve:
            for shown in (None, 'customer'):
                with self.connect(serve.port, shown=shown) as stream:
                    self.assertIn(b'200 OK', self.ask(stream, '/openapi.json'))
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                with self.connect(serve.port, shown='intruder') as stream:
                    if not self.ask(stream, '/openapi.json'):
                        raise ConnectionError('closed')

    def test_authorities_of_clients_are_shown_to_nobody(self):
        self.show('first')
        # The one that vouches for clients has issued the server's certificate too.
        with Serve(PURSER, *self.sets(client_ca_file=self.at / 'ca.pem', client_required='false')) as serve:
            shown = openssl('s_client', '-connect', f'127.0.0.1:{serve.port}', '-showcerts').stdout
            self.assertEqual(shown.count(b'BEGIN CERTIFICATE'), 1, shown)
        # A chain that the file holds is shown.
        self.certificate.write_bytes((self.at / 'first.pem').read_bytes() + (self.at / 'ca.pem').read_bytes())
        with Serve(PURSER, *self.sets()) as serve:
            shown = openssl('s_client', '-connect', f'127.0.0.1:{serve.port}', '-showcerts').stdout
            self.assertEqual(shown.count(b'BEGIN CERTIFICATE'), 2, shown)

    # --- who leaves ---

    def test_a_client_that_leaves_its_stream_is_noticed(self):
        self.show('first')
        with Serve(PURSER, *self.sets()) as serve:
            made = self.curl('-H', f'Authorization: Bearer {serve.key}', '-H', 'Content-Type: application/json',
                             '-d', '{"user":{"id":"mei"}}', f'https://127.0.0.1:{serve.port}/v1/threads')
            path = f'/v1/threads/{json.loads(made.stdout)["id"]}/events'
            open_now = lambda n: eventually(
                lambda: f'purser_event_streams_open {n}\n' in serve.admin('GET', '/metrics')[2])
            # With an alert and without. It goes on listening, so that no heartbeat that fails tells of it.
            for leave in (lambda stream: stream.unwrap(), lambda stream: stream.shutdown(socket.SHUT_WR)):
                stream = self.connect(serve.port)
                stream.sendall(f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {serve.key}\r\n\r\n'
                               .encode())
                got = b''
                while b'retry: 1000' not in got:
                    got += stream.recv(4096)
                self.assertTrue(open_now(1))
                try:
                    leave(stream)
                except (ssl.SSLError, OSError):
                    pass  # a heartbeat may cross the alert
                self.assertTrue(open_now(0))
                stream.close()

    def test_a_model_is_left_when_its_client_leaves(self):
        self.show('first')
        with socket.create_server(('127.0.0.1', 0)) as model:
            model.settimeout(30)
            models = pathlib.Path(self.place.name, 'models.json')
            models.write_text(json.dumps({
                'providers': {'slow': {'base_url': f'http://127.0.0.1:{model.getsockname()[1]}/v1'}},
                'models': {'m': {'provider': 'slow', 'id': 'gpt-4o-mini'}},
                'tiers': {'fast': {'models': ['m']}}, 'direct': True}))
            with Serve(PURSER, *self.sets(), f'llm.base_url=file://{models}', 'llm.total_time_max_ms=110000',
                       'llm.attempt_time_max_ms=100000') as serve:
                stream = self.connect(serve.port)
                body = json.dumps({'model': 'purser/fast', 'messages': [{'role': 'user', 'content': 'hello'}]})
                stream.sendall(f'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n'
                               f'Authorization: Bearer {serve.key}\r\nContent-Length: {len(body)}\r\n\r\n{body}'.encode())
                asked, _ = model.accept()
                with asked:
                    asked.settimeout(30)
                    self.assertTrue(asked.recv(65536))
                    stream.close()  # before a word of the answer
                    while asked.recv(65536):  # what is left of the request, then the end
                        pass

    # --- while it runs ---

    def test_a_new_certificate_under_open_connections(self):
        self.show('first')
        with Serve(PURSER, *self.sets()) as serve, self.connect(serve.port) as before:
            self.assertIn(b'200 OK', self.ask(before, '/openapi.json'))
            self.show('second')
            self.assertEqual(self.name_shown(serve.port), 'first')
            serve.hang_up()
            self.assertTrue(eventually(lambda: self.name_shown(serve.port) == 'second'))
            self.assertIn(b'200 OK', self.ask(before, '/openapi.json'), 'the open connection goes on')

            self.show('first', key='second')  # a key of another
            serve.hang_up()
            self.assertTrue(eventually(lambda: 'is not the key of tls.certificate_file' in serve.errors()))
            self.assertEqual(self.name_shown(serve.port), 'second')
            self.show('old')
            serve.hang_up()
            self.assertTrue(eventually(lambda: 'has expired at 2020-02-01' in serve.errors()))
            self.assertEqual(self.name_shown(serve.port), 'second')
            self.certificate.unlink()
            serve.hang_up()
            self.assertTrue(eventually(lambda: serve.errors().count('tls.not_reloaded') == 3), serve.errors())
            self.assertNotIn('keys.not_reloaded', serve.errors(), 'nothing is wrong with the keys')
            self.assertEqual(self.name_shown(serve.port), 'second')
            self.assertIn(b'200 OK', self.ask(before, '/openapi.json'))

    def test_a_changed_file_is_seen_without_a_signal(self):
        self.show('first')
        with Serve(PURSER, *self.sets()) as serve:
            self.show('second')
            os.utime(self.certificate, (1, 1))
            self.assertTrue(eventually(lambda: self.name_shown(serve.port) == 'second', 40))

    def test_an_authority_that_is_no_longer_trusted(self):
        self.show('first')
        ca = pathlib.Path(self.place.name, 'clients.pem')
        ca.write_bytes((self.at / 'stranger.pem').read_bytes())
        with Serve(PURSER, *self.sets(client_ca_file=ca)) as serve:
            with self.connect(serve.port, shown='intruder') as stream:
                self.assertIn(b'200 OK', self.ask(stream, '/openapi.json'))
                kept = stream.session
            ca.write_bytes((self.at / 'ca.pem').read_bytes())
            serve.hang_up()

            def turned_away():
                plain = socket.create_connection(('127.0.0.1', serve.port), timeout=30)
                try:
                    context = self.trust(shown='intruder')
                    with context.wrap_socket(plain, server_hostname='127.0.0.1') as stream:
                        return not self.ask(stream, '/openapi.json')
                except (ssl.SSLError, ConnectionError):
                    return True
            self.assertTrue(eventually(turned_away))
            self.assertFalse(kept and kept.has_ticket, 'a ticket would outlive the authority')

    # --- what is wrong with the files ---

    def refused(self, rule, *sets, code=1):
        with Serve(PURSER, *sets) as serve:
            self.assertEqual(serve.ready, '')
            self.assertEqual(serve.child.wait(30), code)
            serve.reader.join(5)
            self.assertIn(rule, serve.errors())
        checked = subprocess.run([PURSER, 'check-config', self.as_file(sets)], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 1)
        self.assertIn(rule.split(' ', 1)[1], checked.stdout)

    def as_file(self, sets):
        out = {}
        for entry in sets:
            key, value = entry.split('=', 1)
            section, name = key.split('.', 1)
            out.setdefault(section, {})[name] = value
        path = pathlib.Path(self.place.name, 'config.json')
        path.write_text(json.dumps(out))
        return str(path)

    def test_files_that_cannot_be_meant(self):
        for section in ('tls', 'admin_tls'):
            self.show('first', key='second')
            self.refused(f'{section}.key_file is not the key of {section}.certificate_file', *self.sets(section))
            self.show('old')
            self.refused(f'{section}.certificate_file has expired at 2020-02-01T00:00:00Z', *self.sets(section))
            self.show('first')
            self.key.chmod(0o644)
            self.refused(f'{section}.key_file cannot be taken: {self.key}: others may read this secret: chmod 600',
                         *self.sets(section))
            self.key.chmod(0o600)
            self.certificate.write_text('-----BEGIN NOTHING-----\n')
            self.refused(f'{section}.certificate_file holds no certificate in PEM', *self.sets(section))
            self.show('first')
            self.key.write_text('no key')
            self.refused(f'{section}.key_file holds no usable private key', *self.sets(section))
            self.show('for_clients')
            self.refused(f'{section}.certificate_file is not for servers: its extended key usage leaves serverAuth out',
                         *self.sets(section))
            self.show('weak')
            self.refused(f'{section}.certificate_file holds a certificate with a SHA-1 or weaker signature: /CN=weak',
                         *self.sets(section))
            self.show('first')
            both = pathlib.Path(self.place.name, 'both.pem')
            both.write_bytes((self.at / 'ca.pem').read_bytes() + (self.at / 'customer.pem').read_bytes())
            self.refused(f"{section}.client_ca_file holds a certificate that is no authority's: /CN=customer",
                         *self.sets(section, client_ca_file=both))
            self.refused(f'{section}.client_ca_file holds no authority that is valid now',
                         *self.sets(section, client_ca_file=self.at / 'old_root.pem'))
            nobody = pathlib.Path(self.place.name, 'nobody.pem')
            nobody.write_text('no authority')
            self.refused(f'{section}.client_ca_file holds no certificates in PEM', *self.sets(section, client_ca_file=nobody))
            with Serve(PURSER, f'{section}.certificate_file={self.certificate}') as serve:
                self.assertEqual(serve.child.wait(30), 2)
                serve.reader.join(5)
                self.assertIn(f'{section}.key_file', serve.errors())

    def bundle(self, *names):
        path = pathlib.Path(self.place.name, '-'.join(names) + '.pem')
        path.write_bytes(b''.join((self.at / f'{name}.pem').read_bytes() for name in names))
        return path

    def checked(self, section, **more):
        sets = self.sets(section, **more)
        return subprocess.run([PURSER, 'check-config', self.as_file(sets)], capture_output=True, text=True)

    def test_chains_that_no_client_would_take(self):
        no_part = 'holds a certificate that is no part of the chain of /CN='
        for names, rule in (
                (('old',), 'has expired at 2020-02-01T00:00:00Z'),
                (('coming',), 'is not valid before 2098-01-01T00:00:00Z'),
                (('for_clients',), 'is not for servers: its extended key usage leaves serverAuth out'),
                (('odd',), 'is of a key on the curve secp256k1; clients take RSA, P-256, P-384, P-521 and Ed25519'),
                (('of_weak_middle', 'weak_middle', 'ca'), 'holds a certificate with a SHA-1 or weaker signature: /CN=weak_middle'),
                (('first', 'stranger'), no_part + 'first: /CN=stranger'),
                (('first', 'ca', 'second'), no_part + 'first: /CN=second'),
                (('of_middle', 'ca'), no_part + 'of_middle: /CN=ca'),
                (('first', 'namesake'), no_part + 'first: /CN=ca'), (('first', 'renamed'), no_part + 'first: /CN=renamed')):
            with self.subTest(names):
                self.show(names[0])
                checked = self.checked('tls', certificate_file=self.bundle(*names))
                self.assertEqual(checked.returncode, 1, checked.stdout)
                self.assertIn(rule, checked.stdout)
        # In any order, with the root or without; what a root says of itself is nobody's concern.
        for names in (('first',), ('first', 'ca'), ('of_middle', 'middle'), ('of_middle', 'ca', 'middle'), ('edge', 'ca'),
                      ('of_weak_root', 'weak_root')):
            with self.subTest(names):
                self.show(names[0])
                checked = self.checked('tls', certificate_file=self.bundle(*names))
                self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_authorities_that_would_let_nobody_in(self):
        self.show('first')
        for names, rule in (
                (('ca', 'customer'), "holds a certificate that is no authority's: /CN=customer"),
                (('ca', 'short_root'), 'holds an authority whose key is too weak (RSA has 2048 bits or more): /CN=short_root'),
                (('weak_middle', 'ca'), 'holds an authority with a SHA-1 or weaker signature: /CN=weak_middle'),
                (('middle',), 'holds an authority without the root that vouches for it: /CN=middle'),
                (('root_of_servers',), 'holds an authority that vouches for no clients: its extended key usage leaves clientAuth out'),
                (('of_old_root', 'old_root'), 'holds no authority that is valid now'),
                (('coming_root',), 'holds no authority that is valid now')):
            with self.subTest(names):
                checked = self.checked('tls', client_ca_file=self.bundle(*names))
                self.assertEqual(checked.returncode, 1, checked.stdout)
                self.assertIn(f'tls.client_ca_file {rule}', checked.stdout)
        for names in (('ca',), ('ca', 'middle'), ('old_root', 'ca'), ('old_ca', 'ca', 'coming_root'), ('weak_root',), ('odd_root',)):
            with self.subTest(names):
                checked = self.checked('tls', client_ca_file=self.bundle(*names))
                self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_a_lenient_system_makes_no_authority_stronger(self):
        self.show('first')
        lenient = pathlib.Path(self.place.name, 'openssl.cnf')
        lenient.write_text('openssl_conf=o\n[o]\nssl_conf=s\n[s]\nsystem_default=d\n[d]\nCipherString=DEFAULT@SECLEVEL=0\n')
        sets = self.sets('tls', client_ca_file=self.bundle('short_root'))
        checked = subprocess.run([PURSER, 'check-config', self.as_file(sets)], capture_output=True, text=True,
                                 env={**os.environ, 'OPENSSL_CONF': str(lenient)})
        self.assertEqual(checked.returncode, 1, checked.stdout)
        self.assertIn('holds an authority whose key is too weak', checked.stdout)

    def test_clients_of_what_is_taken_come_in(self):
        self.show('first')
        for authorities, shown in ((('old_root', 'ca'), 'customer'), (('weak_root',), 'of_weak_root'), (('odd_root',), 'of_odd_root')):
            with self.subTest(shown), Serve(PURSER, *self.sets(client_ca_file=self.bundle(*authorities))) as serve:
                for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                    with self.connect(serve.port, shown=shown, version=version) as stream:
                        self.assertIn(b'200 OK', self.ask(stream, '/openapi.json'))

    def test_authorities_that_let_nobody_in_are_not_taken_up(self):
        self.show('first')
        ca = pathlib.Path(self.place.name, 'clients.pem')
        ca.write_bytes((self.at / 'ca.pem').read_bytes())
        with Serve(PURSER, *self.sets(client_ca_file=ca)) as serve:
            refused = 0
            for names in (('short_root',), ('weak_middle', 'ca'), ('middle',), ('old_root',)):
                fresh = self.bundle(*names)
                fresh.rename(ca)
                serve.hang_up()
                refused += 1
                self.assertTrue(eventually(lambda: serve.errors().count('tls.not_reloaded') == refused), serve.errors())
                with self.connect(serve.port, shown='customer') as stream:
                    self.assertIn(b'200 OK', self.ask(stream, '/openapi.json'))

    def test_certificates_required_of_nobody(self):
        self.show('for_all')
        for section in ('tls', 'admin_tls'):
            needs = f'{section}.client_required needs {section}.client_ca_file'
            for sets in (self.sets(section, client_required='true'), [f'{section}.client_required=true']):
                with Serve(PURSER, *sets) as serve:
                    self.assertEqual(serve.child.wait(30), 2)
                    serve.reader.join(5)
                    self.assertIn(needs, serve.errors())
            path = pathlib.Path(self.place.name, 'required.json')
            files = {'certificate_file': str(self.certificate), 'key_file': str(self.key)}
            nothing = {'certificate_file': '', 'key_file': '', 'client_ca_file': ''}
            for given, wrong in (({**files, 'client_required': True}, True), ({'client_required': True}, True),
                                 ({'client_ca_file': '', 'client_required': True}, True), (files, False),
                                 ({**nothing, 'client_required': True}, False), ({'client_required': False}, False)):
                path.write_text(json.dumps({section: given}))
                checked = subprocess.run([PURSER, 'check-config', str(path)], capture_output=True, text=True)
                self.assertEqual((checked.returncode, needs in checked.stdout), (int(wrong), wrong), (given, checked.stdout))
            # Without a word about it nobody is asked, and so by a file that repeats the section's defaults.
            with Serve(PURSER, *self.sets(section), *self.sets(section, client_required='false')) as serve:
                self.assertTrue(serve.ready, serve.errors())
            with Serve(PURSER, *self.sets(section)) as serve:
                self.assertTrue(serve.ready, serve.errors())


if __name__ == '__main__':
    unittest.main(verbosity=1)
