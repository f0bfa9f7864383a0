import assert from 'node:assert/strict'
import { AIMessage, HumanMessage, SystemMessage } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { run } from './purser.mjs'

const model = (purser, user) => new ChatOpenAI({
  model: 'purser', apiKey: purser.key, maxRetries: 0, user, streamUsage: true,
  configuration: { baseURL: purser.baseURL },
})

await run('@langchain/openai', {
  async 'invokes with a history of its own'(purser) {
    const answer = await model(purser, 'l1').invoke([new SystemMessage('You sell tea.'), new HumanMessage('Hello'),
      new AIMessage('Hello!'), new HumanMessage('What do you have?')])
    assert.match(answer.content, /tea/)
    assert.equal(answer.response_metadata.finish_reason, 'stop')
  },
  async 'streams'(purser) {
    let text = ''
    for await (const chunk of await model(purser, 'l2').stream('What do you have?')) text += chunk.content
    assert.match(text, /tea/)
  },
  async 'buys and hears of the payment'(purser) {
    const ordered = await model(purser, 'l3').invoke('Two packs of Longjing tea, please.')
    assert.match(ordered.content, /weixin:\/\//)
    const { data } = await fetch(`${purser.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${purser.key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ model: 'purser', user: 'l3', messages: [{ role: 'user', content: 'Did my payment arrive?' }] }),
    }).then(async (answer) => ({ data: await answer.json() }))
    const thread = data.purser.thread_id
    const [intent] = (await purser.get(`/v1/threads/${thread}/messages`)).data
      .flatMap((row) => row.cards).filter((card) => card.type === 'payment_request')
    await purser.pay(intent.out_trade_no)
    await purser.spoke(thread, 'intent.succeeded')
    assert.match((await model(purser, 'l3').invoke('Thank you!')).content, /176\.00/)
  },
  async 'refuses tools bound to it'(purser) {
    const bound = model(purser, 'l4').bindTools([{ type: 'function', function: { name: 'pay', parameters: { type: 'object', properties: {} } } }])
    await assert.rejects(bound.invoke('hi'), /tools of the client/)
  },
})
