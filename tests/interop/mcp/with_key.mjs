// The suites send no headers of their own, and purser lets nobody in without a key: this stands between and adds what a
// client is set up with, the key and the thread of its user. Everything else goes through as it is, Host and Origin too.
import { createServer, request } from 'node:http'

export async function withKey({ url, key }) {
  const to = new URL(url)
  const made = await fetch(`${url}/v1/threads`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ user: { id: 'conformance' } }),
  })
  const { id: thread } = await made.json()
  const server = createServer((asked, answer) => {
    const headers = [...asked.rawHeaders]
    headers.push('Authorization', `Bearer ${key}`, 'X-Thread-Id', thread)
    const onward = request({ host: to.hostname, port: to.port, method: asked.method, path: asked.url, headers }, (got) => {
      answer.writeHead(got.statusCode, got.rawHeaders)
      got.pipe(answer)
      got.on('error', () => answer.destroy())
    })
    onward.on('error', () => answer.destroy())
    answer.on('close', () => onward.destroy())
    asked.pipe(onward)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve) }),
  }
}
