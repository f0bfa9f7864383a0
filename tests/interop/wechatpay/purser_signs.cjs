// The other way round: `purser serve` is the merchant. A relay between it and the sandbox keeps what it sends; the SDKs
// judge the signatures: by verifying them, and by signing the same lines themselves. RSA PKCS#1 v1.5 is deterministic,
// so theirs and ours have to be the same bytes.
'use strict';
const http = require('node:http');
const { spawn } = require('node:child_process');
const { join } = require('node:path');
const { randomUUID, X509Certificate } = require('node:crypto');
const { Rsa, Formatter } = require('wechatpay-axios-plugin');
const WxPay = require('wechatpay-node-v3');
const { assert, check, control, credentials: c, run } = require('./harness.cjs');

const work = process.env.SANDBOX_WORK;
const API_KEY = 'sk_test_0123456789abcdefghijklmn';
const sent = [];
const answered = [];

const relay = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    sent.push({ method: request.method, url: request.url, headers: request.headers, body: body.toString('utf8') });
    const { hostname, port } = new URL(c.base_url);
    const headers = { ...request.headers, connection: 'close' };
    const onward = http.request({ hostname, port, method: request.method, path: request.url, headers }, (reply) => {
      answered.push(reply.statusCode);
      response.writeHead(reply.statusCode, reply.headers);
      reply.pipe(response);
    });
    onward.end(body);
  });
});

let daemon;
let url;

async function start() {
  await new Promise((done) => relay.listen(0, '127.0.0.1', done));
  const settings = {
    'wechat.base_url': `http://127.0.0.1:${relay.address().port}`,
    'wechat.mchid': c.mchid,
    'wechat.appid': c.appid,
    'wechat.merchant_serial': c.merchant_serial,
    'wechat.public_key_id': c.public_key_id,
    'wechat.public_key_file': join(process.env.SANDBOX_CREDENTIALS, 'platform_public_key.pem'),
    'wechat.platform_certificate_file': join(process.env.SANDBOX_CREDENTIALS, 'platform_cert.pem'),
    'database.url': `sqlite://${join(work, 'purser.db')}`,
    'server.listen': '127.0.0.1:0',
    'server.admin_listen': '127.0.0.1:0',
  };
  const words = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const env = {
    ...process.env,
    PURSER_WECHAT_MERCHANT_KEY_PEM_FILE: join(process.env.SANDBOX_CREDENTIALS, 'merchant_key.pem'),
    PURSER_WECHAT_APIV3_KEY_FILE: join(process.env.SANDBOX_CREDENTIALS, 'apiv3.key'),
    PURSER_API_KEYS: `main:${API_KEY}`,
  };
  daemon = spawn(process.env.PURSER, ['serve', ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  daemon.stderr.on('data', (part) => { errors += part; });
  url = await new Promise((done, fail) => {
    let out = '';
    daemon.stdout.on('data', (part) => {
      out += part;
      const ready = /^ready (\S+)/m.exec(out);
      if (ready) done(ready[1]);
    });
    daemon.on('exit', () => fail(new Error(`purser serve ended: ${errors.slice(-2000)}`)));
  });
}

function stop() {
  if (daemon) {
    daemon.removeAllListeners('exit');
    daemon.kill('SIGTERM');
  }
  relay.closeAllConnections();
  relay.close();
}

async function call(path, body) {
  const headers = { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() };
  const reply = await fetch(url + path, body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers });
  const answer = await reply.json();
  assert.ok(reply.ok, `${path}: ${JSON.stringify(answer)}`);
  return answer;
}

const merchant = new X509Certificate(c.merchantCertificate).publicKey.export({ type: 'spki', format: 'pem' });
const sdk = new WxPay({
  appid: c.appid,
  mchid: c.mchid,
  publicKey: Buffer.from(c.merchantCertificate),
  privateKey: Buffer.from(c.merchantKey),
});

async function until(what, holds) {
  for (let i = 0; i < 200; ++i) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`never: ${what}`);
}

let card;
let intent;

check('a conversation orders, is paid and is refunded over the SDK-judged wire', async () => {
  const thread = await call('/v1/threads', { user: { id: 'u1', openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' } });
  const turn = await call(`/v1/threads/${thread.id}/turns`, { text: '来两包龙井茶' });
  card = turn.reply.cards.find((each) => each.type === 'payment_request');
  [intent] = turn.intents;
  await control('/sandbox/pay', { out_trade_no: intent.order.out_trade_no });
  await until('paid', async () => (await call(`/v1/intents/${intent.id}`)).state === 'succeeded');
  await until('answered', async () => (await call(`/v1/threads/${thread.id}`)).state === 'idle');
  const back = await call(`/v1/threads/${thread.id}/turns`, { text: '有一包破了，请退一包龙井茶' });
  assert.equal(back.refunds.length, 1, JSON.stringify(back));
  await until('refunded', async () => (await call(`/v1/intents/${intent.id}`)).refunded > 0);
});

check('each request of purser verifies with wechatpay-axios-plugin', async () => {
  assert.ok(sent.length >= 2, `only ${sent.length} requests were seen`);
  for (const { method, url: target, headers, body } of sent) {
    const said = Object.fromEntries([...headers.authorization.matchAll(/(\w+)="([^"]*)"/g)].map(([, k, v]) => [k, v]));
    const lines = Formatter.request(method, target, said.timestamp, said.nonce_str, body);
    assert.ok(Rsa.verify(lines, said.signature, merchant), `${method} ${target}`);
    assert.equal(Formatter.authorization(c.mchid, said.nonce_str, said.signature, said.timestamp, said.serial_no)
      .split(' ')[0], headers.authorization.split(' ')[0]);
  }
});

check('wechatpay-node-v3 signs the same lines to the same bytes', async () => {
  for (const { method, url: target, headers, body } of sent) {
    const said = Object.fromEntries([...headers.authorization.matchAll(/(\w+)="([^"]*)"/g)].map(([, k, v]) => [k, v]));
    const theirs = sdk.getSignature(method, said.nonce_str, said.timestamp, target, body || undefined);
    assert.equal(said.signature, theirs, `${method} ${target}`);
  }
});

check('the pay-sign of the card verifies and is what wechatpay-node-v3 would hand out', async () => {
  const { timeStamp, nonceStr, package: prepay, paySign } = card.confirmation;
  const lines = Formatter.joinedByLineFeed(c.appid, timeStamp, nonceStr, prepay);
  assert.ok(Rsa.verify(lines, paySign, merchant));
  assert.equal(sdk.sign([c.appid, timeStamp, nonceStr, prepay, ''].join('\n')), paySign);
});

check('the rail refused nothing', async () => {
  assert.deepEqual(answered.filter((status) => status >= 400), []);
});

start().then(() => run('purser as merchant')).catch((error) => {
  console.log(`FAIL purser as merchant: ${error.stack}`);
  process.exitCode = 1;
}).finally(stop);
