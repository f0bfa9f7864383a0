// npm wechatpay-node-v3. The address of the rail is written into it, so its HTTP service is wrapped to dial the sandbox;
// signing, the certificate download, verification and decryption are its own.
'use strict';
const WxPay = require('wechatpay-node-v3');
const { PayRequest } = require('wechatpay-node-v3/dist/lib/pay-request.js');
const { assert, check, control, credentials: c, number, Receiver, run } = require('./harness.cjs');

const hooks = new Receiver();
const real = new PayRequest();
const here = (url) => url.replace('https://api.mch.weixin.qq.com', c.base_url);

const pay = new WxPay({
  appid: c.appid,
  mchid: c.mchid,
  publicKey: Buffer.from(c.merchantCertificate),
  privateKey: Buffer.from(c.merchantKey),
  key: c.apiv3Key,
});
pay.createHttp({
  get: (url, headers) => real.get(here(url), headers),
  post: (url, params, headers) => real.post(here(url), params, headers),
});

const order = (extra) => ({
  description: 'Image形象店-深圳腾大-QQ公仔',
  notify_url: hooks.url,
  amount: { total: 880 },
  ...extra,
});

async function open({ headers, body }) {
  const signature = {
    timestamp: headers['wechatpay-timestamp'],
    nonce: headers['wechatpay-nonce'],
    serial: headers['wechatpay-serial'],
    signature: headers['wechatpay-signature'],
  };
  assert.equal(await pay.verifySign({ ...signature, body }), true, 'the signature holds');
  assert.equal(await pay.verifySign({ ...signature, body: body.replace('encrypt', 'Encrypt') }), false);
  const event = JSON.parse(body);
  const { ciphertext, associated_data, nonce } = event.resource;
  return { event, plain: pay.decipher_gcm(ciphertext, associated_data, nonce) };
}

check('the serial number read from the certificate is the one the sandbox names', async () => {
  assert.equal(pay.getSN().toUpperCase(), c.merchant_serial);
});

check('the certificates are downloaded and decrypted', async () => {
  const list = await pay.get_certificates(c.apiv3Key);
  assert.deepEqual(list.map((entry) => entry.serial_no), [c.platform_serial]);
  assert.match(list[0].publicKey, /BEGIN PUBLIC KEY/);
});

check('native, query, close', async () => {
  const out_trade_no = number('nv');
  const placed = await pay.transactions_native(order({ out_trade_no }));
  assert.equal(placed.status, 200, JSON.stringify(placed));
  assert.match(placed.data.code_url, /^weixin:/);
  const asked = await pay.query({ out_trade_no });
  assert.equal(asked.data.trade_state, 'NOTPAY');
  assert.equal((await pay.close(out_trade_no)).status, 204);
  assert.equal((await pay.query({ out_trade_no })).data.trade_state, 'CLOSED');
});

check('jsapi, paid, webhook, refund, webhook', async () => {
  const out_trade_no = number('nv');
  const out_refund_no = number('nvr');
  const placed = await pay.transactions_jsapi(order({ out_trade_no, payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' } }));
  assert.match(placed.data.package, /^prepay_id=wx/);
  await control('/sandbox/pay', { out_trade_no });
  const paid = await open(await hooks.next());
  assert.deepEqual([paid.event.event_type, paid.plain.amount.total], ['TRANSACTION.SUCCESS', 880]);
  const { transaction_id } = paid.plain;
  assert.equal((await pay.query({ transaction_id })).data.out_trade_no, out_trade_no);
  const amount = { refund: 80, total: 880, currency: 'CNY' };
  const made = await pay.refunds({ out_trade_no, out_refund_no, amount, notify_url: hooks.url });
  assert.equal(made.status, 200, JSON.stringify(made));
  const back = await open(await hooks.next());
  assert.deepEqual([back.event.event_type, back.plain.amount.refund], ['REFUND.SUCCESS', 80]);
  assert.equal((await pay.find_refunds(out_refund_no)).data.status, 'SUCCESS');
});

check('app and h5', async () => {
  const app = await pay.transactions_app(order({ out_trade_no: number('nv') }));
  assert.match(app.data.prepayid, /^wx/, JSON.stringify(app));
  const scene_info = { payer_client_ip: '14.23.150.211', h5_info: { type: 'Wap' } };
  const h5 = await pay.transactions_h5(order({ out_trade_no: number('nv'), scene_info }));
  assert.match(h5.data.h5_url, /^https:/, JSON.stringify(h5));
});

check('a wrong key is told so', async () => {
  const other = new WxPay({
    appid: c.appid,
    mchid: c.mchid,
    publicKey: Buffer.from(c.merchantCertificate),
    privateKey: require('node:crypto')
      .generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' }),
  });
  other.createHttp(pay.httpService);
  const refused = await other.query({ out_trade_no: number('nv') });
  assert.equal(refused.status, 401);
  const told = JSON.parse(refused.error);
  assert.equal(told.code, 'SIGN_ERROR');
  assert.match(told.detail.sign_information.truncated_sign_message, /^GET\n\/v3\/pay\/transactions\/out-trade-no\//);
});

hooks.start().then(() => run('wechatpay-node-v3')).finally(() => hooks.stop());
