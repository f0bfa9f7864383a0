"""PyPI wechatpayv3 in both key modes. The address of the rail is written into it, so `requests` is led to the sandbox;
signing, the certificate download, verification, decryption and the encryption of names are its own."""
import datetime
import gzip
import hashlib
import http.server
import json
import os
import queue
import secrets
import sys
import threading
import traceback
import urllib.request

import requests
from wechatpayv3 import WeChatPay, WeChatPayType

FOLDER = os.environ['SANDBOX_CREDENTIALS']


def file(name):
    with open(os.path.join(FOLDER, name), encoding='utf-8') as f:
        return f.read()


ABOUT = json.loads(file('sandbox.json'))
RAIL = 'https://api.mch.weixin.qq.com'
OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'

_send = requests.sessions.Session.request
requests.sessions.Session.request = lambda self, method, url, **rest: _send(
    self, method, url.replace(RAIL, ABOUT['base_url']), **rest)

arrived = queue.Queue()


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length'])).decode()
        self.send_response(204)
        self.end_headers()
        arrived.put((dict(self.headers), body))

    def log_message(self, *_):
        pass


def control(path, body):
    request = urllib.request.Request(ABOUT['base_url'] + path, json.dumps(body).encode(), method='POST')
    return json.load(urllib.request.urlopen(request))


def number(prefix):
    return prefix + secrets.token_hex(10)


def merchant(notify_url, **keys):
    return WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE, mchid=ABOUT['mchid'], private_key=file('merchant_key.pem'),
        cert_serial_no=ABOUT['merchant_serial'], apiv3_key=file('apiv3.key'), appid=ABOUT['appid'],
        notify_url=notify_url, **keys)


def said(answer, status=200):
    code, text = answer
    assert code == status, (code, text)
    return json.loads(text) if text else {}


def place_query_close(pay):
    out_trade_no = number('py')
    placed = said(pay.pay(description='QQ公仔', out_trade_no=out_trade_no, amount={'total': 100}))
    assert placed['code_url'].startswith('weixin:')
    assert said(pay.query(out_trade_no=out_trade_no))['trade_state'] == 'NOTPAY'
    said(pay.close(out_trade_no), 204)
    assert said(pay.query(out_trade_no=out_trade_no))['trade_state'] == 'CLOSED'


def pay_and_refund(pay):
    out_trade_no, out_refund_no = number('py'), number('pyr')
    detail = {'cost_price': 300, 'goods_detail': [{'merchant_goods_id': 'A-1', 'quantity': 1, 'unit_price': 300}]}
    said(pay.pay(description='QQ公仔', out_trade_no=out_trade_no, amount={'total': 300}, payer={'openid': OPENID},
                 detail=detail, pay_type=WeChatPayType.JSAPI))
    control('/sandbox/pay', {'out_trade_no': out_trade_no})
    headers, body = arrived.get(timeout=20)
    event = pay.callback(headers, body)
    assert event['event_type'] == 'TRANSACTION.SUCCESS' and event['resource']['amount']['total'] == 300, event
    assert pay.callback(headers, body.replace('encrypt', 'Encrypt')) is None
    transaction_id = event['resource']['transaction_id']
    assert said(pay.query(transaction_id=transaction_id))['out_trade_no'] == out_trade_no
    goods = [{'merchant_goods_id': 'A-1', 'unit_price': 300, 'refund_amount': 100, 'refund_quantity': 1}]
    said(pay.refund(out_refund_no=out_refund_no, amount={'refund': 100, 'total': 300, 'currency': 'CNY'},
                    out_trade_no=out_trade_no, goods_detail=goods, notify_url=pay._notify_url))
    headers, body = arrived.get(timeout=20)
    event = pay.callback(headers, body)
    assert event['event_type'] == 'REFUND.SUCCESS' and event['resource']['amount']['refund'] == 100, event
    assert said(pay.query_refund(out_refund_no))['status'] == 'SUCCESS'


def abnormal_refund(pay):
    out_trade_no, out_refund_no = number('py'), number('pyr')
    said(pay.pay(description='x', out_trade_no=out_trade_no, amount={'total': 300}, payer={'openid': OPENID},
                 pay_type=WeChatPayType.JSAPI))
    control('/sandbox/pay', {'out_trade_no': out_trade_no})
    arrived.get(timeout=20)
    control('/sandbox/faults', [{'call': 'refund', 'what': 'abnormal'}])
    made = said(pay.refund(out_refund_no=out_refund_no, amount={'refund': 300, 'total': 300, 'currency': 'CNY'},
                           out_trade_no=out_trade_no, notify_url=pay._notify_url))
    headers, body = arrived.get(timeout=20)
    assert pay.callback(headers, body)['event_type'] == 'REFUND.ABNORMAL'
    mended = said(pay.abnormal_refund(refund_id=made['refund_id'], out_refund_no=out_refund_no, type='USER_BANK_CARD',
                                      bank_type='ICBC_DEBIT', bank_account='6212345678901234567', real_name='张三'))
    assert mended['status'] == 'PROCESSING', mended
    headers, body = arrived.get(timeout=20)
    event = pay.callback(headers, body)
    assert event['event_type'] == 'REFUND.SUCCESS', event


def bill(pay):
    now = datetime.datetime.fromisoformat(control('/sandbox/clock', {'advance': '34h'})['now'].replace('Z', '+00:00'))
    china = now.astimezone(datetime.timezone(datetime.timedelta(hours=8)))
    date = (china - datetime.timedelta(hours=34)).date().isoformat()
    told = said(pay.fundflow_bill(date))
    code, content = pay.download_bill(told['download_url'].replace(ABOUT['base_url'], RAIL))
    assert code == 200
    text = gzip.decompress(content)
    assert hashlib.sha1(text).hexdigest() == told['hash_value']


def main():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = 'http://127.0.0.1:%d/notify' % server.server_address[1]
    public = {'public_key': file('platform_public_key.pem'), 'public_key_id': ABOUT['public_key_id']}
    failed = 0
    for mode, keys in (('certificate', {}), ('public key', public)):
        for step in (place_query_close, pay_and_refund, abnormal_refund, bill):
            try:
                step(merchant(url, **keys))
                print('ok   wechatpayv3: %s: %s' % (mode, step.__name__))
            except Exception:
                failed += 1
                print('FAIL wechatpayv3: %s: %s\n%s' % (mode, step.__name__, traceback.format_exc()))
    server.shutdown()
    sys.exit(failed > 0)


main()
