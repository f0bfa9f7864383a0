import assert from 'node:assert/strict'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { run } from './purser.mjs'

async function connected(purser, headers = {}) {
  const client = new Client({ name: 'purser-interop', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(`${purser.url}/mcp`),
    { requestInit: { headers: { Authorization: `Bearer ${purser.key}`, 'Accept-Language': 'en', ...headers } } })
  await client.connect(transport)
  return { client, transport }
}

// The payment of a result, with what is needed to pay it.
const paymentOf = (result) => result.structuredContent.payment_intent
const cardOf = (result) => result._meta['purser/cards'].find((card) => card.type === 'payment_request')

async function order(client, sku, quantity, meta) {
  return client.callTool({ name: 'create_payment_intent', arguments: { lines: [{ sku, quantity }] }, ...(meta && { _meta: meta }) })
}

async function teaOf(client) {
  const found = await client.callTool({ name: 'search_catalogue', arguments: { query: 'tea' } })
  assert.equal(found.isError, false, JSON.stringify(found))
  return found.structuredContent.items[0]
}

await run('@modelcontextprotocol/sdk', {
  async 'lists the tools'(purser) {
    const { client } = await connected(purser)
    const { tools } = await client.listTools()
    assert.deepEqual(tools.map(({ name }) => name),
      ['search_catalogue', 'create_payment_intent', 'query_payment', 'cancel_payment', 'refund'])
    await client.ping()
    await client.close()
  },
  async 'buys, waits for the payment, and gives a part back'(purser) {
    const { client } = await connected(purser)
    const tea = await teaOf(client)
    const ordered = await order(client, tea.sku, 2)
    assert.equal(ordered.structuredContent.state, 'awaiting_payment')
    const card = cardOf(ordered)
    assert.ok(!JSON.stringify([ordered.content, ordered.structuredContent]).includes(card.confirmation.code_url))
    const uri = `purser://intents/${paymentOf(ordered)}`

    const told = new Promise((resolve) => client.setNotificationHandler(ResourceUpdatedNotificationSchema,
      async ({ params }) => {
        const { contents } = await client.readResource({ uri: params.uri })
        if (JSON.parse(contents[0].text).state === 'succeeded') resolve(params.uri)
      }))
    await client.subscribeResource({ uri })
    await purser.pay(card.out_trade_no)
    assert.equal(await told, uri)

    const state = await client.callTool({ name: 'query_payment', arguments: {} })
    assert.equal(state.structuredContent.payments[0].state, 'succeeded')
    const wish = { name: 'refund', arguments: { refunds: [{ payment_intent: paymentOf(ordered), amount_fen: 330, reason: 'one leaf was bent' }] } }
    const back = await client.callTool(wish)
    const again = await client.callTool(wish)
    assert.equal(back.structuredContent.status, 'ok', JSON.stringify(back))
    assert.equal(again.structuredContent.repeated, true)
    assert.equal(again.structuredContent.refunds[0].refund, back.structuredContent.refunds[0].refund)
    await client.close()
  },
  async 'repeats an order without a second payment, and places one with a key'(purser) {
    const { client } = await connected(purser)
    const tea = await teaOf(client)
    const first = await order(client, tea.sku, 1)
    const again = await order(client, tea.sku, 1)
    assert.equal(paymentOf(again), paymentOf(first))
    await purser.pay(cardOf(first).out_trade_no)
    for (;;) {
      const { structuredContent } = await client.callTool({ name: 'query_payment', arguments: {} })
      if (structuredContent.payments[0].state === 'succeeded') break
    }
    assert.equal(paymentOf(await order(client, tea.sku, 1)), paymentOf(first))
    assert.notEqual(paymentOf(await order(client, tea.sku, 1, { 'purser/idempotency-key': 'another' })), paymentOf(first))
    await client.close()
  },
  async 'shows the code to scan as a picture'(purser) {
    const { client } = await connected(purser)
    const ordered = await order(client, (await teaOf(client)).sku, 1)
    const { contents } = await client.readResource({ uri: `purser://intents/${paymentOf(ordered)}/qr.png` })
    assert.equal(contents[0].mimeType, 'image/png')
    assert.equal(Buffer.from(contents[0].blob, 'base64').subarray(1, 4).toString(), 'PNG')
    const { resources } = await client.listResources()
    assert.equal(resources[0].uri, `purser://intents/${paymentOf(ordered)}`)
    const { resourceTemplates } = await client.listResourceTemplates()
    assert.equal(resourceTemplates.length, 2)
    await client.close()
  },
  async 'speaks in a thread that the backend has made'(purser) {
    const made = await fetch(`${purser.url}/v1/threads`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${purser.key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ user: { id: 'alice' }, locale: 'en' }),
    })
    const { id } = await made.json()
    const { client } = await connected(purser, { 'X-Thread-Id': id })
    const ordered = await order(client, (await teaOf(client)).sku, 1)
    assert.equal((await purser.get(`/v1/intents/${paymentOf(ordered)}`)).thread_id, id)
    await client.close()
  },
  async 'is refused what is no claim of a price'(purser) {
    const { client } = await connected(purser)
    const { sku } = await teaOf(client)
    const refused = await client.callTool({ name: 'create_payment_intent', arguments: { lines: [{ sku, quantity: 1 }], total_fen: 1 } })
    assert.equal(refused.isError, true)
    assert.equal(refused.structuredContent.code, 'total_mismatch')
    await assert.rejects(client.callTool({ name: 'confirm_payment', arguments: {} }), (error) => error.code === -32602)
    await client.close()
  },
  async 'ends its session'(purser) {
    const { client, transport } = await connected(purser)
    await transport.terminateSession()
    await assert.rejects(client.ping())
    await client.close()
  },
  async 'is let in with a key alone'(purser) {
    await assert.rejects(connected({ ...purser, key: 'sk_wrong_0000000000000000' }), /401|nauthorized/)
  },
})
