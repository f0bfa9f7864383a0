"""Bytes on a connection, without a client's opinion of them."""
import re
import select
import socket
import threading
import time


def connect(port):
    link = socket.create_connection(('127.0.0.1', port), 10)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def send(link, data):
    """All of it, or as much as the peer takes before it closes."""
    try:
        link.sendall(data)
    except OSError:
        pass


def listen(link, enough, patience, quiet=0.2):
    """(bytes, whether the peer closed): until it closes, until `enough` says so and then nothing more comes for `quiet`
    seconds, or until `patience` seconds have passed."""
    data, end = b'', time.monotonic() + patience
    while True:
        wait = min(quiet if enough(data) else patience, max(0.0, end - time.monotonic()))
        if not select.select([link], [], [], wait)[0]:
            return data, False
        try:
            piece = link.recv(65536)
        except OSError:
            return data, True
        if not piece:
            return data, True
        data += piece


class Relay:
    """Stands between a proxy and a daemon, passes every byte on, and counts connections."""

    def __init__(self, port):
        self.target, self.connections = port, 0
        self.server = socket.create_server(('127.0.0.1', 0), backlog=512)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.server.accept()
            self.connections += 1
            far = connect(self.target)
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pass_on, args=(source, sink), daemon=True).start()

    @staticmethod
    def pass_on(source, sink):
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            # One side was reset: so is the other, or it would wait for ever.
            for side in (source, sink):
                side.close()


class Answer:
    def __init__(self, status, head, body):
        self.status, self.head, self.body = status, head, body

    def field(self, name):
        found = re.search(rb'^' + name.encode() + rb':[ \t]*([^\r\n]*)\r?$', self.head, re.M | re.I)
        return found.group(1).decode() if found else None


def answers(data, to_head=False):
    """The final answers in these bytes, and whether nothing but whole answers was there. `to_head`: the first answers a
    HEAD and has no body."""
    found = []
    while data:
        begin = re.match(rb'HTTP/1\.[01] (\d{3})', data)
        end = data.find(b'\r\n\r\n')
        if not begin or end < 0:
            return found, False
        status, head, rest = int(begin.group(1)), data[:end + 2], data[end + 4:]
        answer = Answer(status, head, b'')
        if status < 200:
            data = rest
            continue
        length = answer.field('Content-Length')
        if (to_head and not found) or status in (204, 304):
            data = rest
        elif length is not None:
            answer.body, data = rest[:int(length)], rest[int(length):]
            if len(answer.body) < int(length):
                return found + [answer], False
        elif 'chunked' in (answer.field('Transfer-Encoding') or ''):
            answer.body, data = unchunk(rest)
            if data is None:
                return found + [answer], False
        else:
            answer.body, data = rest, b''
        found.append(answer)
    return found, True


def unchunk(data):
    body = b''
    while True:
        line = data.find(b'\r\n')
        if line < 0:
            return body, None
        size = int(data[:line].split(b';')[0], 16)
        if len(data) < line + 2 + size + 2:
            return body, None
        body += data[line + 2:line + 2 + size]
        data = data[line + 2 + size + 2:]
        if size == 0:
            return body, data
