"""What the doors cost, by wrk at 64 connections, as share of what the same daemon does at a path that does not exist: the
HTTP floor, measured before and after. And what 10,000 clients that only listen cost in memory. Numbers of this machine
in this minute: only ratios are judged, and those generously."""
import json
import resource
import select
import socket
import subprocess

from surroundings import FASTEST, KEY, OPTIMISED, Stage, Verdict, eventually, http

HERE = __file__.rsplit('/', 1)[0]
CONNECTIONS = 64
SECONDS = 5
THREADS = 500
LISTENERS = 10_000
LISTENERS_PER_THREAD = 25  # fewer than limits.streams_per_user
ADDRESSES = 16             # 625 connections from each: fewer than server.connections_per_peer_max
MEMORY_MB_MAX = 120
MEMORY_MB_NEVER = 280


def ask(daemon, path, body):
    status, _, text = http('POST', daemon.url + path, body, {'Authorization': f'Bearer {KEY}'})
    if not 200 <= status < 300:
        raise RuntimeError(f'{path}: {status} {text[:200]}')
    return json.loads(text)


def open_threads(daemon, count):
    return [ask(daemon, '/v1/threads', {'user': {'id': f'user-{n}'}, 'locale': 'en'})['id'] for n in range(count)]


def wrk(daemon, kind, file):
    ran = subprocess.run(['wrk', '-t', '2', '-c', str(CONNECTIONS), '-d', f'{SECONDS}s', '-s', f'{HERE}/load.lua',
                          daemon.url, '--',
                          kind, KEY, str(file)], capture_output=True, text=True, check=True)
    result = json.loads(ran.stdout.strip().split('\n')[-1])
    result['per_second'] = result['requests'] / result['us'] * 1e6
    return result


def doors(verdict):
    with Stage() as stage:
        daemon = stage.purser('purser', 'limits.requests_per_key=0', 'limits.requests_per_address=0',
                              'limits.turns_per_user=0',
                              binary=FASTEST)
        file = stage.folder / 'threads'
        file.write_text('\n'.join(open_threads(daemon, THREADS)) + '\n')
        kinds = ('unknown', 'document', 'models', 'turn', 'chat')
        rates = {kind: wrk(daemon, kind, file) for kind in kinds}
        again = wrk(daemon, 'unknown', file)
        floor = (rates['unknown']['per_second'] + again['per_second']) / 2
        for kind, what in zip(kinds,
                              ('HTTP floor (404)', 'GET /openapi.json', 'GET /v1/models', 'POST turns',
                               'POST /v1/chat/completions')):
            one = rates[kind]
            print(f'      {what}: {one["per_second"]:.0f}/s, {one["per_second"] / floor:.3f} of the floor, p50 {one["p50"] / 1000:.1f} ms, '
                  f'p99 {one["p99"] / 1000:.1f} ms')
        print(f'      HTTP floor again: {again["per_second"]:.0f}/s; one turn costs as much as '
              f'{floor / rates["turn"]["per_second"]:.0f} requests of the floor')
        bad = {kind: (one['not_2xx'], one['lost']) for kind,
               one in rates.items() if kind != 'unknown' and (one['not_2xx'] or one['lost'])}
        verdict.check(not bad, f'wrk, {CONNECTIONS} connections: all are answered with 2xx', str(bad) if bad else '')
        models = rates['models']['per_second'] / floor
        verdict.check(models >= 0.3, 'the key, the limits and the handler cost less than twice the HTTP itself',
                      f'{models:.2f} of the floor')
        chat = rates['chat']['per_second'] / rates['turn']['per_second']
        verdict.check(chat >= 0.3, 'the chat door keeps up with the native one', f'{chat:.2f} of its turns')
        verdict.check(daemon.ready(), 'wrk: purser is alive and ready')


class Listeners:
    """Connections that asked for a thread's events and wait."""

    def __init__(self, daemon):
        self.daemon, self.links = daemon, []

    def add(self, thread, count):
        fresh = []
        for _ in range(count):
            link = socket.socket()
            link.bind((f'127.0.0.{2 + len(self.links) % ADDRESSES}', 0))
            link.connect(('127.0.0.1', self.daemon.port))
            link.sendall(f'GET /v1/threads/{thread}/events HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {KEY}\r\n\r\n'.encode())
            fresh.append(link)
            self.links.append(link)
        for link in fresh:
            head = link.recv(4096)
            if not head.startswith(b'HTTP/1.1 200'):
                raise RuntimeError(head[:200])
        return fresh


def hears(link, text, seconds=20):
    data = b''
    while text not in data:
        if not select.select([link], [], [], seconds)[0]:
            return False
        data += link.recv(65536)
    return True


def listeners(verdict):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < LISTENERS + 200:
        print(f'SKIP {LISTENERS} listening clients: this process may open {hard} files')
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # the daemon inherits it
    with Stage() as stage:
        daemon = stage.purser('purser', f'server.connections_max={LISTENERS + 200}', 'limits.requests_per_key=0',
                              'log.level=warn', binary=FASTEST)
        alone = daemon.memory_mb()
        threads = open_threads(daemon, LISTENERS // LISTENERS_PER_THREAD)
        crowd = Listeners(daemon)
        groups = [crowd.add(thread, LISTENERS_PER_THREAD) for thread in threads]
        eventually(lambda: daemon.metric('purser_event_streams_open') == LISTENERS, 'streams open')
        memory = daemon.memory_mb()
        detail = f'{memory:.1f} MB resident, {alone:.1f} MB without them'
        verdict.known(memory < MEMORY_MB_MAX, f'{LISTENERS} listening clients cost less than {MEMORY_MB_MAX} MB',
                      detail,
                      'a connection keeps its read buffer, and a stream several coroutines')
        verdict.check(memory < MEMORY_MB_NEVER, f'{LISTENERS} listening clients cost less than {MEMORY_MB_NEVER} MB',
                      detail)
        ask_turn = {'text': 'Hello'}
        headers = {'Authorization': f'Bearer {KEY}', 'Idempotency-Key': 'hello'}
        status = http('POST', f'{daemon.url}/v1/threads/{threads[7]}/turns', ask_turn, headers)[0]
        heard = sum(hears(link, b'event: ') for link in groups[7])
        verdict.check(status == 200 and heard == LISTENERS_PER_THREAD, 'and hear what is said',
                      f'{heard} of {LISTENERS_PER_THREAD}')
        verdict.check(daemon.ready(), 'listening clients: purser is alive and ready', f'{daemon.memory_mb():.1f} MB')
        for link in crowd.links:
            link.close()
        eventually(lambda: daemon.metric('purser_event_streams_open') == 0, 'streams closed')
        print(f'      when they have gone: {daemon.memory_mb():.1f} MB')


def main():
    verdict = Verdict()
    print(f'      measured with {"the release build" if OPTIMISED else "the build under test: its release build is older or not there"}')
    doors(verdict)
    listeners(verdict)
    verdict.end()


main()
