// The sample's page, rendered; a backend that binds the openid; a wx.requestPayment that checks the merchant's signature
// as WeChat does, and then pays as the user would.
const assert = require('node:assert/strict')
const { X509Certificate, createVerify } = require('node:crypto')
const { spawn } = require('node:child_process')
const { mkdtempSync, readFileSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { createInterface } = require('node:readline')
const { JSDOM } = require('jsdom')

const dom = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true })
for (const name of ['window', 'document', 'HTMLElement', 'Element', 'Node', 'CustomEvent', 'Event', 'MutationObserver']) {
  global[name] = name === 'window' ? dom.window : dom.window[name]
}
const simulate = require('miniprogram-simulate')

const kOpenid = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'
const folder = mkdtempSync(join(tmpdir(), 'purser-interop-'))
const paid = []
let payingWorks = true

// The merchant's certificate must be known to whom the signature is shown.
async function makeKeys() {
  const child = spawn(process.env.PURSER, ['sandbox', '--listen', '127.0.0.1:0', '--credentials', join(folder, 'keys')],
    { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => createInterface(child.stdout).once('line', resolve))
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
}

async function start() {
  await makeKeys()
  const sets = ['server.listen=127.0.0.1:0', 'server.admin_listen=127.0.0.1:0', 'log.level=error', `database.url=sqlite://${folder}/purser.db`]
  const child = spawn(process.env.PURSER, ['serve', ...sets.flatMap((set) => ['--set', set])],
    { env: { PATH: process.env.PATH, PURSER_SANDBOX_CREDENTIALS: join(folder, 'keys') }, stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise((resolve) => createInterface(child.stdout).once('line', resolve))
  const [, url, admin, key] = line.match(/^ready (\S+) admin (\S+) key (\S+)/)
  const { sandbox_url: sandbox } = await (await fetch(`${admin}/readyz`)).json()
  return { child, url, key, sandbox }
}

// The tenant's backend: who is asking is its own knowledge, the API key its secret.
async function backend(purser, path, { method, data, header }) {
  const body = path === '/threads' ? { user: { id: 'mini-user', openid: kOpenid }, locale: 'zh' } : data
  const answer = await fetch(`${purser.url}/v1${path}`, {
    method, headers: { ...header, Authorization: `Bearer ${purser.key}` }, body: method === 'POST' ? JSON.stringify(body) : undefined,
  })
  return { statusCode: answer.status, data: await answer.json() }
}

function control(purser, path, body) {
  return fetch(purser.sandbox + path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
}

function verify(given) {
  const { mchid, appid } = JSON.parse(readFileSync(join(folder, 'keys', 'sandbox.json')))
  assert.ok(mchid)
  const { publicKey } = new X509Certificate(readFileSync(join(folder, 'keys', 'merchant_cert.pem')))
  const text = `${appid}\n${given.timeStamp}\n${given.nonceStr}\n${given.package}\n`
  assert.equal(given.signType, 'RSA')
  assert.ok(createVerify('RSA-SHA256').update(text).verify(publicKey, given.paySign, 'base64'), 'the paySign does not verify')
}

function makeWx(purser) {
  const storage = new Map()
  return {
    getStorageSync: (name) => storage.get(name) ?? '',
    setStorageSync: (name, value) => storage.set(name, value),
    request(options) {
      const path = options.url.replace('https://shop.example.com/purser', '')
      backend(purser, path, options).then(options.success, (error) => options.fail({ errMsg: error.message }))
    },
    async requestPayment(options) {
      try {
        verify(options)
      } catch (error) {
        console.log(error.message)
        return options.fail({ errMsg: error.message })
      }
      if (!payingWorks) return options.fail({ errMsg: 'requestPayment:fail cancel' })
      const { orders } = await (await fetch(`${purser.sandbox}/sandbox/orders`)).json()
      const open = orders.filter((order) => order.trade_state === 'NOTPAY')
      assert.equal((await control(purser, '/sandbox/pay', { out_trade_no: open.at(-1).out_trade_no })).status, 200)
      paid.push(options)
      options.success({ errMsg: 'requestPayment:ok' })
    },
  }
}

function open() {
  const id = simulate.load(join(__dirname, 'sample/pages/chat/chat'), 'chat', { rootPath: join(__dirname, 'sample') })
  const page = simulate.render(id)
  page.attach(document.body)
  page.instance.triggerPageLifeTime?.('show')
  return page
}

const text = (page) => page.dom.textContent ?? page.dom.innerHTML
async function say(page, words) {
  page.instance.setData({ text: words })
  await page.instance.send()
}
const cards = (page, type) => page.instance.data.entries.filter(({ card }) => card && card.type === type)
const tap = (page, name, dataset) => page.instance[name]({ currentTarget: { dataset } })

const checks = {
  async 'buys with one request and one wx.requestPayment'(page) {
    await say(page, '来两包龙井茶')
    const [{ card }] = cards(page, 'payment_request')
    assert.equal(card.total, '¥176.00')
    assert.match(card.left, /^[45]:\d\d$/)
    assert.match(page.dom.innerHTML, /支付/)
    assert.match(page.dom.innerHTML, /176\.00/)
    await tap(page, 'pay', { index: page.instance.data.entries.findIndex((entry) => entry.card === card) })
    assert.equal(paid.length, 1)
    assert.equal(cards(page, 'payment_receipt').length, 1)
    assert.equal(cards(page, 'payment_request')[0].card.state, 'succeeded')
    assert.match(page.dom.innerHTML, /已支付/)
  },
  async 'a payment the user leaves stays open'(page) {
    await say(page, '再来一个青瓷茶杯')
    payingWorks = false
    const index = page.instance.data.entries.findLastIndex(({ card }) => card?.type === 'payment_request')
    await tap(page, 'pay', { index })
    assert.equal(page.instance.data.entries[index].card.state, 'awaiting_payment')
    payingWorks = true
  },
  async 'an order that expired is renewed in one step'(page, purser) {
    await control(purser, '/sandbox/clock', { advance: '301s' })
    const intent = cards(page, 'payment_request').at(-1).card.intent
    for (let tries = 0; tries < 100 && cards(page, 'payment_request').at(-1).card.state !== 'expired'; ++tries) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      await page.instance.look()
    }
    assert.match(page.dom.innerHTML, /重新支付/)
    await tap(page, 'renew', { intent })
    assert.equal(page.instance.data.problem, '')
    const renewed = cards(page, 'payment_request').at(-1).card
    assert.notEqual(renewed.intent, intent)
    await tap(page, 'pay', { index: page.instance.data.entries.length - 1 })
    assert.equal(paid.length, 2)
  },
  async 'a page that is opened again shows the same'(page) {
    const again = open()
    await again.instance.opened
    const told = (one) => one.instance.data.entries.filter((entry) => entry.text).map((entry) => entry.text)
    assert.deepEqual(told(again), told(page))
    again.detach()
  },
}

async function main() {
  const purser = await start()
  global.wx = makeWx(purser)
  const page = open()
  let failed = 0
  try {
    await page.instance.opened
    for (const [name, check] of Object.entries(checks)) {
      try {
        await check(page, purser)
        console.log(`ok   Mini Program: ${name}`)
      } catch (error) {
        failed += 1
        console.log(`FAIL Mini Program: ${name}\n${error.stack}`)
      }
    }
  } finally {
    page.detach()
    purser.child.kill('SIGTERM')
    await new Promise((resolve) => purser.child.once('exit', resolve))
    rmSync(folder, { recursive: true, force: true })
  }
  process.exit(failed === 0 ? 0 : 1)
}

main()
