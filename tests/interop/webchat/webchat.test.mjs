import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import jsQR from 'jsqr'
import { chromium } from 'playwright-core'

const shop = spawn(process.env.PURSER, ['demo', '--web', '--json'], { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'inherit'] })
const line = await new Promise((resolve) => createInterface(shop.stdout).once('line', resolve))
const url = JSON.parse(line).chat
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
mkdirSync('screenshots', { recursive: true })

const kDesktop = { viewport: { width: 1100, height: 860 } }
const kPhone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }

async function open(options) {
  const context = await browser.newContext({ locale: 'en-US', ...options })
  const page = await context.newPage()
  page.problems = []
  page.on('pageerror', (error) => page.problems.push(error.message))
  page.on('console', (message) => { if (message.type() === 'error') page.problems.push(message.text()) })
  await page.goto(url)
  await page.waitForFunction(() => localStorage.getItem('thread'))
  return page
}

const shot = (page, name) => page.screenshot({ path: `screenshots/${name}.png` })
const card = (page) => page.locator('.card[data-intent]')

async function type(page, text) {
  await page.locator('#text').fill(text)
  await page.keyboard.press('Enter')
  await page.locator('.waiting').waitFor({ state: 'detached' })
}

async function fits(page) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  assert.ok(wide <= room, `the page is ${wide} wide in a window of ${room}`)
}

// What a phone would read off the screen.
async function read(page) {
  const image = card(page).last().locator('img')
  await image.scrollIntoViewIfNeeded()
  await page.waitForFunction((element) => element.complete && element.naturalWidth > 0, await image.elementHandle())
  const png = await image.screenshot()
  const { data, width, height } = await page.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]))
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
    canvas.drawImage(bitmap, 0, 0)
    const pixels = canvas.getImageData(0, 0, bitmap.width, bitmap.height)
    return { data: [...pixels.data], width: pixels.width, height: pixels.height }
  }, png.toString('base64'))
  return jsQR(new Uint8ClampedArray(data), width, height)?.data
}

async function audit(page) {
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa'] }))
  assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join(', ')}`), [])
}

const checks = {
  async 'a purchase from the first word to the receipt'() {
    const page = await open(kDesktop)
    await page.getByRole('button', { name: 'What do you have?' }).click()
    await page.locator('.card', { hasText: 'Goods' }).waitFor()
    await type(page, 'Two packs of Longjing tea, please.')
    await card(page).waitFor()
    assert.match(await card(page).innerText(), /176\.00/)
    assert.match(await card(page).getByRole('timer').innerText(), /^[45]:\d\d$/)
    assert.match(await read(page), /^weixin:\/\/wxpay\/bizpayurl/)
    await audit(page)
    await shot(page, 'desktop-to-pay')
    await card(page).getByRole('button', { name: 'Pay (sandbox)' }).click()
    await page.locator('.card', { hasText: 'Receipt' }).waitFor()
    await card(page).locator('.state', { hasText: 'Paid' }).waitFor()
    assert.equal(await card(page).getByRole('button').count(), 0)
    assert.match(await page.locator('.said').last().innerText(), /176\.00/)
    await audit(page)
    await shot(page, 'desktop-paid')
    const before = await page.locator('#log').innerText()
    await page.reload()
    await page.locator('.card', { hasText: 'Receipt' }).waitFor()
    await card(page).locator('.state').waitFor()
    assert.equal(await page.locator('#log').innerText(), before)
    assert.deepEqual(page.problems, [])
  },
  async 'an order that expires is renewed in one step'() {
    const page = await open(kDesktop)
    await type(page, 'One celadon tea cup, please.')
    await card(page).getByRole('button', { name: 'Let 5 minutes pass' }).click()
    await card(page).locator('.state', { hasText: 'Not paid in time' }).waitFor()
    assert.equal(await page.locator('.problem').count(), 0)
    await shot(page, 'desktop-expired')
    await card(page).getByRole('button', { name: 'Pay now after all' }).click()
    await card(page).nth(1).waitFor()
    assert.match(await card(page).nth(1).getByRole('timer').innerText(), /^([45]:\d\d)$/)
    await card(page).nth(1).getByRole('button', { name: 'Pay (sandbox)' }).click()
    await page.locator('.card', { hasText: 'Receipt' }).waitFor()
    assert.deepEqual(page.problems, [])
  },
  async 'a lost connection is found again and nothing is missed'() {
    const page = await open(kDesktop)
    await type(page, 'One celadon tea cup, please.')
    await card(page).waitFor()
    const id = await card(page).getAttribute('data-intent')
    await page.context().setOffline(true)
    await page.waitForTimeout(300)
    // The customer pays while this page hears nothing.
    const paid = await fetch(`${url}/api/intents/${id}/pay`,
      { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })
    assert.equal(paid.status, 200)
    await page.waitForTimeout(500)
    await page.context().setOffline(false)
    await page.locator('.card', { hasText: 'Receipt' }).waitFor()
    assert.equal(await page.locator('.card', { hasText: 'Receipt' }).count(), 1)
  },
  async 'by keyboard alone'() {
    const page = await open(kDesktop)
    assert.equal(await page.evaluate(() => document.activeElement.id), 'text')
    await page.keyboard.type('One celadon')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('tea cup, please.')
    await page.keyboard.press('Enter')
    await card(page).waitFor()
    for (let tabs = 0; tabs < 20; ++tabs) {
      await page.keyboard.press('Shift+Tab')
      if (await page.evaluate(() => document.activeElement.textContent === 'Pay (sandbox)')) break
    }
    await shot(page, 'desktop-focus')
    await page.keyboard.press('Enter')
    await page.locator('.card', { hasText: 'Receipt' }).waitFor()
    assert.deepEqual(page.problems, [])
  },
  async 'on a phone, in Chinese'() {
    const page = await open({ ...kPhone, locale: 'zh-CN' })
    await fits(page)
    await shot(page, 'phone-zh-empty')
    await type(page, '来两包龙井茶')
    await card(page).waitFor()
    await fits(page)
    assert.match(await card(page).innerText(), /待支付/)
    assert.match(await read(page), /^weixin:/)
    await shot(page, 'phone-zh-to-pay')
    await card(page).getByRole('button', { name: '支付（沙箱）' }).click()
    await page.locator('.card', { hasText: '付款凭证' }).waitFor()
    await type(page, '请退一包龙井茶')
    await page.locator('.card', { hasText: '退款' }).first().waitFor()
    await fits(page)
    await audit(page)
    await shot(page, 'phone-zh-refund')
    assert.deepEqual(page.problems, [])
  },
  async 'in the dark, and in the other language'() {
    const page = await open({ ...kPhone, colorScheme: 'dark' })
    await type(page, 'Two packs of Longjing tea, please.')
    await card(page).waitFor()
    assert.match(await read(page), /^weixin:/)
    await audit(page)
    await shot(page, 'phone-dark')
    await page.getByRole('button', { name: '中文' }).click()
    await page.getByRole('button', { name: '有什么商品？' }).waitFor()
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN')
    assert.equal(await card(page).count(), 0)
    assert.deepEqual(page.problems, [])
  },
  async 'what a customer writes is text and stays text'() {
    const page = await open(kPhone)
    const nasty = '<img src=x onerror="document.title=1"> & "quotes" ' + 'w'.repeat(300)
    await type(page, nasty)
    assert.equal(await page.locator('.said.mine').first().innerText(), nasty)
    assert.notEqual(await page.title(), '1')
    await fits(page)
  },
}

let failed = 0
for (const [name, check] of Object.entries(checks)) {
  try {
    await check()
    console.log(`ok   web chat: ${name}`)
  } catch (error) {
    failed += 1
    for (const [i, context] of browser.contexts().entries()) {
      for (const page of context.pages()) await page.screenshot({ path: `screenshots/failed-${failed}-${i}.png` })
    }
    console.log(`FAIL web chat: ${name}\n${error.stack}`)
  }
  await Promise.all(browser.contexts().map((context) => context.close()))
}
await browser.close()
shop.kill('SIGTERM')
process.exitCode = failed === 0 ? 0 : 1
