"""The real `purser serve` as a process of a test: started on free ports, spoken to, stopped."""
import http.client
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time


class Serve:
    """`sets` are --set arguments. A database of its own, unless one is named."""

    def __init__(self, purser, *sets, environment=None):
        self.folder = tempfile.TemporaryDirectory()
        sets = list(sets)
        for key, value in (('server.listen', '127.0.0.1:0'), ('server.admin_listen', '127.0.0.1:0'),
                           ('database.url', f'sqlite://{self.folder.name}/purser.db')):
            if not any(s.startswith(key + '=') for s in sets):
                sets.append(f'{key}={value}')
        self.child = subprocess.Popen([purser, 'serve', *sum((['--set', s] for s in sets), [])], text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                      env={'PATH': os.environ['PATH'], **sanitizers(), **(environment or {})})
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(iter(self.child.stderr.readline, '')), daemon=True)
        self.reader.start()
        self.ready = self.child.stdout.readline().strip()
        found = re.match(r'ready (https?)://[^ ]*:(\d+) admin (https?)://[^ ]*:(\d+)(?: key (\S+))?', self.ready)
        self.scheme, self.port, self.admin_scheme, self.admin_port, self.key = \
            (found[1], int(found[2]), found[3], int(found[4]), found[5]) if found else (None, 0, None, 0, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.reader.join(5)
        self.child.stdout.close()
        self.child.stderr.close()
        self.folder.cleanup()

    def errors(self):
        return ''.join(self.lines)

    def hang_up(self):
        self.child.send_signal(signal.SIGHUP)

    def ask(self, method, path, body=None, key=None, headers=(), port=None):
        """(status, headers with lower-case names, text) of one request on a connection of its own."""
        connection = http.client.HTTPConnection('127.0.0.1', port or self.port, timeout=60)
        try:
            connection.putrequest(method, path)
            if not any(name.lower() == 'authorization' for name, _ in headers):
                connection.putheader('Authorization', f'Bearer {key or self.key}')
            for name, value in headers:
                connection.putheader(name, value)
            data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            if data is not None:
                connection.putheader('Content-Type', 'application/json')
            if data is not None or method == 'POST':
                connection.putheader('Content-Length', str(len(data or b'')))
            connection.endheaders(data)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def admin(self, method, path, body=None, headers=()):
        return self.ask(method, path, body, key='none', headers=headers, port=self.admin_port)


def sanitizers():
    names = ('ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'LSAN_OPTIONS')
    return {name: os.environ[name] for name in names if name in os.environ}


def eventually(holds, seconds=30):
    """The process works in real time: asks again until it holds or the patience is over."""
    end = time.monotonic() + seconds
    while True:
        value = holds()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)
