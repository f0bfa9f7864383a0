// The tenant's backend, which passes on to purser.
const config = require('./config')

function call(method, path, data, key) {
  return new Promise((resolve, reject) => {
    const header = { 'Content-Type': 'application/json' }
    if (key) header['Idempotency-Key'] = key
    wx.request({
      url: config.backend + path, method, data, header,
      success: ({ statusCode, data: body }) => {
        if (statusCode < 300) return resolve(body)
        const about = (body && body.error) || { code: 'http_' + statusCode, message: 'HTTP ' + statusCode }
        reject({ code: about.code, message: about.message, status: statusCode })
      },
      fail: ({ errMsg }) => reject({ code: 'network', message: errMsg, status: 0 }),
    })
  })
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// The same key each time: however often it is sent, it happens once.
async function once(path, data) {
  const key = 'mp-' + Date.now().toString(36) + '-' + Math.random().toString(36).slice(2)
  for (let tries = 1; ; ++tries) {
    try {
      return await call('POST', path, data, key)
    } catch (error) {
      const passing = error.status === 0 || error.status >= 500 || error.code === 'idempotency_in_flight'
      if (!passing || tries === 5) throw error
      await wait(300 * tries)
    }
  }
}

module.exports = {
  wait,
  begin: () => call('POST', '/threads', {}),
  say: (thread, text) => once('/threads/' + thread + '/turns', { text }),
  messages: (thread, after) => call('GET', '/threads/' + thread + '/messages?limit=100&after=' + after),
  intent: (id) => call('GET', '/intents/' + id),
  renew: (id) => once('/intents/' + id + '/renew', {}),
}
