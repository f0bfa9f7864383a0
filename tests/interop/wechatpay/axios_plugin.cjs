// npm wechatpay-axios-plugin: it verifies each answer by itself and refuses what does not hold.
'use strict';
const { Wechatpay, Rsa, Aes, Formatter } = require('wechatpay-axios-plugin');
const { assert, check, control, credentials: c, number, Receiver, run } = require('./harness.cjs');

const hooks = new Receiver();
const keys = { [c.platform_serial]: c.platformCertificate, [c.public_key_id]: c.platformPublicKey };

function client(serial) {
  return new Wechatpay({
    mchid: c.mchid,
    serial: c.merchant_serial,
    privateKey: c.merchantKey,
    certs: { [serial]: keys[serial] },
    baseURL: c.base_url,
    headers: { 'Wechatpay-Serial': serial },
  });
}

const order = (extra) => ({
  mchid: c.mchid,
  appid: c.appid,
  description: '深圳腾大-QQ公仔',
  notify_url: hooks.url,
  amount: { total: 1299, currency: 'CNY' },
  ...extra,
});

// The way the plugin's own documentation reads a webhook.
function open(hook) {
  const { headers, body } = hook;
  const serial = headers['wechatpay-serial'];
  assert.ok(keys[serial], `signed by ${serial}`);
  const message = Formatter.joinedByLineFeed(headers['wechatpay-timestamp'], headers['wechatpay-nonce'], body);
  assert.ok(Rsa.verify(message, headers['wechatpay-signature'], keys[serial]), 'the signature holds');
  assert.ok(!Rsa.verify(message.replace('encrypt', 'Encrypt'), headers['wechatpay-signature'], keys[serial]));
  const event = JSON.parse(body);
  const { nonce, ciphertext, associated_data: aad } = event.resource;
  return { event, plain: JSON.parse(Aes.AesGcm.decrypt(ciphertext, c.apiv3Key, nonce, aad)) };
}

async function refusal(call) {
  const error = await call.then(() => assert.fail('it was accepted'), (e) => e);
  assert.ok(error.response, error.message);
  return error.response;
}

function whole(mode, serial) {
  const wx = client(serial);
  const transactions = wx.v3.pay.transactions;

  check(`${mode}: native, query, close, closed for good`, async () => {
    const out_trade_no = number('ax');
    const body = order({ out_trade_no });
    const placed = await transactions.native.post(body);
    assert.match(placed.data.code_url, /^weixin:\/\/wxpay\/bizpayurl\?pr=/);
    const again = await transactions.native.post(body);
    assert.ok(again.data.code_url, 'the same parameters are taken again');
    const other = await refusal(transactions.native.post({ ...body, description: 'x' }));
    assert.deepEqual([other.status, other.data.code], [400, 'INVALID_REQUEST']);
    const asked = await transactions.outTradeNo['{out_trade_no}'].get({ params: { mchid: c.mchid }, out_trade_no });
    assert.equal(asked.data.trade_state, 'NOTPAY');
    assert.equal(asked.headers['wechatpay-serial'], serial);
    const closed = await transactions.outTradeNo['{out_trade_no}'].close.post({ mchid: c.mchid }, { out_trade_no });
    assert.equal(closed.status, 204);
    const gone = await transactions.outTradeNo['{out_trade_no}'].get({ params: { mchid: c.mchid }, out_trade_no });
    assert.equal(gone.data.trade_state, 'CLOSED');
    const late = await refusal(transactions.native.post(body));
    assert.equal(late.data.code, 'ORDER_CLOSED');
  });

  check(`${mode}: jsapi, paid, webhook, refund, webhook`, async () => {
    const out_trade_no = number('ax');
    const out_refund_no = number('axr');
    const openid = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o';
    const placed = await transactions.jsapi.post(order({ out_trade_no, payer: { openid }, attach: '自定义数据' }));
    assert.match(placed.data.prepay_id, /^wx/);
    await control('/sandbox/pay', { out_trade_no });
    const { event, plain } = open(await hooks.next());
    assert.equal(event.event_type, 'TRANSACTION.SUCCESS');
    assert.deepEqual([plain.out_trade_no, plain.amount.total, plain.payer.openid], [out_trade_no, 1299, openid]);
    assert.equal(plain.attach, '自定义数据');
    const { transaction_id } = plain;
    const asked = await transactions.id['{transaction_id}'].get({ params: { mchid: c.mchid }, transaction_id });
    assert.equal(asked.data.trade_state, 'SUCCESS');
    const made = await wx.v3.refund.domestic.refunds.post({
      out_trade_no,
      out_refund_no,
      reason: '商品已售完',
      notify_url: hooks.url,
      amount: { refund: 299, total: 1299, currency: 'CNY' },
    });
    assert.equal(made.data.status, 'PROCESSING');
    const back = open(await hooks.next());
    assert.equal(back.event.event_type, 'REFUND.SUCCESS');
    assert.deepEqual([back.plain.out_refund_no, back.plain.amount.refund], [out_refund_no, 299]);
    const refund = await wx.v3.refund.domestic.refunds['{out_refund_no}'].get({ out_refund_no });
    assert.deepEqual([refund.data.status, refund.data.amount.refund], ['SUCCESS', 299]);
    const state = await transactions.outTradeNo['{out_trade_no}'].get({ params: { mchid: c.mchid }, out_trade_no });
    assert.equal(state.data.trade_state, 'REFUND');
    const much = await refusal(wx.v3.refund.domestic.refunds.post({
      out_trade_no,
      out_refund_no: number('axr'),
      amount: { refund: 1299, total: 1299, currency: 'CNY' },
    }));
    assert.equal(much.status, 400);
  });

  check(`${mode}: app and h5`, async () => {
    const app = await transactions.app.post(order({ out_trade_no: number('ax') }));
    assert.match(app.data.prepay_id, /^wx/);
    const scene_info = { payer_client_ip: '14.23.150.211', h5_info: { type: 'Wap' } };
    const h5 = await transactions.h5.post(order({ out_trade_no: number('ax'), scene_info }));
    assert.match(h5.data.h5_url, /^https:/);
  });

  check(`${mode}: an unsigned answer is refused by the plugin`, async () => {
    await control('/sandbox/faults', [{ call: 'create', what: 'unsigned' }]);
    const error = await transactions.native.post(order({ out_trade_no: number('ax') })).then(() => null, (e) => e);
    assert.match(String(error && error.code), /EV3_RES_HEADERS/);
    await control('/sandbox/faults', [{ call: 'create', what: 'bad_signature' }]);
    const wrong = await transactions.native.post(order({ out_trade_no: number('ax') })).then(() => null, (e) => e);
    assert.match(String(wrong && wrong.code), /EV3_RES_HEADER_SIGNATURE/);
    await control('/sandbox/faults', []);
  });

  check(`${mode}: security echo and its webhook`, async () => {
    const told = await wx.v3.security.echo.post({
      notify_url: hooks.url,
      echo_message: 'hello',
      encrypted_echo_message: Rsa.encrypt('hello', keys[serial]),
    });
    assert.equal(told.data.echo_message, 'hello');
    const { event, plain } = open(await hooks.next());
    assert.deepEqual([event.event_type, plain.echo_message], ['SECURITY_ECHO.SUCCESS', 'hello']);
  });
}

whole('certificate', c.platform_serial);
whole('public key', c.public_key_id);

check('the certificate list decrypts to the platform certificate', async () => {
  const wx = client(c.platform_serial);
  const { data } = await wx.v3.certificates.get();
  const { serial_no, encrypt_certificate: { nonce, ciphertext, associated_data } } = data.data[0];
  assert.equal(serial_no, c.platform_serial);
  assert.equal(Aes.AesGcm.decrypt(ciphertext, c.apiv3Key, nonce, associated_data), c.platformCertificate);
});

check('a trade bill of yesterday balances', async () => {
  await control('/sandbox/clock', { advance: '34h' });
  const wx = client(c.platform_serial);
  const orders = (await control('/sandbox/orders')).effects;
  const china = (at) => new Date(new Date(at).getTime() + 8 * 3600e3).toISOString().slice(0, 10);
  const bill_date = china(orders[0].at);
  const { data } = await wx.v3.bill.tradebill.get({ params: { bill_date, bill_type: 'ALL', tar_type: 'GZIP' } });
  const { pathname, search } = new URL(data.download_url);
  const token = new URLSearchParams(search).get('token');
  const file = await wx.v3.billdownload.file.get({ params: { token }, responseType: 'arraybuffer', transformResponse: [] });
  assert.equal(pathname, '/v3/billdownload/file');
  const text = require('node:zlib').gunzipSync(file.data);
  assert.equal(require('node:crypto').createHash('sha1').update(text).digest('hex'), data.hash_value);
  const { rows, summary } = Formatter.castCsvBill(text);
  const fen = (yuan) => Math.round(Number(yuan) * 100);
  const day = orders.filter((e) => china(e.at) === bill_date);
  const sum = (kind) => day.filter((e) => e.kind === kind).reduce((s, e) => s + e.fen, 0);
  assert.equal(rows.length, day.length);
  assert.equal(fen(summary['应结订单总金额']), sum('capture'));
  assert.equal(fen(summary['退款总金额']), sum('refund'));
});

hooks.start().then(() => run('wechatpay-axios-plugin')).finally(() => hooks.stop());
