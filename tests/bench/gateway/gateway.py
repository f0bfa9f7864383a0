#!/usr/bin/env python3
"""purser and Portkey in front of one mock provider, in turns within one run; every figure is held against the other's.

Loopback, one machine: load, mock and gateway share its cores, so absolute figures say little and ratios much. purser
runs as it does in service, with its log, its metrics and (last table) its durable turns.

With one connection only one of the three works at a time. Where the scheduler puts them then decides more than what they
do: to wake a halted core of a virtual machine takes tens of microseconds, in some minutes and not in others. So those
runs are made twice, as they come and with all three on one core, and what is added is judged on one core.
"""
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

folder = sys.argv[1]
rounds = int(sys.argv[2])
wire = os.path.join(folder, 'wire')
ticks = os.sysconf('SC_CLK_TCK')
started = []


def start(command, **more):
    process = subprocess.Popen(command, stdout=more.pop('stdout', subprocess.PIPE), text=True, **more)
    started.append(process)
    return process


def stop_all():
    for process in reversed(started):
        process.send_signal(signal.SIGTERM)
    for process in reversed(started):
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def cpu_seconds(pid):
    fields = open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / ticks


def resident_mb(pid):
    return int(re.search(r'VmRSS:\s+(\d+)', open(f'/proc/{pid}/status').read()).group(1)) / 1024


all_cores = os.sched_getaffinity(0)
one_core = {max(all_cores)}


def put_on(cores):
    """All that has been started, threads and all, and what this process starts from now on."""
    os.sched_setaffinity(0, cores)
    for process in started:
        for task in os.listdir(f'/proc/{process.pid}/task'):
            os.sched_setaffinity(int(task), cores)


class Target:
    def __init__(self, name, url, pid, words):
        self.name, self.url, self.pid, self.words = name, url, pid, words

    def load(self, kind, connections, seconds, cores=all_cores):
        put_on(cores)
        before = cpu_seconds(self.pid)
        out = subprocess.run([wire, 'load', self.url, kind, str(connections), str(seconds), *self.words],
                             check=True, capture_output=True, text=True)
        result = json.loads(out.stdout)
        if result['bad'] or not result['requests']:
            sys.exit(f'{self.name}: {result["bad"]} bad replies of {result["requests"]}: {out.stderr}')
        result['cpu_us'] = (cpu_seconds(self.pid) - before) * 1e6 / result['requests']
        result['rss_mb'] = resident_mb(self.pid)
        return result


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def run(home):
    mock = start([wire, 'mock'])
    provider = f'http://127.0.0.1:{int(mock.stdout.readline())}'

    models = os.path.join(home, 'models.json')
    with open(models, 'w') as file:
        json.dump({'providers': {'mock': {'base_url': provider + '/v1'}},
                   'models': {'m': {'provider': 'mock', 'id': 'gpt-4o-mini'}},
                   'tiers': {'fast': {'models': ['m']}}, 'direct': True}, file)
    sets = {'server.listen': '127.0.0.1:0', 'server.admin_listen': '127.0.0.1:0',
            'llm.base_url': f'file://{models}',
            'limits.requests_per_key': 100_000_000, 'limits.requests_per_address': 100_000_000}
    log = open(os.path.join(folder, 'purser.log'), 'w')
    purser = start([os.environ['PURSER'], 'serve', *[f'--set={k}={v}' for k, v in sets.items()]], stderr=log,
                   env={**os.environ, 'PURSER_DATABASE_URL': f'sqlite://{home}/purser.db'})
    ready = re.match(r'ready (\S+) admin (\S+) key (\S+)', purser.stdout.readline())
    key = f'Authorization: Bearer {ready.group(3)}'

    port = free_port()
    portkey = start(['node', os.path.join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js'),
                     '--headless', f'--port={port}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    env={**os.environ, 'NODE_ENV': 'production'})
    for _ in range(200):
        try:
            urllib.request.urlopen(f'http://127.0.0.1:{port}/', timeout=1).read()
            break
        except OSError:
            time.sleep(0.05)

    path = '/v1/chat/completions'
    targets = [
        Target('direct', provider + path, mock.pid, []),
        Target('purser', ready.group(1) + path, purser.pid, ['model=purser/fast', key]),
        Target('portkey', f'http://127.0.0.1:{port}{path}', portkey.pid,
               ['Authorization: Bearer x', 'x-portkey-provider: openai',
                f'x-portkey-custom-host: {provider}/v1']),
    ]
    plan = [('whole', 1, 2, one_core), ('whole', 1, 2, all_cores), ('whole', 32, 3, all_cores),
            ('stream', 1, 2, one_core), ('stream', 1, 2, all_cores)]
    for target in targets:  # warm
        target.load('whole', 8, 3)
        target.load('stream', 1, 0.5)
    figures = {(t.name, kind, n, len(cores)): [] for t in targets for kind, n, _, cores in plan}
    for number in range(rounds):
        for kind, connections, seconds, cores in plan:
            for target in targets[number % 3:] + targets[:number % 3]:
                figures[target.name, kind, connections, len(cores)].append(
                    target.load(kind, connections, seconds, cores))
    turns = Target('turns', ready.group(1) + path, purser.pid, ['model=purser', key])
    turn = {n: turns.load('whole', n, 3) for n in (1, 32)}
    return figures, turn


def paired(figures, key):
    at_32 = lambda name: figures[name, 'whole', 32, len(all_cores)]
    return statistics.median(a[key] / b[key] for a, b in zip(at_32('purser'), at_32('portkey')))


def added(figures, name, kind, key, cores=one_core):
    alone = lambda target: figures[target, kind, 1, len(cores)]
    return statistics.median(a[key] - b[key] for a, b in zip(alone(name), alone('direct')))


def main():
    with tempfile.TemporaryDirectory() as home:
        try:
            figures, turn = run(home)
        finally:
            stop_all()
    gates = [
        ('requests/s at 32 connections, times Portkey', paired(figures, 'per_second'), '>=', 10),
        ('CPU per request at 32 connections, of Portkey', paired(figures, 'cpu_us'), '<=', 0.1),
        ('resident memory, of Portkey', paired(figures, 'rss_mb'), '<=', 0.1),
        ('added p50 at one connection, us', added(figures, 'purser', 'whole', 'p50_us'), '<=', 100),
        ('added time to the first word, us', added(figures, 'purser', 'stream', 'first_p50_us'), '<=', 300),
    ]
    print(f'gateway: medians of {rounds} rounds, one machine with {os.cpu_count()} cores shared by load, mock, gateway\n')
    print(f'{"":10}{"kind":8}{"conn":>5}{"cores":>6}{"req/s":>10}{"p50 us":>9}{"p99 us":>10}{"first us":>10}{"CPU us":>9}{"RSS MB":>8}')
    for (name, kind, connections, cores), runs in figures.items():
        row = [statistics.median(one[key] for one in runs)
               for key in ('per_second', 'p50_us', 'p99_us', 'first_p50_us', 'cpu_us', 'rss_mb')]
        print(f'{name:10}{kind:8}{connections:5}{cores:6}{row[0]:10.0f}{row[1]:9.0f}{row[2]:10.0f}{row[3]:10.0f}{row[4]:9.1f}{row[5]:8.1f}')
    for connections, one in turn.items():
        print(f'{"turns":10}{"whole":8}{connections:5}{len(all_cores):6}{one["per_second"]:10.0f}{one["p50_us"]:9.0f}{one["p99_us"]:10.0f}'
              f'{"":10}{one["cpu_us"]:9.1f}{one["rss_mb"]:8.1f}   (a durable turn with a thread of its own)')
    print()
    for name in ('purser', 'portkey'):
        for cores in (one_core, all_cores):
            print(f'added by {name} on {len(cores)} of the cores: '
                  f'p50 {added(figures, name, "whole", "p50_us", cores):.0f} us, '
                  f'first word {added(figures, name, "stream", "first_p50_us", cores):.0f} us')
    print()
    passed = True
    report = []
    for what, value, sign, limit in gates:
        good = value >= limit if sign == '>=' else value <= limit
        passed = passed and good
        report.append({'what': what, 'value': round(value, 4), 'sign': sign, 'limit': limit, 'ok': good})
        print(f'{"ok  " if good else "MISS"} {what}: {value:.3g} ({sign} {limit})')
    with open(os.path.join(folder, 'result.json'), 'w') as file:
        json.dump({'gates': report, 'rounds': rounds,
                   'runs': {' '.join(map(str, key)): runs for key, runs in figures.items()},
                   'turns': {str(n): one for n, one in turn.items()}}, file, indent=1)
    sys.exit(0 if passed else 1)


main()
