// Webhooks to the tenant's own server, verified by the library that Standard Webhooks publishes.
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { check, startPurser } from './purser.mjs'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const older = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX'

// Refuses the first request, as a server that is being restarted, and takes all others.
async function receiver() {
  const got = []
  const server = createServer((request, answer) => {
    let body = ''
    request.on('data', (piece) => (body += piece))
    request.on('end', () => {
      got.push({ headers: request.headers, body, path: request.url })
      answer.writeHead(got.length === 1 ? 503 : 204).end()
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { got, url: `http://127.0.0.1:${server.address().port}/hooks?from=purser`, stop: () => server.close() }
}

const folder = mkdtempSync(join(tmpdir(), 'purser-hooks-'))
const file = join(folder, 'endpoints.json')
const shop = await receiver()
writeFileSync(file, JSON.stringify({
  endpoints: [{ id: 'shop', tenant: 'default', url: shop.url, secret, previous_secret: older }],
}))
chmodSync(file, 0o600)
const purser = await startPurser(`webhooks.endpoints_file=${file}`)
await check('standardwebhooks', {
  async 'verifies what a purchase tells, each event once its receiver took it'() {
    const post = async (path, body, key) => (await fetch(purser.url + path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${purser.key}`, 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify(body),
    })).json()
    const thread = await post('/v1/threads', { user: { id: 'hook' }, locale: 'en' }, 'k1')
    const turn = await post(`/v1/threads/${thread.id}/turns`, { text: 'Two packs of Longjing tea, please.' }, 'k2')
    await purser.pay(turn.intents[0].order.out_trade_no)
    const seen = new Map()
    for (let tries = 0; tries < 1000 && !(seen.has('intent.created') && seen.has('intent.succeeded')); ++tries) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      // The refused first one comes again after five seconds.
      for (const { headers, body } of shop.got.slice(1)) {
        for (const key of [secret, older]) new Webhook(key).verify(body, headers)
        seen.set(JSON.parse(body).type, { headers, body })
      }
    }
    assert.ok(seen.has('intent.created') && seen.has('intent.succeeded'), [...seen.keys()].join())
    const paid = JSON.parse(seen.get('intent.succeeded').body)
    assert.equal(paid.data.payment_intent, turn.intents[0].id)
    assert.equal(paid.data.thread_id, thread.id)
    assert.equal(paid.data.state, 'succeeded')
    assert.equal(shop.got[0].path, '/hooks?from=purser')
    const again = shop.got.filter((one) => one.headers['webhook-id'] === shop.got[0].headers['webhook-id'])
    assert.equal(again.length, 2)
    assert.equal(again[0].body, again[1].body)
    const { headers, body } = seen.get('intent.succeeded')
    assert.throws(() => new Webhook(secret).verify(body.replace('succeeded', 'failed'), headers))
    assert.throws(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'evt_other' }))
  },
})
await purser.stop()
shop.stop()
rmSync(folder, { recursive: true, force: true })
