// The demo's page. The messages of the thread are the truth; the event stream only says when to look again, so a
// connection that was lost, a page that was reloaded and a laptop that slept all end in the same picture.
const kWords = {
  en: {
    shop: 'Tea shop', sandbox: 'sandbox', again: 'New chat', send: 'Send', message: 'Your message',
    conversation: 'Conversation', hints: 'Suggestions', to_input: 'To the message field', other: '中文',
    waiting: 'The shop is writing', lost: 'connection lost, trying again', failed: 'That did not work:',
    to_pay: 'To pay', total: 'Total', scan: 'Scan with your phone', inside: 'Pay inside WeChat', left: 'left to pay',
    pay: 'Pay (sandbox)', skip: 'Let 5 minutes pass', paid: 'Paid', expired: 'Not paid in time', canceled: 'Canceled',
    failed_state: 'Not possible', unknown: 'Asking the bank', conflicted: 'A person looks at it', receipt: 'Receipt',
    renew: 'Pay now after all', goods: 'Goods', refund: 'Refund', number: 'Order', qr: 'QR code to pay',
    say: ['What do you have?', 'Two packs of Longjing tea, please.', 'Did my payment arrive?', 'Please refund one Longjing tea.'],
    refund_states: { succeeded: 'done', processing: 'under way', created: 'queued', failed: 'not possible', unknown: 'being checked' },
  },
  zh: {
    shop: '茶铺', sandbox: '沙箱', again: '新对话', send: '发送', message: '你的消息', conversation: '对话', hints: '可以这样说',
    to_input: '跳到输入框', other: 'English', waiting: '店家正在输入', lost: '连接中断，正在重连', failed: '没有成功：',
    to_pay: '待支付', total: '合计', scan: '请用手机扫码', inside: '请在微信内支付', left: '剩余支付时间', pay: '支付（沙箱）',
    skip: '快进五分钟', paid: '已支付', expired: '超时未支付', canceled: '已取消', failed_state: '无法支付', unknown: '正在向银行查询',
    conflicted: '人工核对中', receipt: '付款凭证', renew: '重新支付', goods: '商品', refund: '退款', number: '订单', qr: '付款二维码',
    say: ['有什么商品？', '来两包龙井茶', '我付的钱到了吗？', '请退一包龙井茶'],
    refund_states: { succeeded: '已完成', processing: '处理中', created: '排队中', failed: '无法退款', unknown: '核对中' },
  },
}

const $ = (id) => document.getElementById(id)
const log = $('log')
const input = $('text')

let language = localStorage.getItem('language') ?? (navigator.language.startsWith('zh') ? 'zh' : 'en')
let thread = localStorage.getItem('thread')
let seen = 0          // the newest message on the page
let stream = null
let asking = false    // a turn of ours is being answered
let stale = false     // there is something new to fetch
let skew = 0          // the shop's clock minus ours, in milliseconds
const intents = new Map()  // id: the card that shows it, and its newest state
const dirty = new Set()    // intents to ask about

const words = () => kWords[language]

// --- talking to the server

async function call(method, path, body, key) {
  const headers = {}
  if (method === 'POST') headers['Content-Type'] = 'application/json'
  if (key) headers['Idempotency-Key'] = key
  const answer = await fetch('/chat/api' + path, { method, headers, body: method === 'POST' ? JSON.stringify(body ?? {}) : undefined })
  const date = Date.parse(answer.headers.get('X-Shop-Time'))
  if (date) skew = date - Date.now()
  const data = await answer.json()
  if (!answer.ok) throw Object.assign(new Error(data.error.message), { code: data.error.code, status: answer.status })
  return data
}

// The same key each time: however often it is sent, it happens once.
async function once(path, body) {
  const key = crypto.randomUUID?.() ?? String(Math.random()).slice(2)
  for (let tries = 1; ; ++tries) {
    try {
      return await call('POST', path, body, key)
    } catch (error) {
      const passing = error.status === undefined || error.status >= 500 || error.code === 'idempotency_in_flight'
      if (!passing || tries === 5) throw error
      await new Promise((resolve) => setTimeout(resolve, 300 * tries))
    }
  }
}

// --- making elements

function make(name, classes, text) {
  const element = document.createElement(name)
  if (classes) element.className = classes
  if (text !== undefined) element.textContent = text
  return element
}

function add(element, before) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 120
  log.insertBefore(element, before ?? null)
  if (atEnd) log.scrollTop = log.scrollHeight
  return element
}

function button(text, classes, act) {
  const element = make('button', classes, text)
  element.type = 'button'
  element.addEventListener('click', async () => {
    element.disabled = true
    try {
      await act()
    } catch (error) {
      tell(error)
      element.disabled = false
    }
  })
  return element
}

function tell(error) {
  add(make('p', 'problem', `${words().failed} ${error.message}`))
}

const yuan = (amount) => new Intl.NumberFormat(language, { style: 'currency', currency: amount.currency, currencyDisplay: 'narrowSymbol' })
  .format(amount.value / 100)

// --- cards

function cardWith(title, lines, total, currency) {
  const card = make('section', 'card')
  card.append(make('h2', '', title))
  const list = make('ul')
  for (const line of lines ?? []) {
    const row = make('li')
    row.append(make('span', '', `${line.quantity} × ${line.name}`),
      make('span', '', yuan({ value: line.unit_price * line.quantity, currency })))
    list.append(row)
  }
  if (list.children.length > 0) card.append(list)
  if (total) {
    const row = make('div', 'total')
    row.append(make('span', '', words().total), make('span', '', yuan(total)))
    card.append(row)
  }
  return card
}

// `shown` is a payment_request card, or an intent as the API tells it.
function paymentCard(id, shown) {
  const t = words()
  const card = cardWith(t.to_pay, shown.lines, shown.amount, shown.amount.currency)
  card.dataset.intent = id
  const pay = make('div', 'pay')
  if (shown.confirmation?.type === 'qr') {
    const image = make('img')
    image.alt = t.qr
    image.width = image.height = 176
    pay.append(image)
  }
  const how = make('div', 'how')
  const left = make('div', 'left', '')
  left.setAttribute('role', 'timer')
  left.setAttribute('aria-label', t.left)
  how.append(make('p', 'note', shown.confirmation?.type === 'qr' ? t.scan : t.inside), left,
    button(t.pay, 'main', () => call('POST', `/intents/${encodeURIComponent(id)}/pay`)),
    button(t.skip, '', () => call('POST', '/clock')))
  pay.append(how)
  card.append(pay, make('p', 'note', `${t.number} ${shown.out_trade_no ?? shown.order.out_trade_no}`))
  intents.set(id, { card, left, ends: Date.parse(shown.expires_at), state: 'awaiting_payment' })
  dirty.add(id)  // the card may be an old one: its code is drawn once the order is known to be open
  tick()
  return card
}

// The intent has moved on: its card cannot be paid any more and says why.
function settle(id, state) {
  const known = intents.get(id)
  if (!known || known.state === state) return
  known.state = state
  if (state === 'created' || state === 'awaiting_payment') return
  known.card.querySelector('.pay')?.remove()
  known.card.classList.add(state === 'succeeded' ? 'done' : 'over')
  const t = words()
  const text = { succeeded: `✓ ${t.paid}`, expired: t.expired, canceled: t.canceled, failed: t.failed_state }[state] ?? t[state]
  known.card.append(make('p', 'state', text))
  if (state === 'expired' || state === 'canceled') known.card.append(renewal(id))
}

// One step, and the shop's prices decide again.
function renewal(id) {
  return button(words().renew, 'main', async () => {
    const renewed = await once(`/intents/${encodeURIComponent(id)}/renew`)
    dirty.add(renewed.id)
    await lookAtIntents()
  })
}

function cardOf(card) {
  const t = words()
  if (card.type === 'payment_request') return paymentCard(card.payment_intent, card)
  if (card.type === 'catalogue') {
    const shown = make('section', 'card')
    shown.append(make('h2', '', t.goods))
    const list = make('ul')
    for (const item of card.items) {
      const row = make('li')
      row.append(make('span', '', item.name), make('span', '', yuan(item.price)))
      list.append(row)
      for (const step of item.quantity_prices ?? []) {
        const cheaper = make('li', 'note')
        cheaper.append(make('span', '', `≥ ${step.from}`), make('span', '', yuan(step.price)))
        list.append(cheaper)
      }
    }
    shown.append(list)
    return shown
  }
  if (card.type === 'payment_receipt') {
    const shown = cardWith(t.receipt, card.lines, card.amount, card.amount.currency)
    shown.classList.add('done')
    shown.append(make('p', 'state', `✓ ${t.paid}`), make('p', 'note', `${t.number} ${card.out_trade_no}`))
    return shown
  }
  if (card.type === 'refund_receipt') {
    const shown = cardWith(t.refund, [], card.amount, card.amount.currency)
    shown.append(make('p', 'state', t.refund_states[card.state] ?? card.state), make('p', 'note', card.reason))
    return shown
  }
  return null  // payment_expired: the card of the request itself says so
}

function tick() {
  for (const { left, ends, state } of intents.values()) {
    if (state !== 'awaiting_payment') continue
    const seconds = Math.max(0, Math.round((ends - Date.now() - skew) / 1000))
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  }
}

// --- the conversation

function show(message) {
  seen = Math.max(seen, message.seq)
  if (message.role !== 'user' && message.role !== 'assistant') return
  if (message.text) add(make('div', message.role === 'user' ? 'said mine' : 'said', message.text))
  if (message.role !== 'assistant') return
  for (const card of message.cards) {
    const known = card.payment_intent && intents.get(card.payment_intent)
    if (card.type === 'payment_request' && known) known.card.remove()
    const element = cardOf(card)
    if (element) add(element)
    if (card.payment_intent) dirty.add(card.payment_intent)
  }
}

async function lookAtIntents() {
  for (const id of [...dirty]) {
    dirty.delete(id)
    const intent = await call('GET', `/intents/${encodeURIComponent(id)}`)
    const open = intent.state === 'awaiting_payment'
    if (open && !intents.has(id) && intent.thread_id === thread) add(paymentCard(id, intent))
    dirty.delete(id)
    settle(id, intent.state)
    const image = open && intents.get(id)?.card.querySelector('img:not([src])')
    if (image) image.src = `/chat/api/intents/${encodeURIComponent(id)}/qr.svg`
  }
}

// Fetches what is new; while a turn of ours is under way, its end does that.
async function look() {
  stale = true
  if (asking) return
  asking = true
  try {
    while (stale) {
      stale = false
      for (let more = true; more;) {
        const page = await call('GET', `/threads/${thread}/messages?after=${seen}&limit=100`)
        page.data.forEach(show)
        more = page.has_more
      }
      await lookAtIntents()
    }
  } finally {
    asking = false
  }
}

async function say(text) {
  if (asking || text.trim() === '') return
  asking = true
  input.value = ''
  grow()
  const mine = add(make('div', 'said mine', text))
  const waiting = add(make('div', 'said waiting', `${words().waiting} …`))
  log.scrollTop = log.scrollHeight
  try {
    await once(`/threads/${thread}/turns`, { text })
  } catch (error) {
    tell(error)
    input.value = text
  } finally {
    waiting.remove()
    mine.remove()
    asking = false
  }
  await look()
  log.scrollTop = log.scrollHeight
}

function listen() {
  stream?.close()
  stream = new EventSource(`/chat/api/threads/${thread}/events`)
  const heard = (event) => {
    const data = JSON.parse(event.data)
    const id = data.payment_intent ?? (data.object === 'payment_intent' ? data.id : undefined)
    if (id) dirty.add(id)
    look().catch(tell)
  }
  for (const type of ['message.completed', 'turn.failed', ...['created', 'awaiting_payment', 'succeeded', 'expired', 'canceled',
    'failed', 'unknown', 'conflicted'].map((state) => `intent.${state}`), 'refund.created', 'refund.succeeded', 'refund.failed']) {
    stream.addEventListener(type, heard)
  }
  stream.onopen = () => { $('status').textContent = '' }
  // The browser comes back by itself, with the last id it saw; unless it gave up.
  stream.onerror = () => {
    $('status').textContent = words().lost
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000)
  }
}

// The network is back, or somebody looks at the page again: what happened meanwhile may have been lost on the way.
function comeBack() {
  if (document.hidden || !thread) return
  if (stream) listen()
  look().catch(tell)
}

async function begin(fresh) {
  if (fresh || !thread) {
    thread = (await call('POST', '/threads', { locale: language })).id
    localStorage.setItem('thread', thread)
  }
  seen = 0
  intents.clear()
  dirty.clear()
  log.replaceChildren()
  try {
    await look()
  } catch (error) {
    if (error.status !== 404 || fresh) throw error
    return begin(true)  // a database that is gone took the thread with it
  }
  listen()
}

// --- the frame

function dress() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  document.title = `${words().shop} · purser`
  for (const element of document.querySelectorAll('[data-words]')) element.textContent = words()[element.dataset.words]
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', words()[element.dataset.label])
  $('language').textContent = words().other
  $('language').lang = language === 'zh' ? 'en' : 'zh-CN'
  input.placeholder = words().message
  $('hints').replaceChildren(...words().say.map((text) => button(text, '', async () => {
    await say(text)
    for (const hint of $('hints').children) hint.disabled = false
  })))
}

function grow() {
  input.style.height = 'auto'
  input.style.height = `${input.scrollHeight + 2}px`
}

$('say').addEventListener('submit', (event) => {
  event.preventDefault()
  say(input.value).catch(tell)
  input.focus()
})
input.addEventListener('input', grow)
input.addEventListener('keydown', (event) => {
  // While a Chinese word is being composed, Enter chooses it.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  $('say').requestSubmit()
})
$('again').addEventListener('click', () => begin(true).catch(tell))
$('language').addEventListener('click', () => {
  language = language === 'zh' ? 'en' : 'zh'
  localStorage.setItem('language', language)
  dress()
  begin(true).catch(tell)
})
window.addEventListener('online', comeBack)
document.addEventListener('visibilitychange', comeBack)
setInterval(tick, 1000)
dress()
begin(false).catch(tell)
