// Each scenario that scenarios.json names as one that applies passes, or fails in the checks alone that it names; each of
// the suites' that applies to nothing here is named there too, with its reason. A scenario that is named nowhere fails,
// so that none is forgotten with a new suite.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { startPurser } from './purser.mjs'
import { withKey } from './with_key.mjs'

const suites = JSON.parse(readFileSync('scenarios.json'))

function suite(name, ...words) {
  const child = spawn(process.execPath, [`node_modules/${name}/dist/index.js`, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  child.stdout.on('data', (piece) => { text += piece })
  child.stderr.on('data', (piece) => { text += piece })
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, text })))
}

let failed = 0
const say = (good, what, more = '') => {
  if (!good) failed += 1
  console.log(`${good ? 'ok  ' : 'FAIL'} ${what}${good ? '' : `\n${more}`}`)
}

const purser = await startPurser()
const door = await withKey(purser)
// The checks that failed in a run, by name.
const failedIn = (text) => [...text.matchAll(/^ {2}- (\w+):/gm)].map(([, check]) => check).sort()

for (const { suite: name, revision, pass, in_part: inPart, left_out: leftOut } of suites) {
  const title = `${name.replace('@modelcontextprotocol/', '')} ${revision}`
  const { text } = await suite(name, 'list', '--server')
  const known = [...text.matchAll(/- (\S+) \[([^\]]*)\]/g)]
    .filter(([, , versions]) => versions.split(',').includes(revision)).map(([, scenario]) => scenario)
  for (const scenario of known)
    if (!pass.includes(scenario) && !inPart[scenario] && !leftOut[scenario]) say(false, `${title}: ${scenario}`, 'is named nowhere')
  for (const scenario of [...pass, ...Object.keys(inPart), ...Object.keys(leftOut)])
    if (!known.includes(scenario)) say(false, `${title}: ${scenario}`, 'is no scenario of this suite')
  const played = (scenario) =>
    suite(name, 'server', '--url', `${door.url}/mcp`, '--scenario', scenario, '--spec-version', revision)
  for (const scenario of pass) {
    const run = await played(scenario)
    say(run.code === 0, `${title}: ${scenario}`, run.text)
  }
  for (const [scenario, checks] of Object.entries(inPart)) {
    const run = await played(scenario)
    const wanted = Object.keys(checks).sort()
    say(failedIn(run.text).join() === wanted.join(), `${title}: ${scenario}, but for ${wanted.join(', ')}`, run.text)
  }
  console.log(`     ${title}: ${pass.length} pass, ${Object.keys(inPart).length} in part, ` +
    `${Object.keys(leftOut).length} left out (scenarios.json says why)`)
}
await door.stop()
await purser.stop()
process.exitCode = failed ? 1 : 0
