"""Malformed requests and requests that two readers might split differently, as raw bytes. Nearly each ends in a second
request, hidden where one reader sees a body and the other the next request.

A row is (name, verdict, bytes). The verdict is what holds when the bytes go straight to the daemon:
  REFUSED  answered with a refusal and disconnected, or disconnected; no request is counted
  ONE      one request is answered, and what is hidden in its body is not
  TWO      two requests that any reader sees, and two answers
Placeholders: @PATH@ of the request, @HOST@, @ID@ (its X-Request-Id), @KEY@, @HIDDEN@ (the whole hidden request), @N@ (its
length), @X@ (its length in hexadecimal)."""

REFUSED, ONE, TWO = 'refused', 'one', 'two'
H = b'@HIDDEN@'
N = 'Content-Length: @N@'
TE = 'Transfer-Encoding: chunked'
JSON = 'Content-Type: application/json'
LAST = b'0\r\n\r\n'
CHUNK = b'@X@\r\n' + H + b'\r\n0\r\n\r\n'  # the hidden request as the data of a chunk

rows = []


def row(name, verdict, data):
    rows.append((name, verdict, data))


def request(*fields, line='POST @PATH@ HTTP/1.1', body=H, host='Host: @HOST@'):
    given = [host] if host else []
    lines = [line, *given, 'X-Request-Id: @ID@', 'Authorization: Bearer @KEY@', *fields]
    return '\r\n'.join(lines).encode('latin-1') + b'\r\n\r\n' + body


def get(*fields, method='GET', body=H, **more):
    return request(*fields, line=f'{method} @PATH@ HTTP/1.1', body=body, **more)


# --- Content-Length against Transfer-Encoding ---

VALUES = {
    'chunked': 'chunked', 'Chunked': 'Chunked', 'CHUNKED': 'CHUNKED', 'trailing space': 'chunked ',
    'two spaces before': '  chunked', 'tab before': '\tchunked', 'tab behind': 'chunked\t', 'xchunked': 'xchunked',
    'chunkedx': 'chunkedx', 'chunk': 'chunk', 'identity': 'identity', 'identity, chunked': 'identity, chunked',
    'chunked, identity': 'chunked, identity', 'gzip': 'gzip', 'gzip, chunked': 'gzip, chunked',
    'chunked, gzip': 'chunked, gzip', 'chunked twice': 'chunked, chunked', 'comma behind': 'chunked,',
    'comma before': ',chunked', 'quoted': '"chunked"', 'in apostrophes': "'chunked'", 'parameter': 'chunked;q=1',
    'empty': '', 'vertical tab': '\x0bchunked', 'form feed behind': 'chunked\x0c', 'NUL behind': 'chunked\x00',
    'no-break space': '\xa0chunked', 'unknown word': 'cow', 'colon': ': chunked',
    'long s behind': 'chunKed\u017f'.encode().decode('latin-1'),
}
for what, value in VALUES.items():
    field = f'Transfer-Encoding:{"" if value.startswith((" ", chr(9))) else " "}{value}'
    row(f'CL.TE {what}', REFUSED, request(N, field, body=LAST + H))
for what in ('chunked', 'tab before', 'xchunked', 'identity', 'gzip, chunked', 'chunked, identity', 'comma behind',
             'vertical tab', 'quoted', 'NUL behind'):
    field = f'Transfer-Encoding: {VALUES[what]}'
    row(f'TE.CL {what}', REFUSED, request('Content-Length: 4', field, body=CHUNK))
    row(f'TE first, CL covers all, {what}', REFUSED, request(field, N, body=H))
for what in ('chunked', 'gzip', 'chunked, gzip', 'xchunked', 'identity'):
    row(f'TE alone {what}', REFUSED, request(f'Transfer-Encoding: {VALUES[what]}', body=H))
    row(f'TE on HTTP/1.0 {what}', REFUSED,
        request(f'Transfer-Encoding: {VALUES[what]}', 'Connection: keep-alive', line='POST @PATH@ HTTP/1.0',
                body=LAST + H))
    row(f'TE on GET {what}', REFUSED, get(f'Transfer-Encoding: {VALUES[what]}', body=LAST + H))
row('TE twice, same', REFUSED, request(TE, TE, body=LAST + H))
row('TE twice, the second unknown', REFUSED, request(TE, 'Transfer-Encoding: cow', body=LAST + H))
row('TE twice, the first unknown', REFUSED, request('Transfer-Encoding: cow', TE, N, body=LAST + H))
row('TE chunked and identity in two fields', REFUSED, request('Transfer-Encoding: identity', TE, body=LAST + H))
for what, name in {'space before the colon': 'Transfer-Encoding :', 'tab before the colon': 'Transfer-Encoding\t:',
                   'underscore': 'Transfer_Encoding:', 'leading space': ' Transfer-Encoding:',
                   'NUL in it': 'Transfer-Encoding\x00:',
                   'high byte in it': 'Transfer-Encoding\xff:', 'upper case': 'TRANSFER-ENCODING:',
                   'mixed case': 'tRaNsFeR-eNcOdInG:',
                   'no-break space': 'Transfer-Encoding\xa0:', 'space inside': 'Transfer Encoding:',
                   'CR inside': 'Transfer-\rEncoding:',
                   'folded colon': 'Transfer-Encoding\r\n :', 'behind a bare LF': 'X: y\nTransfer-Encoding:',
                   'behind a bare CR': 'X: y\rTransfer-Encoding:', 'behind LF CR': 'X: y\n\rTransfer-Encoding:',
                   'folded onto another': 'X: y\r\n\tTransfer-Encoding:'}.items():
    row(f'CL.TE name with {what}', REFUSED, request(N, f'{name} chunked', body=LAST + H))
row('TE folded value', REFUSED, request(N, 'Transfer-Encoding:\r\n chunked', body=LAST + H))
row('TE folded tail', REFUSED, request(N, 'Transfer-Encoding: chunked\r\n , identity', body=LAST + H))
for other in ('X-Transfer-Encoding: chunked', 'Content-Encoding: chunked', 'TE: chunked', 'TE: trailers',
              'Trailer: Content-Length',
              'Transfer-Encodings: chunked', 'Content-Encoding: gzip', 'Content-Transfer-Encoding: chunked'):
    row(f'no framing header: {other}', ONE, request(N, other))

# --- Content-Length ---

for what, value in {'plus': '+@N@', 'minus': '-@N@', 'minus nothing': '-0', 'hexadecimal': '0x@X@',
                    'comma': '@N@, @N@', 'comma, no space': '@N@,@N@',
                    'comma, different': '0, @N@', 'comma behind': '@N@,', 'leading zero': '0@N@', 'semicolon': '@N@;',
                    'fraction': '@N@.0', 'exponent': '1e2', 'empty': '', 'quoted': '"@N@"', 'two numbers': '0 @N@',
                    'underscore': '1_0', 'letter behind': '@N@a', 'past 32 bits': '4294967296',
                    'past 64 bits': '18446744073709551616',
                    'past 64 bits by it': '18446744073709551621', 'thirty digits': '1' * 30, 'NUL behind': '@N@\x00',
                    'vertical tab before': '\x0b@N@', 'no-break space': '\xa0@N@',
                    'other digits': '\u0665'.encode().decode('latin-1')}.items():
    row(f'CL {what}', REFUSED, request(f'Content-Length: {value}'))
row('CL with space around it', ONE, request('Content-Length: \t @N@ \t'))
row('CL twice, same', REFUSED, request(N, N))
row('CL twice, nothing first', REFUSED, request('Content-Length: 0', N))
row('CL twice, nothing last', REFUSED, request(N, 'Content-Length: 0'))
row('CL folded', REFUSED, request('Content-Length:\r\n @N@'))
row('CL folded tail', REFUSED, request('Content-Length: 0\r\n @N@'))
row('CL space before the colon', REFUSED, request('Content-Length : @N@'))
row('CL underscore beside another', REFUSED, request('Content_Length: @N@', 'Content-Length: 0'))
row('CL underscore alone', REFUSED, request('Content_Length: @N@'))
row('CL behind a bare LF', REFUSED, request('X: y\nContent-Length: @N@', 'Content-Length: 0'))
row('CL behind a bare CR', REFUSED, request('X: y\rContent-Length: @N@', 'Content-Length: 0'))
row('CL none on POST', REFUSED, request())
row('CL more than comes', REFUSED, request('Content-Length: 900', body=b'x'))
row('CL huge and no body', REFUSED, request('Content-Length: 9999999999', body=b''))
row('CL over the cap', REFUSED, request('Content-Length: 1048577', body=b''))
for method in ('GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE', 'FROB'):
    row(f'CL on {method}', REFUSED, get(N, method=method))
row('CL 0 on GET', TWO, get('Content-Length: 0'))
row('CL 0, the next behind it', TWO, request('Content-Length: 0'))
row('CL right, the next behind it', TWO, request('Content-Length: 2', body=b'{}' + H))
row('multipart body that holds a request', ONE, request(N, 'Content-Type: multipart/form-data; boundary=GET'))

# --- chunks; all are refused for their Transfer-Encoding, and a proxy may read them differently ---

for what, body in {'whole': CHUNK, 'extension': b'@X@;a=b\r\n' + H + b'\r\n0\r\n\r\n',
                   'extension with LF': b'2;a\nxx\r\n@X@\r\n' + H + b'\r\n0\r\n\r\n',
                   'quoted LF in extension': b'2;a="\n"\r\nxx\r\n' + LAST + H,
                   'CR in extension': b'2;a=\rb\r\nxx\r\n' + LAST + H,
                   'extension of 64 KiB': b'2;' + b'a' * 65536 + b'\r\nxx\r\n' + LAST + H,
                   'size 0x': b'0x2\r\nxx\r\n' + LAST + H, 'size +': b'+2\r\nxx\r\n' + LAST + H,
                   'size -': b'-2\r\nxx\r\n' + LAST + H,
                   'size past 64 bits': b'10000000000000002\r\nxx\r\n' + LAST + H,
                   'size all ones': b'ffffffffffffffff\r\nxx\r\n' + LAST + H,
                   'size leading zeros': b'0' * 30 + b'2\r\nxx\r\n' + LAST + H, 'size empty': b'\r\n' + H,
                   'size space behind': b'2 \r\nxx\r\n' + LAST + H,
                   'size space before': b' 2\r\nxx\r\n' + LAST + H, 'size underscore': b'1_0\r\n' + H,
                   'size LF': b'2\nxx\n0\n\n' + H,
                   'last LF': b'0\n\n' + H, 'last without end': b'0\r\n' + H, 'spill': b'2\r\nxxxx\r\n' + LAST + H,
                   'short': b'@X@\r\nGET',
                   'many zeros': b'00000\r\n\r\n' + H, 'trailer CL': b'0\r\nContent-Length: @N@\r\n\r\n' + H,
                   'trailer TE': b'0\r\nTransfer-Encoding: chunked\r\n\r\n' + H,
                   'trailer Host': b'0\r\nHost: other\r\n\r\n' + H,
                   'trailer Authorization': b'0\r\nAuthorization: Bearer x\r\n\r\n' + H,
                   'trailer Content-Type': b'0\r\nContent-Type: text/html\r\n\r\n' + H,
                   'trailer LF': b'0\r\nX: y\n\n' + H,
                   'trailer that is a request': b'0\r\nX: y\r\n' + H}.items():
    row(f'chunked, {what}', REFUSED, request(TE, JSON, body=body))

# --- the request line ---

LINES = {
    'HTTP/0.9': 'GET @PATH@', 'HTTP/1.2': 'GET @PATH@ HTTP/1.2', 'HTTP/2.0': 'GET @PATH@ HTTP/2.0',
    'HTTP/1': 'GET @PATH@ HTTP/1',
    'HTTP/1.10': 'GET @PATH@ HTTP/1.10', 'HTTP/01.1': 'GET @PATH@ HTTP/01.1',
    'HTTP/0.9 in words': 'GET @PATH@ HTTP/0.9', 'http/1.1': 'GET @PATH@ http/1.1',
    'HTTPS/1.1': 'GET @PATH@ HTTPS/1.1', 'HTTP/1.1 and more': 'GET @PATH@ HTTP/1.1 x',
    'HTTP /1.1': 'GET @PATH@ HTTP /1.1',
    'two versions': 'GET @PATH@ HTTP/1.1 HTTP/1.1', 'tabs': 'GET\t@PATH@\tHTTP/1.1',
    'two spaces': 'GET  @PATH@ HTTP/1.1',
    'two spaces behind': 'GET @PATH@  HTTP/1.1', 'space at its end': 'GET @PATH@ HTTP/1.1 ',
    'leading space': ' GET @PATH@ HTTP/1.1',
    'leading CRLF': '\r\nGET @PATH@ HTTP/1.1', 'leading LF': '\nGET @PATH@ HTTP/1.1',
    'leading CR': '\rGET @PATH@ HTTP/1.1',
    'LF alone at its end': 'GET @PATH@ HTTP/1.1\nX: y', 'no target': 'GET  HTTP/1.1',
    'no target at all': 'GET HTTP/1.1',
    'NUL in the method': 'G\x00T @PATH@ HTTP/1.1', 'space in the method': 'GE T @PATH@ HTTP/1.1',
    'high byte in the method': 'G\xc9T @PATH@ HTTP/1.1',
    'colon in the method': 'GET: @PATH@ HTTP/1.1', 'target of 9,000': 'GET /' + 'a' * 9000 + ' HTTP/1.1',
    'target of 3,000': 'GET /' + 'a' * 3000 + ' HTTP/1.1', 'absolute target': 'GET http://@HOST@@PATH@ HTTP/1.1',
    'absolute target of another host': 'GET http://other.example@PATH@ HTTP/1.1',
    'https target': 'GET https://@HOST@@PATH@ HTTP/1.1',
    'absolute target with user': 'GET http://a@other.example@PATH@ HTTP/1.1',
    'authority target': 'GET @HOST@ HTTP/1.1', 'CONNECT': 'CONNECT @HOST@ HTTP/1.1',
    'star': 'OPTIONS * HTTP/1.1', 'star on GET': 'GET * HTTP/1.1', 'no slash': 'GET v1/models HTTP/1.1',
    'backslash': 'GET \\@PATH@ HTTP/1.1',
    'fragment': 'GET @PATH@#x HTTP/1.1', 'space in the target': 'GET @PATH@?a b HTTP/1.1',
    'NUL in the target': 'GET @PATH@\x00 HTTP/1.1',
    'high byte in the target': 'GET @PATH@\xe9 HTTP/1.1', 'DEL in the target': 'GET @PATH@\x7f HTTP/1.1',
    'encoded CRLF': 'GET @PATH@%0d%0aX:%20y HTTP/1.1', 'encoded LF': 'GET @PATH@?%0A HTTP/1.1',
    'encoded NUL': 'GET @PATH@%00 HTTP/1.1',
    'preface of HTTP/2': 'PRI * HTTP/2.0',
}
for what, line in LINES.items():
    row(f'line, {what}', REFUSED, request(line=line))
row('line, HTTP/0.9 and nothing else', REFUSED, b'GET @PATH@\r\n' + H)
row('line, HTTP/2 by prior knowledge', REFUSED,
    b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00' + H)
row('line, TLS hello', REFUSED, b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + H)
row('line, PROXY protocol', REFUSED, b'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n' + get(body=b''))
row('line, method of 5,000', TWO, get(method='G' * 5000))
for what, target in {'two slashes': '//other.example@PATH@', 'dots': '/a/../..@PATH@', 'encoded dots': '/%2e%2e@PATH@',
                     'semicolon': '/;a=b@PATH@',
                     'bad escape': '@PATH@%zz', 'query': '@PATH@?a=/../b', 'at': '/@other.example@PATH@'}.items():
    row(f'target, {what}', ONE, request(N, line=f'POST {target} HTTP/1.1'))

# --- HTTP/1.0, pipelining ---

row('1.0, what comes behind it', ONE, request(line='GET @PATH@ HTTP/1.0'))
row('1.0 keep-alive', TWO, request('Connection: keep-alive', line='GET @PATH@ HTTP/1.0'))
row('1.0 with a body', ONE, request(N, line='POST @PATH@ HTTP/1.0'))
row('pipelined', TWO, get())
row('pipelined behind HEAD', TWO, get(method='HEAD'))
row('pipelined behind DELETE', TWO, get(method='DELETE'))
row('pipelined behind a close', ONE, get('Connection: close'))
row('pipelined, CRLF between', REFUSED, request('Content-Length: 0', line='FROB\x01 @PATH@ HTTP/1.1', body=b'\r\n' + H))
row('body that is a request and a half', ONE, request('Content-Length: 3', 'Connection: close', body=H))

# --- Host ---

for what, host in {'none': '', 'empty': 'Host:', 'comma': 'Host: @HOST@, other', 'at': 'Host: user@@HOST@',
                   'space': 'Host: @HOST@ other', 'path': 'Host: @HOST@/x',
                   'two': 'Host: @HOST@\r\nHost: other', 'two, same': 'Host: @HOST@\r\nHost: @HOST@',
                   'folded': 'Host:\r\n @HOST@', 'space before the colon': 'Host : @HOST@',
                   'high byte': 'Host: caf\xe9', 'NUL': 'Host: @HOST@\x00', 'quoted': 'Host: "@HOST@"',
                   'first line folded': ' Host: @HOST@'}.items():
    row(f'Host, {what}', REFUSED, request(N, host=host))
row('Host, X-Forwarded-Host beside it', ONE, request(N, 'X-Forwarded-Host: other', 'X-Host: other'))

# --- header lines ---

for what, field in {'NUL in a name': 'X\x00Y: z', 'high byte in a name': 'X\xe9: z', 'space in a name': 'X Y: z',
                    'space before the colon': 'X : z', 'no colon': 'XYZ',
                    'empty name': ': z', 'brackets in a name': 'X[]: z', 'NUL in a value': 'X: a\x00b',
                    'CR in a value': 'X: a\rb', 'LF in a value': 'X: a\nb',
                    'LF at its end': 'X: a\nY: b', 'two CR': 'X: a\r\r\nY: b', 'DEL': 'X: a\x7fb',
                    'control byte': 'X: \x01',
                    'folded': 'X: a\r\n b', 'folded by a tab': 'X: a\r\n\tb', 'folded empty': 'X: a\r\n \r\nY: b',
                    'of 9 KiB': 'X: ' + 'a' * 9216, 'name of 9 KiB': 'X' * 9216 + ': a',
                    'a hundred': '\r\n'.join(f'X-{n}: y' for n in range(100)),
                    'empty line by LF': 'X: y\n\nGET @PATH@ HTTP/1.1'}.items():
    row(f'header, {what}', REFUSED, request(N, field))
row('header, ten thousand', REFUSED, request(N, *(f'X-{n}: y' for n in range(10000))))
row('header, empty value', ONE, request(N, 'X-Empty:'))
row('header, high byte in a value', ONE, request(N, 'X-Name: caf\xe9'))
row('header, head ends by LF LF', REFUSED, b'GET @PATH@ HTTP/1.1\nHost: @HOST@\n\n' + H)
row('header, head ends by CR CR', REFUSED, b'GET @PATH@ HTTP/1.1\rHost: @HOST@\r\r' + H)
row('header, head never ends', REFUSED, b'GET @PATH@ HTTP/1.1\r\nHost: @HOST@\r\nX: y')
for name in ('Authorization: Bearer @KEY@', JSON + '\r\n' + JSON, 'Idempotency-Key: a\r\nIdempotency-Key: b',
             'Expect: 100-continue\r\nExpect: 100-continue',
             'Wechatpay-Serial: a\r\nWechatpay-Serial: b'):
    row(f'header twice, {name.split(":")[0]}', REFUSED, request(N, name))

# --- Expect, Upgrade, Connection, what proxies believe ---

for value in ('200-ok', '100-continue, 100-continue', 'x 100-continue', '100-continue;a=b', ''):
    row(f'Expect {value or "empty"}', REFUSED, request(N, f'Expect: {value}'))
row('Connection: @@@', REFUSED, request(N, 'Connection: @@@'))
row('Expect 100-continue', ONE, request(N, 'Expect: 100-continue'))
row('Expect 100-Continue on GET', TWO, get('Expect: 100-Continue'))
row('Expect on HTTP/1.0', ONE, request(N, 'Expect: 100-continue', line='POST @PATH@ HTTP/1.0'))
row('Expect and chunked', REFUSED, request(TE, 'Expect: 100-continue', body=CHUNK))
for field in ('Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings',
              'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: Upgrade',
              'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
              'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 777',
              'Upgrade: TLS/1.0\r\nConnection: Upgrade', 'Connection: Authorization', 'Connection: X-Request-Id',
              'Connection: Content-Length', 'Connection: Host', 'Connection: Transfer-Encoding',
              'Connection: close, keep-alive', 'Connection: keep-alive, close',
              'Proxy-Connection: keep-alive', 'Keep-Alive: timeout=999, max=999', 'Max-Forwards: 0',
              'Range: bytes=0-1', 'X-HTTP-Method-Override: DELETE',
              'X-HTTP-Method: DELETE', 'X-Method-Override: GET', 'X-Forwarded-For: 127.0.0.1',
              'X-Forwarded-For: ' + '1.1.1.1, ' * 300, 'X-Forwarded-For: a, , "b\r\nX-Forwarded-For: ::1',
              'X-Real-IP: 127.0.0.1', 'Forwarded: for=127.0.0.1;host=other', 'X-Original-URL: /metrics',
              'X-Rewrite-URL: /metrics', 'X-Accel-Redirect: /metrics', 'X-Request-Id: second',
              'Cookie: a=' + 'b' * 4000, 'Via: ' + '1.1 x, ' * 400, 'Proxy: http://127.0.0.1',
              'X-Accel-Buffering: yes'):
    row(field.replace('\r\n', ' | ')[:60], ONE, request(N, field))
