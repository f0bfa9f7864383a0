"""The table of hostile requests, sent straight to the daemon's two listeners and through nginx and haproxy, each with
kept connections to a daemon of its own. Two servers in each proxy: one as it comes, one as careless as it can be made.

A proxy names each request that it forwards (X-Request-Id), overwriting what the client said, and writes the name down.
A line `api.answered` with a name that the proxy did not give, or with one twice, is two requests out of one. Behind
every row a good client asks through the same proxy, on the connection to the daemon that the row left behind, and must
get the answer to its own request."""
import collections
import re
import threading

import hostile_table
import wire
from hostile_table import ONE, REFUSED, TWO
from surroundings import KEY, Stage, Verdict, eventually, free_port

# 501 says that Transfer-Encoding is not taken, 505 that a version is not spoken: refusals both.
REFUSALS = {400, 408, 411, 413, 414, 417, 431, 501, 505}
FAST = ('server.header_time_max_ms=1000', 'server.body_time_max_ms=1000', 'limits.wrong_keys_per_address=0')

NGINX = '''
  log_format names '$sent_http_x_front_id $upstream_status';
  upstream plain {{ server 127.0.0.1:{plain}; keepalive 1; }}
  upstream lax {{ server 127.0.0.1:{lax}; keepalive 1; }}
  client_header_timeout 2s; client_body_timeout 2s;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
  proxy_set_header X-Request-Id f-$connection-$connection_requests;
  add_header X-Front-Id f-$connection-$connection_requests always;
  server {{ listen 127.0.0.1:{plain_port}; access_log {folder}/nginx-plain.names names; location / {{ proxy_pass http://plain; }} }}
  server {{
    listen 127.0.0.1:{lax_port}; access_log {folder}/nginx-lax.names names;
    ignore_invalid_headers off; underscores_in_headers on; merge_slashes off; large_client_header_buffers 16 64k;
    client_max_body_size 0;
    location / {{ proxy_pass http://lax; proxy_request_buffering off; }}
  }}
'''

HAPROXY = '''
global
  maxconn 200
  nbthread 1
  tune.bufsize 32768
  tune.http.maxhdr 1000
defaults
  mode http
  timeout connect 2s
  timeout client 4s
  timeout server 4s
  timeout http-request 2s
  retries 0
  option http-keep-alive
  http-reuse always
{sides}
'''
HAPROXY_SIDE = '''
frontend {name}
  bind 127.0.0.1:{port}
  log stdout len 4096 format raw local0
  log-format "named {name} %[unique-id] %ST"
  {careless}
  unique-id-format f-%pid-%rt
  http-request set-header X-Request-Id %[unique-id]
  http-after-response set-header X-Front-Id %[unique-id]
  default_backend {name}
backend {name}
  server one 127.0.0.1:{daemon} pool-max-conn 1 maxconn 1
'''


class Front:
    """One way to a daemon of its own. `names`: what the proxy has forwarded; without one the client's names hold."""

    def __init__(self, name, daemon, port, names=None, relay=None, path=b'/v1/models/outer',
                 hidden=b'/v1/models/hidden', counted=True):
        self.name, self.daemon, self.port, self.names, self.relay = name, daemon, port, names, relay
        self.path, self.hidden, self.counted = path, hidden, counted
        self.straight = names is None
        self.statuses = collections.Counter()
        self.troubles = []
        self.known = set()

    def run(self):
        for number, (name, verdict, data) in enumerate(hostile_table.rows):
            try:
                self.troubles += [(name, trouble) for trouble in self.play(number, verdict, data)]
            except Exception as error:  # of this thread: nobody else would hear of it
                self.troubles.append((name, f'{type(error).__name__}: {error}'))
            if self.daemon.child.poll() is not None:
                self.troubles.append((name, 'purser died'))
                return

    def good(self, name):
        return (b'GET @GOOD@ HTTP/1.1\r\nHost: @HOST@\r\nX-Request-Id: ' + name.encode() +
                b'\r\nAuthorization: Bearer @KEY@\r\n\r\n').replace(b'@GOOD@',
                                                                    b'/v1/models' if self.counted else b'/healthz')

    def fill(self, data, names):
        hidden = (b'GET ' + self.hidden + b' HTTP/1.1\r\nHost: @HOST@\r\nX-Request-Id: ' + names['hidden'].encode() +
                  b'\r\nAuthorization: Bearer @KEY@\r\n\r\n')
        for word, text in ((b'@HOST@', f'127.0.0.1:{self.port}'.encode()), (b'@KEY@', KEY.encode()),
                           (b'@ID@', names['outer'].encode()), (b'@PATH@', self.path)):
            data, hidden = data.replace(word, text), hidden.replace(word, text)
        for word, text in ((b'@N@', b'%d' % len(hidden)), (b'@X@', b'%x' % len(hidden)), (b'@HIDDEN@', hidden)):
            data = data.replace(word, text)
        return data

    def play(self, number, verdict, data):
        names = {word: f'{word}-{number}' for word in ('outer', 'hidden', 'good')}
        head = data.startswith(b'HEAD')
        wanted = 2 if verdict == TWO else 1

        def enough(got):
            if self.straight and verdict == REFUSED:
                return False  # until it closes
            return len(wire.answers(got, head)[0]) >= (wanted if self.straight else 1)

        with wire.connect(self.port) as link:
            wire.send(link, self.fill(data, names))
            got, closed = wire.listen(link, enough, 3)
        answers, whole = wire.answers(got, head)
        for answer in answers:
            self.statuses[answer.status] += 1
        yield from self.judge_answers(verdict, answers, whole, closed, got)
        yield from self.ask_good(names['good'])
        if self.counted:
            yield from self.judge_log(verdict, names)

    def judge_answers(self, verdict, answers, whole, closed, got):
        statuses = [answer.status for answer in answers]
        if not self.counted and any(b'sandbox_url' in answer.body for answer in answers) and verdict != TWO:
            yield f'the hidden request was answered {statuses}'
        if self.straight:
            if len(answers) > (2 if verdict == TWO else 1):
                yield f'{len(answers)} answers {statuses}'
            if verdict == REFUSED:
                if any(status not in REFUSALS for status in statuses):
                    yield f'not refused: {statuses}'
                if not closed:
                    yield f'the connection stays open behind {statuses}'
            elif len(answers) != (2 if verdict == TWO else 1) or not whole:
                yield f'answers {statuses}, {verdict} expected: {got[:200]!r}'
            elif any(status >= 400 and status not in (404, 405) for status in statuses):
                yield f'refused: {statuses}'
            return
        for answer in answers:
            front, daemon = answer.field('X-Front-Id'), answer.field('X-Request-Id')
            if daemon is not None and front != daemon:
                yield f'the answer to {daemon} was given to {front}'

    def ask_good(self, name):
        with wire.connect(self.port) as link:
            wire.send(link, self.fill(self.good(name), {'outer': '', 'hidden': ''}))
            got, _ = wire.listen(link, lambda data: wire.answers(data)[0], 5, quiet=0.0)
        answers, _ = wire.answers(got)
        if len(answers) != 1 or answers[0].status != 200:
            yield f'a good request afterwards: {[answer.status for answer in answers]} {got[:200]!r}'
            return
        if not self.counted:
            return
        mine = name if self.straight else answers[0].field('X-Front-Id')
        if answers[0].field('X-Request-Id') != mine or b'"list"' not in answers[0].body:
            yield f'a good request {mine} afterwards got the answer of {answers[0].field("X-Request-Id")}'

    def judge_log(self, verdict, names):
        seen = [row for row in self.daemon.answered()]
        for name, _, route, status in seen:
            if status >= 500:
                yield f'purser answered {status} on {route}'
        if self.straight:
            yield from self.judge_straight(verdict, names, [row[0] for row in seen if row[0] != names['good']])
            return
        for name, _, route, _ in seen:
            if name in self.known:
                yield f'purser answered {name} twice'
            self.known.add(name)
            if not name.startswith('f-'):
                yield f'purser answered {name} ({route}), which the proxy never named'

    def judge_straight(self, verdict, names, seen):
        most = {REFUSED: 0, ONE: 1, TWO: 2}[verdict]
        if len(seen) > most:
            yield f'{len(seen)} requests counted, at most {most} meant: {seen}'
        if verdict != TWO and names['hidden'] in seen:
            yield 'the hidden request was answered'
        if verdict == TWO and seen != [names['outer'], names['hidden']]:
            yield f'two requests were meant, {seen} counted'

    def sum_up(self):
        """What can be said only when all is over: the proxy's own list against the daemon's."""
        if self.straight:
            return
        told = eventually(self.names, f'{self.name}: the list of names')
        more = self.known - told
        if more:
            self.troubles.append(('at the end',
                                  f'purser answered {len(more)} that the proxy did not forward: {list(more)[:3]}'))


    def count(self, verdict):
        refused = int(self.daemon.metric('purser_http_refused_total'))
        counted = int(self.daemon.metric('purser_http_requests_total'))
        what = f'hostile requests, {self.name}: /metrics counts what was meant'
        if self.straight:
            meant = len(hostile_table.rows) + sum({REFUSED: 0, ONE: 1, TWO: 2}[row[1]] for row in hostile_table.rows)
            said_no = sum(n for status, n in self.statuses.items() if status in REFUSALS)
            verdict.check(counted == meant and refused == said_no, what,
                          f'{counted} of {meant} answered, {refused} of {said_no} refused unread')
        else:
            verdict.check(counted == len(self.known), what,
                          f'{counted} answered, {len(self.known)} of them named by the proxy, {refused} refused unread')
            # A row can leave its mark on the next request only where the connection is kept.
            verdict.check(self.relay.connections <= refused + counted / 10,
                          f'hostile requests, {self.name}: connections to purser are kept',
                          f'{self.relay.connections} for {counted + refused} requests')


def named(path, pattern):
    return lambda: set(re.findall(pattern, path.read_text(errors='replace'), re.M))


def main():
    verdict = Verdict()
    with Stage() as stage:
        daemons = {name: stage.purser(f'purser-{name}', *FAST)
                   for name in ('straight', 'admin', 'nginx', 'nginx-lax', 'haproxy', 'haproxy-lax')}
        relays = {name: wire.Relay(daemon.port) for name, daemon in daemons.items()}
        ports = {name: free_port() for name in daemons}
        stage.nginx('nginx', NGINX.format(plain=relays['nginx'].port, lax=relays['nginx-lax'].port, folder=stage.folder,
                                          plain_port=ports['nginx'], lax_port=ports['nginx-lax']))
        sides = ''.join(HAPROXY_SIDE.format(name=name, port=ports[name], daemon=relays[name].port, careless=careless)
                        for name, careless in (('haproxy', ''), ('haproxy-lax', 'option accept-invalid-http-request')))
        stage.haproxy('haproxy', HAPROXY.format(sides=sides))

        def proxied(name, shown, path, pattern):
            return Front(shown, daemons[name], ports[name], named(stage.folder / path, pattern), relays[name])

        fronts = [
            Front('straight', daemons['straight'], daemons['straight'].port),
            Front('admin listener', daemons['admin'], daemons['admin'].admin_port, path=b'/healthz', hidden=b'/readyz',
                  counted=False),
            proxied('nginx', 'nginx', 'nginx-plain.names', r'^(f-\S+) \d'),
            proxied('nginx-lax', 'nginx, careless', 'nginx-lax.names', r'^(f-\S+) \d'),
            proxied('haproxy', 'haproxy', 'haproxy.log', r'named haproxy (\S+)'),
            proxied('haproxy-lax', 'haproxy, careless', 'haproxy.log', r'named haproxy-lax (\S+)'),
        ]
        threads = [threading.Thread(target=front.run) for front in fronts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for front in fronts:
            front.sum_up()
            for name, trouble in front.troubles:
                print(f'      {front.name}, row "{name}": {trouble}')
            what = f'hostile requests, {front.name}: {len(hostile_table.rows)} rows'
            verdict.check(not front.troubles, what,
                          ', '.join(f'{status} x{n}' for status, n in sorted(front.statuses.items())))
            verdict.check(front.daemon.ready(), f'hostile requests, {front.name}: purser is alive and ready')
            if front.counted:
                front.count(verdict)
    verdict.end()


main()
