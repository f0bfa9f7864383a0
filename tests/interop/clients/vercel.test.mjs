import assert from 'node:assert/strict'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, streamText } from 'ai'
import { run } from './purser.mjs'

const model = (purser) => createOpenAICompatible({
  name: 'purser', baseURL: purser.baseURL, apiKey: purser.key, includeUsage: true,
})('purser')
const as = (user) => ({ providerOptions: { purser: { user } }, maxRetries: 0 })

await run('Vercel ai', {
  async 'generates text'(purser) {
    const { text, usage, finishReason } = await generateText(
      { model: model(purser), prompt: 'What do you have?', system: 'You sell tea.', ...as('v1') })
    assert.match(text, /tea/)
    assert.equal(finishReason, 'stop')
    assert.ok(usage.totalTokens >= 0)
  },
  async 'streams text, with usage'(purser) {
    const result = streamText({ model: model(purser), prompt: 'What do you have?', ...as('v2') })
    let text = ''
    for await (const piece of result.textStream) text += piece
    assert.match(text, /tea/)
    assert.ok((await result.usage).totalTokens >= 0)
  },
  async 'buys and hears of the payment'(purser) {
    const talk = (prompt) => generateText({ model: model(purser), prompt, ...as('v3') })
    const ordered = (await talk('Two packs of Longjing tea, please.')).response.body.purser
    await purser.pay(ordered.cards.find((card) => card.type === 'payment_request').out_trade_no)
    await purser.spoke(ordered.thread_id, 'intent.succeeded')
    assert.match((await talk('Thank you!')).text, /176\.00/)
  },
  async 'hears of errors'(purser) {
    const wrong = createOpenAICompatible({ name: 'purser', baseURL: purser.baseURL, apiKey: 'sk_wrong_0000000000' })
    await assert.rejects(generateText({ model: wrong('purser'), prompt: 'hi', maxRetries: 0 }), (error) => {
      assert.equal(error.statusCode, 401)
      return true
    })
  },
})
