// A purser of its own for a script: the real binary on its sandbox, a database in a temporary folder, free ports.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export async function startPurser(...sets) {
  const folder = mkdtempSync(join(tmpdir(), 'purser-interop-'))
  const all = ['server.listen=127.0.0.1:0', 'server.admin_listen=127.0.0.1:0', 'log.level=error',
    `database.url=sqlite://${folder}/purser.db`, ...sets]
  const child = spawn(process.env.PURSER, ['serve', ...all.flatMap((set) => ['--set', set])],
    { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('exit', () => reject(new Error('purser did not start')))
  })
  const [, url, admin, key] = line.match(/^ready (\S+) admin (\S+) key (\S+)/)
  const { sandbox_url: sandbox } = await (await fetch(`${admin}/readyz`)).json()
  const post = async (path, body) => {
    const answer = await fetch(sandbox + path,
      { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  const get = async (path) => (await fetch(url + path, { headers: { Authorization: `Bearer ${key}` } })).json()
  return {
    url, key, get, baseURL: `${url}/v1`,
    pay: (number) => post('/sandbox/pay', { out_trade_no: number }),
    // Until the thread has said by itself that the payment arrived.
    async spoke(thread, type) {
      for (let tries = 0; tries < 500; ++tries) {
        const { data } = await get(`/v1/threads/${thread}/messages?limit=200`)
        const at = data.findIndex((row) => row.role === 'event' && JSON.parse(row.text).type === type)
        if (at >= 0 && data.slice(at).some((row) => row.role === 'assistant')) return
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      throw new Error(`${thread} never spoke of ${type}`)
    },
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

// Runs named checks one after the other; the process fails when one of them does.
export async function check(title, checks, ...given) {
  for (const [name, one] of Object.entries(checks)) {
    try {
      await one(...given)
      console.log(`ok   ${title}: ${name}`)
    } catch (error) {
      process.exitCode = 1
      console.log(`FAIL ${title}: ${name}\n${error.stack}`)
    }
  }
}

// The same against one purser.
export async function run(title, checks) {
  const purser = await startPurser()
  await check(title, checks, purser)
  await purser.stop()
}
