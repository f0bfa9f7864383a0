#!/usr/bin/env python3
"""Turns and payments of purser on SQLite and on PostgreSQL, with one, two and three daemons, in turns within one run.

Everything runs on this machine: daemons, database, rail and load share its cores, so more daemons show what sharing costs
and not what more machines give. Each figure is held against two of the same minute: signatures a second of `openssl speed
rsa2048`, and a bare loop of inserts, each a transaction, on the same engine with the same durability.

  turns     a question to the catalogue, durable, in a thread of its own; 16 callers at each daemon
  buys      a turn that opens an order at the rail (a simulator of its own): signed, sent, verified
  webhooks  from the first payment of all orders that were opened until every webhook has been acknowledged, its payment
            booked and its row in the inbox is applied
"""
import concurrent.futures
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

folder = sys.argv[1]
rounds = int(sys.argv[2])
wire = os.path.join(folder, 'wire')
KEY = 'sk_test_bench_bench_bench_bench'
CALLERS = 16
ORDERS = int(os.environ.get('PURSER_BENCH_ORDERS', '120'))
SECONDS = 3
PATIENCE = 120


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def post(port, path, body, key=None):
    headers = {'Content-Type': 'application/json', 'Authorization': f'Bearer {KEY}'}
    if key:
        headers['Idempotency-Key'] = key
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
    connection.request('POST', path, json.dumps(body), headers)
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    if reply.status >= 300:
        sys.exit(f'{path}: {reply.status} {text[:300]}')
    return json.loads(text or b'{}')


def in_parallel(work, items, at_once):
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(work, items))


class Sqlite:
    name = 'SQLite'

    def __init__(self, home):
        self.home = home

    def fresh(self):
        self.file = os.path.join(tempfile.mkdtemp(dir=self.home), 'purser.db')
        return f'sqlite://{self.file}'

    def ask(self, sql):
        with sqlite3.connect(f'file:{self.file}?mode=ro', uri=True, timeout=20) as db:
            return [row[0] for row in db.execute(sql)]

    def bare(self):
        db = sqlite3.connect(os.path.join(tempfile.mkdtemp(dir=self.home), 'bare.db'), isolation_level=None)
        db.execute('PRAGMA journal_mode = WAL')
        db.execute('PRAGMA synchronous = FULL')
        db.execute('CREATE TABLE bare (id INTEGER PRIMARY KEY, body TEXT NOT NULL)')
        begun = time.monotonic()
        count = 0
        while time.monotonic() - begun < SECONDS:
            db.execute("INSERT INTO bare (body) VALUES ('two packs of tea')")
            count += 1
        return count / (time.monotonic() - begun)

    def close(self):
        pass


class Postgres:
    name = 'PostgreSQL'

    def __init__(self, home):
        self.bin = max(glob.glob('/usr/lib/postgresql/*/bin'))
        self.user = {'user': 'postgres', 'group': 'postgres', 'extra_groups': []} if os.geteuid() == 0 else {}
        self.home = tempfile.mkdtemp(prefix='purser-bench-')
        os.chmod(self.home, 0o755)
        data = os.path.join(self.home, 'data')
        if self.user:
            shutil.chown(self.home, 'postgres', 'postgres')
        self.call('initdb', '-D', data, '-U', 'purser', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-instructions')
        self.process = subprocess.Popen([f'{self.bin}/postgres', '-D', data, '-k', self.home, '-c', 'listen_addresses='],
                                        cwd=self.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.user)
        self.databases = 0
        for _ in range(200):
            if subprocess.run([f'{self.bin}/pg_isready', '-q', '-h', self.home, '-d', 'postgres']).returncode == 0:
                return
            time.sleep(0.05)
        sys.exit('PostgreSQL does not start')

    def call(self, program, *words):
        done = subprocess.run([f'{self.bin}/{program}', *words], cwd=self.home, capture_output=True, text=True, **self.user)
        if done.returncode:
            sys.exit(f'{program}: {done.stderr}')
        return done.stdout

    def psql(self, sql):
        out = self.call('psql', '-h', self.home, '-U', 'purser', '-d', self.database, '-Atc', sql)
        return out.split()

    def fresh(self):
        self.databases += 1
        self.database = f'bench{self.databases}'
        self.call('createdb', '-h', self.home, '-U', 'purser', self.database)
        return f'postgresql://purser@/{self.database}?host={self.home}'

    def ask(self, sql):
        return self.psql(sql)

    def bare(self):
        self.fresh()
        self.psql('CREATE TABLE bare (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body TEXT NOT NULL)')
        script = os.path.join(self.home, 'bare.sql')
        with open(script, 'w') as file:
            file.write("INSERT INTO bare (body) VALUES ('two packs of tea');\n")
        said = self.call('pgbench', '-n', '-c', '1', '-T', str(SECONDS), '-f', script, '-h', self.home, '-U', 'purser',
                         self.database)
        return float(re.search(r'tps = ([0-9.]+)', said).group(1))

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


class Rail:
    def __init__(self, home):
        self.port = free_port()
        self.home = tempfile.mkdtemp(dir=home)
        self.process = subprocess.Popen([os.environ['PURSER'], 'sandbox', '--listen', f'127.0.0.1:{self.port}',
                                         '--credentials', self.home], stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL)
        self.process.stdout.readline()
        with open(os.path.join(self.home, 'sandbox.json')) as file:
            facts = json.load(file)
        self.merchant = {'PURSER_WECHAT_BASE_URL': f'http://127.0.0.1:{self.port}',
                         'PURSER_WECHAT_MCHID': facts['mchid'], 'PURSER_WECHAT_APPID': facts['appid'],
                         'PURSER_WECHAT_MERCHANT_SERIAL': facts['merchant_serial'],
                         'PURSER_WECHAT_PUBLIC_KEY_ID': facts['public_key_id'],
                         'PURSER_WECHAT_PUBLIC_KEY_FILE': f'{self.home}/platform_public_key.pem',
                         'PURSER_WECHAT_MERCHANT_KEY_PEM_FILE': f'{self.home}/merchant_key.pem',
                         'PURSER_WECHAT_APIV3_KEY_FILE': f'{self.home}/apiv3.key'}


class Daemon:
    def __init__(self, url, rail):
        self.port = free_port()
        address = f'127.0.0.1:{self.port}'
        sets = {'server.listen': address, 'server.public_url': f'http://{address}', 'server.admin_listen': '127.0.0.1:0',
                'limits.requests_per_key': 100_000_000, 'limits.requests_per_address': 100_000_000}
        self.process = subprocess.Popen(
            [os.environ['PURSER'], 'serve', *[f'--set={k}={v}' for k, v in sets.items()]], stdout=subprocess.PIPE,
            stderr=open(os.path.join(folder, 'purser.log'), 'a'), text=True,
            env={**os.environ, **rail.merchant, 'PURSER_DATABASE_URL': url, 'PURSER_API_KEYS': f'shop:{KEY}'})
        if not self.process.stdout.readline().startswith('ready '):
            sys.exit(f'purser does not start, see {folder}/purser.log')


def turns(daemons):
    path = '/v1/chat/completions'
    loads = [subprocess.Popen([wire, 'load', f'http://127.0.0.1:{d.port}{path}', 'turn', str(CALLERS), str(SECONDS),
                               'model=purser', f'Authorization: Bearer {KEY}'], stdout=subprocess.PIPE, text=True)
             for d in daemons]
    results = [json.loads(load.communicate()[0]) for load in loads]
    if any(one['bad'] for one in results):
        sys.exit(f'a turn failed, see above and {folder}/purser.log')
    return sum(one['per_second'] for one in results)


def buy(daemons, number):
    port = daemons[number % len(daemons)].port
    thread = post(port, '/v1/threads', {'user': {'id': f'bench-{number}'}, 'locale': 'en'}, f'thread-{number}')['id']
    reply = post(port, f'/v1/threads/{thread}/turns', {'text': 'Two packs of Longjing tea, please.'}, f'buy-{number}')
    if len(reply['intents']) != 1:
        sys.exit(f'nothing was bought: {reply}')


def measure(store, count, rail):
    url = store.fresh()
    daemons = [Daemon(url, rail) for _ in range(count)]
    try:
        figures = {'turns': turns(daemons)}
        begun = time.monotonic()
        in_parallel(lambda number: buy(daemons, number), range(ORDERS), 8)
        figures['buys'] = ORDERS / (time.monotonic() - begun)
        numbers = store.ask("SELECT out_trade_no FROM intents WHERE state = 'awaiting_payment'")
        if len(numbers) != ORDERS:
            sys.exit(f'{len(numbers)} of {ORDERS} orders are open')
        begun = time.monotonic()
        in_parallel(lambda number: post(rail.port, '/sandbox/pay', {'out_trade_no': number}), numbers, 4)
        while True:
            applied = int(store.ask("SELECT count(*) FROM notifications n, (SELECT count(*) AS lines FROM ledger WHERE "
                                    f"kind = 'capture') l WHERE n.applied AND l.lines = {ORDERS}")[0])
            if applied == ORDERS:
                break
            if time.monotonic() - begun > PATIENCE:
                sys.exit(f'{applied} of {ORDERS} webhooks were applied')
            time.sleep(0.02)
        figures['webhooks'] = ORDERS / (time.monotonic() - begun)
        return figures
    finally:
        for daemon in daemons:
            stop(daemon.process)


def openssl():
    said = subprocess.run(['openssl', 'speed', '-seconds', '1', 'rsa2048'], capture_output=True, text=True).stdout
    words = re.search(r'^rsa +2048 bits +\S+ +\S+ +(\S+) +(\S+)', said, re.M)
    return float(words.group(1))


def main():
    plan = [('SQLite', 1), ('PostgreSQL', 1), ('PostgreSQL', 2), ('PostgreSQL', 3)]
    runs = {key: [] for key in plan}
    signs = []
    bare = {'SQLite': [], 'PostgreSQL': []}
    open(os.path.join(folder, 'purser.log'), 'w').close()
    with tempfile.TemporaryDirectory() as home:
        rail = Rail(home)
        stores = {}
        try:
            for store in (Sqlite(home), Postgres(home)):
                stores[store.name] = store
            for _ in range(rounds):
                signs.append(openssl())
                for name, store in stores.items():
                    bare[name].append(store.bare())
                for name, count in plan:
                    runs[name, count].append(measure(stores[name], count, rail))
        finally:
            stop(rail.process)
            for store in stores.values():
                store.close()
    sign = statistics.median(signs)
    loop = {name: statistics.median(all_of) for name, all_of in bare.items()}
    print(f'stores: medians of {rounds} rounds; {os.cpu_count()} cores shared by daemons, database, rail and load')
    print(f'openssl speed rsa2048: {sign:.0f} signatures/s; bare inserts/s: ' +
          ', '.join(f'{name} {rate:.0f}' for name, rate in loop.items()) + '\n')
    print(f'{"":12}{"daemons":>8} {"":10}{"/s":>9}{"of openssl":>12}{"of bare":>10}')
    report = []
    for (name, count), all_of in runs.items():
        for what in ('turns', 'buys', 'webhooks'):
            rate = statistics.median(one[what] for one in all_of)
            report.append({'store': name, 'daemons': count, 'what': what, 'per_second': round(rate, 1),
                           'of_openssl_signs': round(rate / sign, 4), 'of_bare_inserts': round(rate / loop[name], 4)})
            print(f'{name:12}{count:8} {what:10}{rate:9.0f}{rate / sign:12.3f}{rate / loop[name]:10.3f}')
    commits = subprocess.run([os.environ['BENCH_COMMITS']], stdout=subprocess.PIPE, text=True)
    print('\ncommits of a small turn beside the bare loop, in one process (group: 64 at a time)')
    for name, one in json.loads(commits.stdout).items():
        print(f'{"ok  " if one["ok"] else "MISS"} {name:12} bare {one["bare"]:.0f}/s, lone {one["lone"]:.0f}/s '
              f'({one["lone_of_bare"]:.2f} of bare), group {one["group"]:.0f}/s ({one["group_of_bare"]:.2f} of bare, >= 0.5)')
    with open(os.path.join(folder, 'result.json'), 'w') as file:
        json.dump({'openssl_signs': signs, 'bare': bare, 'rates': report, 'commits': json.loads(commits.stdout)}, file,
                  indent=1)
    sys.exit(commits.returncode)


main()
