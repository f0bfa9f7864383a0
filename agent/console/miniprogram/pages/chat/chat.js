const shop = require('../../shop')

const kStates = {
  created: '准备中', awaiting_payment: '待支付', succeeded: '已支付', expired: '超时未支付', canceled: '已取消',
  failed: '无法支付', unknown: '正在查询', conflicted: '人工核对中',
}
const yuan = (fen) => '¥' + (fen / 100).toFixed(2)

// What the page shows of a card.
function shown(card) {
  const lines = (card.lines || []).map((line) => ({
    name: line.quantity + ' × ' + line.name, price: yuan(line.unit_price * line.quantity),
  }))
  const items = (card.items || []).map((item) => ({ name: item.name, price: yuan(item.price.value) }))
  return {
    type: card.type, sandbox: card.sandbox, lines: lines.concat(items), total: card.amount ? yuan(card.amount.value) : '',
    intent: card.payment_intent || '', ends: Date.parse(card.expires_at) || 0, with: card.confirmation || null,
    state: card.type === 'payment_request' ? 'awaiting_payment' : '', text: '', left: '',
  }
}

Component({
  data: { entries: [], text: '', asking: false, problem: '' },

  lifetimes: {
    attached() {
      this.seen = 0
      this.timer = setInterval(() => this.tick(), 1000)
      this.opened = this.open()
    },
    detached() {
      clearInterval(this.timer)
    },
  },
  pageLifetimes: {
    // Back from the cashier or from another app: what happened meanwhile is read.
    show() {
      if (this.thread) this.look()
    },
  },

  methods: {
    async open() {
      try {
        this.thread = wx.getStorageSync('thread')
        if (!this.thread) {
          this.thread = (await shop.begin()).id
          wx.setStorageSync('thread', this.thread)
        }
        await this.look()
      } catch (error) {
        this.tell(error)
      }
    },
    tell(error) {
      this.setData({ problem: error.message })
    },
    typed(event) {
      this.setData({ text: event.detail.value })
    },

    async send() {
      const text = this.data.text.trim()
      if (!text || this.data.asking) return
      this.setData({ asking: true, text: '', problem: '' })
      try {
        await shop.say(this.thread, text)
        await this.look()
      } catch (error) {
        this.tell(error)
        this.setData({ text })
      }
      this.setData({ asking: false })
    },

    // The messages of the thread are the truth; everything else only says when to look again.
    async look() {
      const entries = this.data.entries.slice()
      for (let more = true; more;) {
        const page = await shop.messages(this.thread, this.seen)
        for (const message of page.data) {
          if (message.seq <= this.seen) continue
          this.seen = message.seq
          if (message.role !== 'user' && message.role !== 'assistant') continue
          if (message.text) entries.push({ key: message.id, mine: message.role === 'user', text: message.text })
          if (message.role === 'assistant') {
            message.cards.forEach((card, i) => entries.push({ key: message.id + i, card: shown(card) }))
          }
        }
        more = page.has_more
      }
      await this.settle(entries)
      this.setData({ entries })
      this.tick()
    },
    async settle(entries) {
      for (const entry of entries) {
        if (!entry.card || entry.card.state !== 'awaiting_payment') continue
        const intent = await shop.intent(entry.card.intent)
        entry.card = Object.assign({}, entry.card, { state: intent.state, text: kStates[intent.state] || intent.state })
      }
    },
    tick() {
      this.data.entries.forEach((entry, i) => {
        if (!entry.card || entry.card.state !== 'awaiting_payment') return
        const seconds = Math.max(0, Math.round((entry.card.ends - Date.now()) / 1000))
        this.setData({ ['entries[' + i + '].card.left']: Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0') })
      })
    },

    async pay(event) {
      const card = this.data.entries[event.currentTarget.dataset.index].card
      const { timeStamp, nonceStr, package: pkg, signType, paySign } = card.with
      const done = await new Promise((resolve) => wx.requestPayment({
        timeStamp, nonceStr, package: pkg, signType, paySign, success: () => resolve(true), fail: () => resolve(false),
      }))
      // Success here is not yet money: it is when purser has the signed webhook, a moment later.
      if (done) await this.until(card.intent)
      else await this.look()
    },
    async until(intent) {
      const told = () => this.data.entries.some(({ card }) => card && card.intent === intent && card.type === 'payment_receipt')
      for (let tries = 0; tries < 30 && !told(); ++tries) {
        await this.look()
        if (!told()) await shop.wait(Math.min(200 + 200 * tries, 2000))
      }
    },
    async renew(event) {
      try {
        const renewed = await shop.renew(event.currentTarget.dataset.intent)
        const entries = this.data.entries.concat(renewed.cards.map((card) => ({ key: renewed.id, card: shown(card) })))
        this.setData({ entries })
        this.tick()
      } catch (error) {
        this.tell(error)
      }
    },
  },
})
