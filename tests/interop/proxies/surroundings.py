"""What the parts of this suite start: purser itself, the rail's simulator, PostgreSQL, Redis and the proxies. Everything
listens on free loopback ports, keeps its files in one temporary folder, and ends with the script that started it."""
import ctypes
import glob
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

PURSER = os.environ.get('PURSER', '')
_release = pathlib.Path(__file__).resolve().parents[3] / 'build/release/purser'
# For numbers: the release build, unless it is older than what the rest is tested with.
FASTEST = os.environ.get('PURSER_RELEASE') or (
    str(_release) if _release.exists() and _release.stat().st_mtime >= os.stat(PURSER).st_mtime else PURSER)
OPTIMISED = FASTEST != PURSER
KEY = 'sk_test_proxies_proxies_proxies'
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def eventually(look, what, seconds=60):
    """The first true answer of `look`, which is asked until it gives one."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise RuntimeError(f'{what}: not within {seconds} s')
        time.sleep(0.02)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


def http(method, url, body=None, headers=None, timeout=60):
    """(status, headers, body) of one request on a connection of its own. An error status is an answer; no answer raises
    OSError or http.client.HTTPException."""
    fields = dict(headers or {})
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        fields['Content-Type'] = 'application/json'
    request = urllib.request.Request(url, data=data, headers=fields, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class Stage:
    """A temporary folder and the processes that live in it; leaving it ends them all."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='purser-proxies-'))
        self.folder.chmod(0o755)  # the proxies' workers and PostgreSQL run as users of their own
        self.children = []
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # tidies up, too

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if os.environ.get('PROXIES_KEEP'):
            print(f'kept: {self.folder}', file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, command, env=None, stdout=None, **how):
        """What it says on stderr (and on stdout, unless that is given) is appended to NAME.log."""
        with open(self.folder / f'{name}.log', 'ab') as log:
            child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=stdout or log,
                                     stderr=log, env=env, cwd=self.folder, preexec_fn=_die_with_parent, **how)
        self.children.append(child)
        return child

    def said(self, name):
        return (self.folder / f'{name}.log').read_text(errors='replace')

    def await_port(self, name, child, port):
        def look():
            if child.poll() is not None:
                raise RuntimeError(f'{name} ended: {self.said(name)[-2000:]}')
            return listens(port)
        eventually(look, f'{name} listening')

    # --- purser ---

    def purser(self, name, *sets, env=None, binary=None, listen=None):
        return Purser(self, name, sets, env or {}, binary or PURSER, listen)

    def sandbox(self, binary=None):
        """The rail as a process of its own: (its URL, the environment of a purser that uses it)."""
        folder = self.folder / 'credentials'
        child = self.start('sandbox', [binary or PURSER, 'sandbox', '--listen', '127.0.0.1:0', '--credentials', folder,
                                       '--refund-delay-ms', '100', '--refund-spacing-ms', '0'], stdout=subprocess.PIPE)
        url = re.match(r'ready (\S+)', child.stdout.readline().decode()).group(1)
        about = json.loads((folder / 'sandbox.json').read_text())
        return url, {
            'PURSER_WECHAT_BASE_URL': url,
            'PURSER_WECHAT_MCHID': about['mchid'],
            'PURSER_WECHAT_APPID': about['appid'],
            'PURSER_WECHAT_MERCHANT_SERIAL': about['merchant_serial'],
            'PURSER_WECHAT_MERCHANT_KEY_PEM_FILE': str(folder / 'merchant_key.pem'),
            'PURSER_WECHAT_APIV3_KEY_FILE': str(folder / 'apiv3.key'),
            'PURSER_WECHAT_PUBLIC_KEY_FILE': str(folder / 'platform_public_key.pem'),
            'PURSER_WECHAT_PUBLIC_KEY_ID': about['public_key_id'],
        }

    # --- what stands around it ---

    def nginx(self, name, http_block):
        """`http_block` is what stands inside http {}; its first `listen` tells where it can be reached."""
        folder = self.folder / name
        folder.mkdir()
        temporary = '\n'.join(f'  {kind}_temp_path {folder}/{kind};'
                              for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        (folder / 'nginx.conf').write_text(
            f'daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log info;\n'
            f'events {{ worker_connections 8192; }}\nhttp {{\n{temporary}\n{http_block}\n}}\n')
        child = self.start(name, ['nginx', '-p', folder, '-e', folder / 'error.log', '-c', folder / 'nginx.conf'])
        self.await_port(name, child, int(re.search(r'listen 127\.0\.0\.1:(\d+)', http_block).group(1)))
        return child

    def haproxy(self, name, text):
        path = self.folder / f'{name}.cfg'
        path.write_text(text)
        child = self.start(name, ['haproxy', '-db', '-f', path])
        self.await_port(name, child, int(re.search(r'bind 127\.0\.0\.1:(\d+)', text).group(1)))
        return child

    def redis(self):
        port = free_port()
        child = self.start('redis',
                           ['redis-server', '--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly',
                                     'no', '--dir', self.folder])
        self.await_port('redis', child, port)
        return f'redis://127.0.0.1:{port}'

    def postgres(self):
        """A server of its own with an empty database; PostgreSQL will not run as root."""
        programs = max(glob.glob('/usr/lib/postgresql/*/bin'), key=lambda path: int(path.split('/')[-2]))
        user = 'postgres' if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        drop = {'user': user, 'group': pwd.getpwnam(user).pw_gid, 'extra_groups': []} if os.geteuid() == 0 else {}
        folder = self.folder / 'postgres'
        folder.mkdir()
        if drop:
            shutil.chown(folder, user)
        made = self.start('initdb', [f'{programs}/initdb', '-D', folder / 'data', '-U', 'purser', '-A', 'trust', '-E',
                                     'UTF8', '--locale=C', '--no-sync', '--no-instructions'], **drop)
        if made.wait() != 0:
            raise RuntimeError(self.said('initdb'))
        port = free_port()
        child = self.start('postgres', [f'{programs}/postgres', '-D', folder / 'data', '-k', folder, '-p', port, '-c',
                                        'listen_addresses=127.0.0.1', '-c', 'max_connections=100'], **drop)
        child.terminate = lambda: child.send_signal(signal.SIGQUIT)  # nobody needs its last words
        self.await_port('postgres', child, port)
        query = [f'{programs}/psql', '-h', '127.0.0.1', '-p', str(port), '-U', 'purser', '-qAt']

        def ask(sql, database='shop'):
            ran = subprocess.run(query + ['-d', database, '-c', sql], capture_output=True, text=True)
            return ran.stdout.strip() if ran.returncode == 0 else None
        eventually(lambda: ask('SELECT 1', 'postgres'), 'PostgreSQL answering')
        ask('CREATE DATABASE shop', 'postgres')
        return f'postgresql://purser@127.0.0.1:{port}/shop', ask


class Purser:
    """One daemon. `sets` are key=value; without a database among the environment it has a SQLite file of its own."""

    def __init__(self, stage, name, sets, env, binary, listen):
        self.stage, self.name, self.sets, self.binary = stage, name, list(sets), binary
        self.env = {'PATH': os.environ['PATH'], 'PURSER_API_KEYS': f'shop:{KEY}',
                    'PURSER_DATABASE_URL': f'sqlite://{stage.folder}/{name}.db', **env}
        self.listen = listen or f'127.0.0.1:{free_port()}'
        self.log = stage.folder / f'{name}.log'
        self.read = 0
        self.start()

    def start(self):
        sets = [f'server.listen={self.listen}', 'server.admin_listen=127.0.0.1:0', *self.sets]
        self.child = self.stage.start(self.name,
                                      [self.binary, 'serve', *(word for one in sets for word in ('--set', one))],
                                      env=self.env, stdout=subprocess.PIPE)
        line = self.child.stdout.readline().decode()
        found = re.match(r'ready (\S+) admin (\S+)', line)
        if not found:
            raise RuntimeError(f'purser did not start: {line}{self.stage.said(self.name)[-2000:]}')
        self.url, self.admin = found.groups()
        self.port, self.admin_port = int(self.url.rsplit(':')[-1]), int(self.admin.rsplit(':')[-1])

    def stop(self):
        self.child.terminate()
        return self.child.wait(60)

    def ready(self):
        return self.child.poll() is None and http('GET', f'{self.admin}/readyz')[0] == 200

    def memory_mb(self):
        status = pathlib.Path(f'/proc/{self.child.pid}/status').read_text()
        return int(re.search(r'VmRSS:\s+(\d+)', status).group(1)) / 1024

    def answered(self):
        """(request id, method, route, status) of every request it answered since the last time this was asked."""
        with open(self.log, 'rb') as log:
            log.seek(self.read)
            text = log.read()
        whole = text.rfind(b'\n') + 1
        self.read += whole
        rows = re.findall(r' api\.answered request=(\S+) method=(\S+) route=(\S+) status=(\d+)',
                          text[:whole].decode(errors='replace'))
        return [(name, method, route, int(status)) for name, method, route, status in rows]

    def metric(self, name):
        text = http('GET', f'{self.admin}/metrics')[2].decode()
        return sum(float(value) for value in re.findall(rf'^{name}(?:{{[^\n]*}})? (\S+)$', text, re.M))


class Verdict:
    """Collects what was found; the script ends with its code."""

    def __init__(self):
        self.failures = 0

    def check(self, holds, what, detail=''):
        print(f'{"ok   " if holds else "FAIL "} {what}{": " + detail if detail else ""}', flush=True)
        self.failures += not holds

    def known(self, holds, what, detail, reason):
        """What is not yet as it should be, and why; told each time, never passed over."""
        print(f'{"ok   " if holds else "KNOWN"} {what}: {detail}{"" if holds else f"; {reason}"}', flush=True)

    def end(self):
        sys.exit(1 if self.failures else 0)
