// Runs a personal data server of the AT Protocol with two accounts, prints where it is and how to get in as one line of
// JSON, and ends when its standard input does: a test that dies leaves nothing behind.
import { TestNetworkNoAppView } from '@atproto/dev-env'

const network = await TestNetworkNoAppView.create({})
const url = network.pds.url

async function call(method, body, token) {
  const headers = { 'content-type': 'application/json' }
  if (token) headers.authorization = `Bearer ${token}`
  const answer = await fetch(`${url}/xrpc/${method}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${method}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

async function account(name) {
  const password = `a-password-of-${name}`
  const handle = `${name}.test`
  const created = await call('com.atproto.server.createAccount', { handle, email: `${name}@example.com`, password })
  const app = await call('com.atproto.server.createAppPassword', { name: 'crieur' }, created.accessJwt)
  return { did: created.did, handle, password: app.password }
}

const accounts = [await account('ada'), await account('bob')]
process.stdout.write(`${JSON.stringify({ url, accounts })}\n`)

process.stdin.resume()
process.stdin.on('end', async () => {
  await network.close()
  process.exit(0)
})
