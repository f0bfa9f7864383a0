"""README, 'More than one machine', as it stands there: its nginx block with nothing changed but addresses and the
certificate, in front of three daemons on one PostgreSQL and one Redis, the rail a process of its own. Customers buy, pay
and refund without pause while each daemon in turn is told to stop (SIGTERM) and started again.

What a client here holds itself to: every request that moves money carries an Idempotency-Key; it is sent again, with the
same key, only when the answer says so (409, 429 or 503 with Retry-After). Anything else than 2xx, a 502 or 504 from nginx
and a lost connection are failed operations, and there must be none."""
import http.client
import json
import pathlib
import re
import subprocess
import threading
import time

from surroundings import KEY, Stage, Verdict, eventually, free_port, http as ask_http

README = pathlib.Path(__file__).resolve().parents[3] / 'README.md'
DAEMONS = 3
CUSTOMERS = 6
ROUNDS = 2
BETWEEN = 12  # conversations that begin between one restart and the next
PATIENCE = 120


def readme_nginx(addresses, port):
    """The block of the README, with these addresses."""
    text = README.read_text()
    block = re.search(r'^```\n(upstream purser \{.*?)^```', text, re.S | re.M).group(1)
    servers = re.findall(r'server (10\.0\.0\.\d+:8080)', block)
    tail = re.search(r'server 10\.0\.0\.\d+:8080([^;]*);', block).group(1)
    old = re.search(r'(server 10\.0\.0\.\d+:8080[^;]*;\s*)+', block).group(0)
    if len(servers) != 2 or 'listen 443 ssl;' not in block:
        raise RuntimeError('the nginx block of the README is not what this test knows')
    block = block.replace(old, ' '.join(f'server {address}{tail};' for address in addresses) + ' ')
    return block.replace('listen 443 ssl;', f'listen 127.0.0.1:{port};')


class Customer(threading.Thread):
    def __init__(self, shop, number):
        super().__init__(name=f'customer-{number}')
        self.shop, self.number = shop, number
        self.keys = 0

    def run(self):
        conversation = 0
        while not self.shop.closing.is_set():
            conversation += 1
            try:
                self.shop.begun()
                self.converse(f'{self.number}-{conversation}')
                self.shop.done()
            except Exception as error:  # of this thread: nobody else would hear of it
                self.shop.failed(f'conversation {self.number}-{conversation}: {type(error).__name__}: {error}')

    def ask(self, method, path, body=None):
        """The JSON of a 2xx. A POST carries a key of its own; the same again only when the answer says so."""
        headers = {'Authorization': f'Bearer {KEY}'}
        if method == 'POST':
            self.keys += 1
            headers['Idempotency-Key'] = f'{self.number}-{self.keys}'
        end = time.monotonic() + PATIENCE
        while True:
            self.shop.count('requests')
            try:
                status, fields, text = ask_http(method, self.shop.url + path, body, headers)
            except (OSError, http.client.HTTPException) as error:
                self.shop.failed(f'{method} {path}: {type(error).__name__} {error}')
                raise RuntimeError('no answer') from error
            if 200 <= status < 300:
                return json.loads(text)
            if status in (409, 429, 503) and fields.get('Retry-After') and time.monotonic() < end:
                self.shop.count(f'sent again after {status}')
                time.sleep(min(float(fields['Retry-After']), 0.2))
                continue
            self.shop.failed(f'{method} {path}: {status} {text[:200].decode(errors="replace")}')
            raise RuntimeError(f'status {status}')

    def until(self, path, holds, what):
        return eventually(lambda: (lambda row: row if holds(row) else None)(self.ask('GET', path)), what, PATIENCE)

    def converse(self, name):
        thread = self.ask('POST', '/v1/threads', {'user': {'id': f'user-{name}'}, 'locale': 'en'})['id']
        said = self.ask('POST', f'/v1/threads/{thread}/turns', {'text': 'Two packs of Longjing tea, please.'})
        assert len(said['intents']) == 1, said
        path = f'/v1/intents/{said["intents"][0]["id"]}'
        intent = self.until(path, lambda row: row['state'] == 'awaiting_payment', f'{path} payable')
        status, _, text = ask_http('POST', f'{self.shop.rail}/sandbox/pay',
                                   {'out_trade_no': intent['order']['out_trade_no']})
        assert status == 200, text
        self.until(path, lambda row: row['state'] == 'succeeded', f'{path} paid')
        said = self.ask('POST', f'/v1/threads/{thread}/turns',
                        {'text': 'One pack is torn, please refund one Longjing tea.'})
        assert len(said['refunds']) == 1, said
        self.until(f'/v1/refunds/{said["refunds"][0]["id"]}', lambda row: row['state'] == 'succeeded', 'refunded')


class Shop:
    """Where the customers go, and what they met there."""

    def __init__(self, url, rail):
        self.url, self.rail = url, rail
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self.counts, self.failures = {'begun': 0, 'done': 0}, []

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def begun(self):
        self.count('begun')

    def done(self):
        self.count('done')

    def failed(self, what):
        with self.lock:
            self.failures.append(what)

    def await_more(self):
        target = self.counts['begun'] + BETWEEN
        eventually(lambda: self.counts['begun'] >= target, 'customers going on', PATIENCE)


def judge_books(verdict, ask, rail, shop):
    def settled():
        left = ask("SELECT count(*) FROM work WHERE kind <> 'expire_intent'"), ask("SELECT count(*) FROM turns WHERE state = 'running'")
        return left == ('0', '0')
    eventually(settled, 'nothing left to do', 60)
    orders = json.loads(ask_http('GET', f'{rail}/sandbox/orders')[2])['orders']
    paid = [order for order in orders if order['trade_state'] in ('SUCCESS', 'REFUND')]
    verdict.check(len(orders) == len(paid) == shop.counts['done'], 'one wish, one order, one payment at the rail',
                  f'{shop.counts["done"]} conversations, {len(orders)} orders, {len(paid)} paid')
    verdict.check(all(len(order['refunds']) == 1 for order in paid), 'one wish, one refund at the rail')
    captures = ask("SELECT count(*) || ' ' || count(DISTINCT intent_id) FROM ledger WHERE kind <> 'refund'")
    verdict.check(captures == f'{len(paid)} {len(paid)}', 'every payment is captured exactly once',
                  f'captures, intents: {captures}')
    differing = ask("SELECT count(*) FROM intents WHERE state <> 'succeeded' OR refunded * 2 <> captured OR refund_reserved <> 0")
    verdict.check(differing == '0', 'every intent is paid and half of it given back', f'{differing} are not')


def main():
    verdict = Verdict()
    with Stage() as stage:
        database, ask = stage.postgres()
        redis = stage.redis()
        rail, merchant = stage.sandbox()
        port = free_port()
        addresses = [f'127.0.0.1:{free_port()}' for _ in range(DAEMONS)]
        env = {**merchant, 'PURSER_DATABASE_URL': database, 'PURSER_REDIS_URL': redis}
        sets = [f'server.public_url=http://127.0.0.1:{port}', 'server.trusted_proxies=127.0.0.1',
                'wechat.refund_spacing_ms=0',
                'limits.requests_per_address=0', 'limits.requests_per_key=0']
        daemons = [stage.purser(f'purser-{n}', *sets, env=env, listen=address) for n, address in enumerate(addresses)]
        stage.nginx('nginx',
                    f'  log_format tries "$upstream_status"; access_log {stage.folder}/tries tries;\n' + readme_nginx(addresses, port))
        shop = Shop(f'http://127.0.0.1:{port}', rail)
        customers = [Customer(shop, number) for number in range(CUSTOMERS)]
        for customer in customers:
            customer.start()
        codes = []
        try:
            for _ in range(ROUNDS):
                for daemon in daemons:
                    shop.await_more()
                    codes.append(daemon.stop())
                    daemon.start()
            shop.await_more()
        finally:
            shop.closing.set()
            for customer in customers:
                customer.join()
        for failure in shop.failures[:20]:
            print(f'      {failure}')
        told = ', '.join(f'{n} {what}' for what, n in sorted(shop.counts.items()))
        verdict.check(not shop.failures,
                      f'rolling restart of {DAEMONS} daemons, {ROUNDS} rounds: failed money operations: '
                      f'{len(shop.failures)}', told)
        verdict.check(codes == [0] * DAEMONS * ROUNDS, 'every daemon ended in good order', str(codes))
        if not shop.failures:
            judge_books(verdict, ask, rail, shop)
        served = [sum(1 for _ in daemon.answered()) for daemon in daemons]
        verdict.check(all(served), 'all three served', f'requests {served}')
        tries = (stage.folder / 'tries').read_text().splitlines()
        print(f'      nginx forwarded {len(tries)} requests, {sum("," in line for line in tries)} of them to a second daemon')
        errors = sum(len(re.findall(r'(?m)^\S+ error ', daemon.log.read_text(errors='replace'))) for daemon in daemons)
        print(f'      lines of level error in the daemons\' logs: {errors}')
        books = subprocess.run([daemons[0].binary, 'ledger', 'verify'], env=daemons[0].env, capture_output=True,
                               text=True)
        verdict.check(books.returncode == 0, 'purser ledger verify',
                      (books.stdout + books.stderr).strip().split('\n')[-1])
        verdict.check(all(daemon.ready() for daemon in daemons), 'all daemons are ready')
    verdict.end()


main()
