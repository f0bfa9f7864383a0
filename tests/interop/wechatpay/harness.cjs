// What the scripts here share: the sandbox's credentials, its control, a receiver of webhooks, and a list of checks.
'use strict';
const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const { join } = require('node:path');
const { randomBytes } = require('node:crypto');

const folder = process.env.SANDBOX_CREDENTIALS;
const file = (name) => readFileSync(join(folder, name), 'utf8');
const about = JSON.parse(file('sandbox.json'));

const credentials = {
  ...about,
  apiv3Key: file('apiv3.key'),
  merchantKey: file('merchant_key.pem'),
  merchantCertificate: file('merchant_cert.pem'),
  platformCertificate: file('platform_cert.pem'),
  platformPublicKey: file('platform_public_key.pem'),
};

async function control(path, body) {
  const reply = await fetch(about.base_url + path, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
  const answer = await reply.json();
  assert.equal(reply.status, 200, `${path}: ${JSON.stringify(answer)}`);
  return answer;
}

// Collects webhooks as they come off the wire and answers 204.
class Receiver {
  #waiting = [];
  #arrived = [];

  async start() {
    this.server = http.createServer((request, response) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        response.writeHead(204).end();
        const hook = { headers: request.headers, body: Buffer.concat(parts).toString('utf8') };
        const waiter = this.#waiting.shift();
        if (waiter) waiter(hook);
        else this.#arrived.push(hook);
      });
    });
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${this.server.address().port}/notify`;
  }

  async next() {
    if (this.#arrived.length > 0) return this.#arrived.shift();
    let timer;
    const late = new Promise((_, fail) => {
      timer = setTimeout(() => fail(new Error('no webhook within 20 s')), 20000);
    });
    const hook = await Promise.race([new Promise((done) => this.#waiting.push(done)), late]);
    clearTimeout(timer);
    return hook;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const checks = [];
const check = (name, run) => checks.push({ name, run });

// Runs the checks one after the other; the process fails when one did.
async function run(suite) {
  let failed = 0;
  for (const { name, run: body } of checks) {
    try {
      await body();
      console.log(`ok   ${suite}: ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${suite}: ${name}\n     ${error.stack}`);
    }
  }
  process.exitCode = failed > 0 ? 1 : 0;
}

const number = (prefix) => `${prefix}${randomBytes(10).toString('hex')}`;

module.exports = { assert, check, control, credentials, number, Receiver, run };
