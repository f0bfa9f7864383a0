// Conversations with purser while a mock provider plays the model: a sensible one, one whose provider breaks at every
// third request, and one that asks for any tool with any valid arguments. Whatever the model does, the rail holds exactly
// what the customer paid, and nothing goes back that was not paid.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LLMock } from '@copilotkit/aimock'
import { startPurser } from './purser.mjs'

const longjing = { sku: 'tea-longjing-100g', price: 8800 }

// Rises by itself, so that a failure can be repeated.
function chance(seed) {
  return (below) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return Math.floor(seed / 65536) % below
  }
}

const ask = (name, args) => ({ toolCalls: [{ name, arguments: JSON.stringify(args) }] })

// What a model that understands the shop would do next.
function sensible(request) {
  const messages = request.messages
  const from = messages.findLastIndex((m) => m.role === 'user')
  const said = String(messages[from].content)
  const results = messages.slice(from).filter((m) => m.role === 'tool').map((m) => JSON.parse(m.content))
  if (said.startsWith('[payment-system notice]')) return { content: 'Your payment has arrived. Thank you!' }
  if (!request.tools?.length) return { content: 'How can I help?' }
  if (/buy|packs/.test(said)) {
    if (results.length === 0) return ask('search_catalogue', { query: 'Longjing' })
    if (results.length === 1) {
      const item = results[0].items.find((one) => one.sku === longjing.sku)
      return ask('create_payment_intent', { lines: [{ sku: item.sku, quantity: 2, unit_price_fen: item.unit_price_fen }] })
    }
    return { content: 'Please pay with the card.' }
  }
  if (/refund/.test(said)) {
    if (results.length === 0) return ask('query_payment', {})
    if (results.length === 1) {
      const [payment] = results[0].payments
      return ask('refund', { refunds: [{ payment_intent: payment.payment_intent, reason: 'one pack too many',
        lines: [{ sku: longjing.sku, quantity: 1 }] }] })
    }
    return { content: 'The refund is on its way.' }
  }
  return { content: 'All right.' }
}

// Any tool, any arguments its schema lets through, and now and then the ids and amounts it has seen.
function reckless(random) {
  return (request) => {
    const tools = request.tools ?? []
    if (tools.length === 0 || random(6) === 0) return { content: 'You have paid, and 500 yuan are on their way back.' }
    const seen = JSON.stringify(request.messages).match(/pi_[0-9A-Za-z]+/g) ?? ['pi_000000000000000000000000']
    const intent = seen[random(seen.length)]
    const skus = ['tea-longjing-100g', 'cup-celadon', 'teapot-zisha', 'no-such-sku']
    const line = () => ({ sku: skus[random(skus.length)], quantity: 1 + random(200) })
    const wild = {
      search_catalogue: () => ({ query: 'tea' }),
      query_payment: () => (random(2) ? {} : { payment_intent: intent }),
      cancel_payment: () => (random(2) ? {} : { payment_intent: intent }),
      create_payment_intent: () => ({ lines: [{ ...line(), unit_price_fen: [1, 8800, 4500, -1][random(4)] }] }),
      refund: () => ({ refunds: [{ payment_intent: intent, reason: 'because', ...[{ all: true },
        { amount_fen: [1, 8800, 17600, 50000, 99999999][random(5)] }, { lines: [line()] }][random(3)] }] }),
    }
    const name = tools[random(tools.length)].function.name
    return ask(name, wild[name]())
  }
}

class Customer {
  constructor(purser, name) { Object.assign(this, { purser, name, turns: 0 }) }

  async call(path, body) {
    const answer = await fetch(this.purser.url + path, {
      method: 'POST', body: JSON.stringify(body),
      headers: { Authorization: `Bearer ${this.purser.key}`, 'Content-Type': 'application/json',
        'Idempotency-Key': `${this.name}-${this.turns++}` },
    })
    const json = await answer.json()
    assert.ok(answer.ok, `${path}: ${answer.status} ${JSON.stringify(json)}`)
    return json
  }
  async begin() {
    const user = { id: this.name, openid: `o-${this.name}` }
    this.thread = (await this.call('/v1/threads', { user, locale: 'en' })).id
    return this
  }
  say(text) { return this.call(`/v1/threads/${this.thread}/turns`, { text }) }
  intent(id) { return this.purser.get(`/v1/intents/${id}`) }
  async pay(intent) {
    await this.purser.pay(intent.order.out_trade_no)
    await this.purser.spoke(this.thread, 'intent.succeeded')
  }
}

async function sells(purser, name) {
  const customer = await new Customer(purser, name).begin()
  const bought = await customer.say('Two packs of Longjing tea, please.')
  assert.equal(bought.intents.length, 1, JSON.stringify(bought))
  const [intent] = bought.intents
  assert.equal(intent.state, 'awaiting_payment')
  assert.equal(intent.amount.value, 2 * longjing.price)
  await customer.pay(intent)
  assert.equal((await customer.intent(intent.id)).state, 'succeeded')
  return { customer, intent }
}

// A models file that lets backends ask the tier directly.
function openModels(url) {
  const file = join(mkdtempSync(join(tmpdir(), 'purser-models-')), 'models.json')
  writeFileSync(file, JSON.stringify({ providers: { mock: { base_url: url } }, direct: true,
    models: { m: { provider: 'mock', id: 'gpt-4o-mini' } }, tiers: { fast: { models: ['m'] } } }))
  return `file://${file}`
}

let failed = 0
async function check(name, run, models = (url) => url) {
  const mock = new LLMock({ port: 0 })
  await mock.start()
  const purser = await startPurser(`llm.base_url=${models(`${mock.url}/v1`)}`)
  try {
    await run(mock, purser)
    console.log(`ok   llm: ${name}`)
  } catch (error) {
    failed += 1
    console.log(`FAIL llm: ${name}\n${error.stack}`)
  }
  await purser.stop()
  await mock.stop()
}

await check('a whole conversation, streamed with usage', async (mock, purser) => {
  mock.on({ predicate: () => true }, sensible)
  const { customer, intent } = await sells(purser, 'anna')
  const back = await customer.say('refund one pack')
  assert.equal(back.refunds.length, 1, JSON.stringify(back))
  await purser.spoke(customer.thread, 'refund.succeeded')
  assert.equal((await customer.intent(intent.id)).refunded, longjing.price)
  assert.ok(back.usage.input_tokens > 0)
  const asked = mock.getRequests().map((entry) => entry.body)
  assert.ok(asked.every((body) => body.stream === true && body.parallel_tool_calls !== true))
  assert.ok(!JSON.stringify(asked).includes('weixin://'), 'no way to pay passes through a model')
})

await check('a provider that breaks', async (mock, purser) => {
  mock.on({ predicate: () => true }, sensible)
  mock.setChaos({ dropRate: 0.15, malformedRate: 0.15, rateLimitRate: 0.1, disconnectRate: 0.15 })
  for (let i = 0; i < 4; ++i) {
    const { customer, intent } = await sells(purser, `ben${i}`)
    const row = await customer.intent(intent.id)
    assert.equal(row.refunded, 0)
  }
})

await check('a model that asks for anything', async (mock, purser) => {
  const random = chance(20261121)
  mock.on({ predicate: () => true }, reckless(random))
  for (let i = 0; i < 6; ++i) {
    const customer = await new Customer(purser, `cleo${i}`).begin()
    const paid = new Map()
    const known = new Set()
    for (const text of ['hello', 'a celadon cup please', 'refund it', 'cancel', 'my money back, all of it']) {
      const turn = await customer.say(text)
      for (const intent of turn.intents) known.add(intent.id)
      const open = turn.intents.find((intent) => intent.state === 'awaiting_payment')
      if (open && random(2)) {
        paid.set(open.id, open.amount.value)
        await customer.pay(open)
      }
    }
    for (const id of known) {
      const row = await customer.intent(id)
      const sum = row.lines.reduce((all, line) => all + line.quantity * line.unit_price, 0)
      assert.equal(row.amount.value, sum, 'the price is the catalogue\'s')
      assert.ok(row.refunded <= (paid.get(id) ?? 0), 'nothing goes back that was not paid')
      assert.equal(row.state === 'succeeded', paid.has(id), 'paid is what the customer paid')
    }
  }
  // The model is gone; the shop is not.
  mock.setChaos({ dropRate: 1 })
  await sells(purser, 'dora')
})

// What a provider said is recorded on its way through a second mock, and a third one says it again without the first.
await check('a recorded conversation, played again', async (upstream, purser) => {
  upstream.on({ predicate: () => true }, sensible)
  const folder = mkdtempSync(join(tmpdir(), 'purser-recorded-'))
  const sellsThrough = async (mock, name) => {
    await mock.start()
    const beside = await startPurser(`llm.base_url=${mock.url}/v1`)
    const { intent, customer } = await sells(beside, name)
    assert.equal((await customer.intent(intent.id)).amount.value, 2 * longjing.price)
    await beside.stop()
    await mock.stop()
  }
  const recorder = new LLMock({ port: 0 })
  recorder.enableRecording({ providers: { openai: upstream.url }, fixturePath: folder })
  await sellsThrough(recorder, 'emma')
  assert.ok(upstream.getRequests().length >= 3, 'the recorder asked the provider')
  await upstream.stop()
  await sellsThrough(new LLMock({ port: 0 }).loadFixtureDir(folder), 'finn')
  await upstream.start()
  rmSync(folder, { recursive: true, force: true })
})

// A backend's own questions, without a conversation: whole, streamed, with a tool that the backend runs itself.
await check('a tier asked directly', async (mock, purser) => {
  mock.on({ predicate: () => true }, (request) => (request.tools?.length
    ? ask('lookup', { city: 'Hangzhou' }) : { content: 'Green tea keeps for a year.' }))
  const direct = (body) => fetch(`${purser.url}/v1/chat/completions`, {
    method: 'POST', headers: { Authorization: `Bearer ${purser.key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'purser/fast', messages: [{ role: 'user', content: 'How long does tea keep?' }], ...body }),
  })
  const whole = await (await direct({})).json()
  assert.equal(whole.choices[0].message.content, 'Green tea keeps for a year.')
  assert.ok(whole.usage.total_tokens > 0)
  const streamed = await (await direct({ stream: true, stream_options: { include_usage: true } })).text()
  const data = streamed.split('\n\n').filter(Boolean).map((event) => event.replace(/^data: /, ''))
  assert.equal(data.at(-1), '[DONE]')
  const chunks = data.slice(0, -1).map((one) => JSON.parse(one))
  assert.equal(chunks.map((one) => one.choices[0]?.delta.content ?? '').join(''), 'Green tea keeps for a year.')
  assert.ok(chunks.length > 3, 'words come one after the other')
  const tools = [{ type: 'function', function: { name: 'lookup', parameters: { type: 'object', properties: {} } } }]
  const called = await (await direct({ tools })).json()
  assert.equal(called.choices[0].message.tool_calls[0].function.name, 'lookup')
  assert.equal(called.choices[0].finish_reason, 'tool_calls')
  mock.setChaos({ disconnectRate: 1 })
  assert.ok((await direct({})).status >= 500)
  const cut = await (await direct({ stream: true })).text()
  assert.ok(cut.includes('"error"') && !cut.includes('[DONE]'), cut)
}, openModels)

process.exitCode = failed === 0 ? 0 : 1
