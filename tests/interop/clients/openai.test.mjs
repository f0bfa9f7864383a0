import assert from 'node:assert/strict'
import OpenAI from 'openai'
import { run } from './purser.mjs'

const client = (purser, more = {}) => new OpenAI({ baseURL: purser.baseURL, apiKey: purser.key, maxRetries: 0, ...more })
const says = (text, more = {}) => ({ model: 'purser', messages: [{ role: 'user', content: text }], ...more })

await run('openai for Node', {
  async 'lists the model'(purser) {
    const models = []
    for await (const model of client(purser).models.list()) models.push(model.id)
    assert.deepEqual(models, ['purser'])
    assert.equal((await client(purser).models.retrieve('purser')).object, 'model')
  },
  async 'chats'(purser) {
    const answer = await client(purser).chat.completions.create(says('Hi! What do you have?', { user: 'chat' }))
    assert.equal(answer.choices[0].finish_reason, 'stop')
    assert.match(answer.choices[0].message.content, /tea/)
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)
  },
  async 'streams, with usage'(purser) {
    const stream = await client(purser).chat.completions.create(
      says('Hi! What do you have?', { stream: true, stream_options: { include_usage: true }, temperature: 0.2 }))
    let text = ''
    let usage = null
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? ''
      usage = chunk.usage ?? usage
    }
    assert.match(text, /tea/)
    assert.ok(usage.total_tokens >= 0)
  },
  async 'streams through its helper'(purser) {
    const stream = client(purser).chat.completions.stream(says('Hi! What do you have?'))
    assert.match(await stream.finalContent(), /tea/)
  },
  async 'buys, is paid, and hears of it in the next answer'(purser) {
    const talk = (text) => client(purser).chat.completions.create(says(text, { user: 'buyer' }))
    const ordered = await talk('Two packs of Longjing tea, please.')
    const card = ordered.purser.cards.find((one) => one.type === 'payment_request')
    assert.equal(card.sandbox, true)
    assert.ok(ordered.choices[0].message.content.includes(card.confirmation.code_url))
    await purser.pay(card.out_trade_no)
    await purser.spoke(ordered.purser.thread_id, 'intent.succeeded')
    const next = await talk('Thank you!')
    assert.equal(next.purser.thread_id, ordered.purser.thread_id)
    assert.equal(next.purser.cards[0].type, 'payment_receipt')
    assert.match(next.choices[0].message.content, /176\.00/)
  },
  async 'repeats a request without a second order'(purser) {
    const options = { idempotencyKey: 'purchase-1' }
    const body = says('One celadon tea cup, please.', { user: 'careful' })
    const headers = { headers: { 'Idempotency-Key': 'purchase-1' } }
    const first = await client(purser).chat.completions.create(body, { ...options, ...headers })
    const again = await client(purser).chat.completions.create(body, { ...options, ...headers })
    assert.equal(again.id, first.id)
    assert.deepEqual(again.purser, first.purser)
  },
  async 'raises its own errors'(purser) {
    const create = (body, more) => client(purser, more).chat.completions.create(body)
    await assert.rejects(create(says('hi'), { apiKey: 'sk_wrong_00000000000' }), OpenAI.AuthenticationError)
    await assert.rejects(create(says('hi', { model: 'gpt-4o' })), (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError)
      assert.equal(error.code, 'model_not_found')
      return true
    })
    const tools = [{ type: 'function', function: { name: 'refund', parameters: { type: 'object' } } }]
    await assert.rejects(create(says('hi', { tools })), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError)
      assert.equal(error.param, 'tools')
      return true
    })
  },
})
