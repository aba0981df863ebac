import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisCommand, startRedis, type Redis } from '../../services/redis.mjs'
import { InvigilError } from '../base/errors.ts'
import { listen, Relay } from '../testing/relay.ts'
import { START_MS } from '../testing/services.ts'
import { bytes, manifest, read } from '../testing/store-laws.ts'
import { RedisStore } from './redis-store.ts'

const MIB = 1 << 20
const SECRET = 's3cr3t-%40-pass'

const servers: Redis[] = []
const dir = mkdtempSync(join(tmpdir(), 'invigil-'))
beforeAll(async () => {
  // Where the machine has none it is fetched, which takes longer than a test may.
  await redisCommand()
}, START_MS)
afterAll(async () => {
  for (const server of servers) await server.stop()
  rmSync(dir, { recursive: true })
})

async function start(...args: string[]): Promise<Redis> {
  const server = await startRedis({ args })
  servers.push(server)
  return server
}

async function failure(what: Promise<unknown>): Promise<InvigilError> {
  const e = await what.then(() => new Error('it came through'), (x: unknown) => x)
  expect(e).toBeInstanceOf(InvigilError)
  // Neither in its words nor in anything that a log would show of it.
  expect(inspect(e, { depth: 20, showHidden: true })).not.toContain(SECRET)
  return e as InvigilError
}

describe('a Redis that dies', () => {
  test('killed and emptied under a file: the file fails, and a new snapshot comes through', async () => {
    const server = await start()
    const store = await RedisStore.open({ url: server.url }, 't')
    const base = await store.write([bytes('base')])
    await store.commit(bytes('1'), [base])
    let isOver = false
    const restart = async () => {
      await server.kill()
      await server.restart()
      isOver = true
    }
    const chunks = function* () {
      for (let n = 0, after = 0; after < 2; n++) {
        if (n === 3) void restart()
        if (isOver) after++
        yield new Uint8Array(MIB)
      }
    }
    expect(await failure(store.write(chunks()))).toMatchObject({ code: 'bad-state' })
    expect(await store.manifest()).toBeUndefined()
    expect(await failure(store.commit(bytes('2'), [base]))).toMatchObject({ code: 'bad-state' })
    const again = await store.write([bytes('again')])
    await store.commit(bytes('3'), [again])
    expect([await manifest(store), await read(store, again)]).toEqual(['3', 'again'])
    await store.close()
  })

  test('one that is gone fails what is asked, and is used again when it is back', async () => {
    const server = await start()
    const store = await RedisStore.open({ url: server.url, commandTimeout: 1_000 }, 't')
    await server.kill()
    const pulled: number[] = []
    const chunks = function* () {
      for (let n = 0; n < 3; n++) {
        pulled.push(n)
        yield bytes('x')
      }
    }
    const e = await failure(store.write(chunks()))
    expect(e).toMatchObject({ code: 'io', message: `nothing listens for redis at \`127.0.0.1:${server.port}\`` })
    // What cannot be written is not asked for: giving it out may cost its giver what it knows.
    expect(pulled).toEqual([])
    await server.restart()
    const name = await store.write(chunks())
    await store.commit(bytes('1'), [name])
    expect(await read(store, name)).toBe('xxx')
    await store.close()
  })

  test('one that hangs holds nothing up for ever, and takes little memory', async () => {
    const server = await start()
    const store = await RedisStore.open({ url: server.url, commandTimeout: 500 }, 't')
    await store.commit(bytes('1'), [])
    let pulled = 0
    const chunks = function* () {
      for (; pulled < 500; pulled++) {
        if (pulled === 10) void server.kill('SIGSTOP')
        yield new Uint8Array(MIB)
      }
    }
    const e = await failure(store.write(chunks()))
    expect(e).toMatchObject({ code: 'io', message: `redis at \`127.0.0.1:${server.port}\` does not answer` })
    expect(pulled).toBeLessThan(20)
    expect(await failure(store.manifest())).toMatchObject({ code: 'io' })
    expect(await failure(RedisStore.open({ url: server.url, commandTimeout: 500 }, 't'))).toMatchObject({ code: 'io' })
    await server.kill('SIGCONT')
    expect(await manifest(store)).toBe('1')
    await store.close()
  })

  test('one that is full says so, and what was committed stays', async () => {
    const server = await start('--maxmemory', '24mb', '--maxmemory-policy', 'noeviction')
    const store = await RedisStore.open({ url: server.url }, 't')
    const name = await store.write([new Uint8Array(3 * MIB)])
    await store.commit(bytes('1'), [name])
    const chunks = Array.from({ length: 40 }, () => new Uint8Array(MIB))
    expect(await failure(store.write(chunks))).toMatchObject({ code: 'disk-full', message: expect.stringContaining('maxmemory') as string })
    // The room is free again.
    const next = await store.write([new Uint8Array(10 * MIB)])
    await store.commit(bytes('2'), [next])
    expect([await manifest(store), (await read(store, next)).length]).toEqual(['2', 10 * MIB])
    await store.close()
  })

  test('one that evicts loses no half state', async () => {
    const server = await start('--maxmemory', '24mb', '--maxmemory-policy', 'allkeys-random')
    const store = await RedisStore.open({ url: server.url }, 't')
    expect(await failure(store.write(Array.from({ length: 60 }, () => new Uint8Array(MIB))))).toMatchObject({ code: 'bad-state' })
    await store.close()
  })
})

describe('addresses and secrets', () => {
  test('where nothing listens, and where somebody listens but says nothing, the address is told', async () => {
    const gone = createServer()
    const port = await listen(gone)
    await new Promise((done) => gone.close(done))
    const url = `redis://u:${encodeURIComponent(SECRET)}@127.0.0.1:${port}/3`
    expect(await failure(RedisStore.open({ url, commandTimeout: 1_000 }, 't'))).toMatchObject({ code: 'io', message: `nothing listens for redis at \`127.0.0.1:${port}\`` })
    const sockets: Socket[] = []
    const mute = createServer((socket) => sockets.push(socket.on('error', () => undefined)))
    const at = await listen(mute)
    expect(await failure(RedisStore.open({ url: `redis://127.0.0.1:${at}`, password: SECRET, commandTimeout: 300 }, 't'))).toMatchObject({
      code: 'io', message: `redis at \`127.0.0.1:${at}\` does not answer`,
    })
    for (const s of sockets) s.destroy()
    mute.close()
  })

  test('passwords: of the default user, of another, in the URL, wrong, missing', async () => {
    const server = await start('--requirepass', SECRET, '--user', 'task', 'on', `>${SECRET}2`, '~invigil:*', '+@all')
    const withUser = (user: string, password: string) => `redis://${user}:${encodeURIComponent(password)}@127.0.0.1:${server.port}`
    for (const options of [
      { url: server.url, password: SECRET },
      { url: withUser('', SECRET) },
      { url: withUser('', 'wrong'), password: SECRET },
      { url: server.url, username: 'task', password: `${SECRET}2` },
      { url: withUser('task', `${SECRET}2`) },
    ]) {
      const store = await RedisStore.open(options, 't')
      await store.commit(bytes('1'), [])
      expect(inspect(store, { depth: 20, showHidden: true })).not.toContain(SECRET)
      expect(JSON.stringify(store)).not.toContain(SECRET)
      await store.close()
    }
    expect(await failure(RedisStore.open({ url: server.url, password: `${SECRET}x` }, 't'))).toMatchObject({ code: 'usage', message: expect.stringContaining('refuses') as string })
    expect(await failure(RedisStore.open({ url: server.url }, 't'))).toMatchObject({ code: 'usage', message: expect.stringContaining('needs a password') as string })
    // A user who may not touch these keys.
    expect(await failure(RedisStore.open({ url: withUser('task', `${SECRET}2`), prefix: 'other:' }, 't'))).toMatchObject({ code: 'usage', message: expect.stringContaining('forbids') as string })
  })

  test('a Redis that repeats the password in its error is not repeated', async () => {
    const server = await start('--rename-command', 'AUTH', 'LOGIN')
    expect(await failure(RedisStore.open({ url: server.url, password: SECRET }, 't'))).toMatchObject({ code: 'io', message: expect.stringContaining('unknown command') as string })
  })

  test.each([
    [{ url: SECRET }, 'no URL'],
    [{ url: `http://u:${SECRET}@host` }, 'another kind'],
    [{ url: `redis://u:${SECRET}@` }, 'no URL'],
    [{ url: `redis://u:100%@host` }, 'no URL'],
    [{ url: 'redis:///0' }, 'lacks a host'],
    [{ url: `redis://host/${SECRET}` }, 'no number'],
    [{ url: `redis://host?password=${SECRET}` }, 'behind its path'],
    [{ url: 'redis://host', ca: 'ca.pem' }, '`ca.pem`'],
  ])('%#: a wrong address is told without repeating it', async (options, text) => {
    expect(await failure(RedisStore.open(options, 't'))).toMatchObject({ code: 'usage', message: expect.stringContaining(text) as string })
  })
})

describe('TLS', () => {
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]

  test('with the CA\'s file it works; without it, with a wrong name and without TLS the user is told', async () => {
    const redis = await start()
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2', ...names], { stdio: 'pipe' })
    const front = await Relay.before(redis.port, '127.0.0.1', { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') })
    const store = await RedisStore.open({ url: `rediss://localhost:${front.port}`, ca: cert }, 't')
    const name = await store.write([new Uint8Array(5 * MIB).fill(65)])
    await store.commit(bytes('1'), [name])
    expect([await manifest(store), (await read(store, name)).length]).toEqual(['1', 5 * MIB])
    await store.close()
    const quick = { commandTimeout: 1_000 }
    expect(await failure(RedisStore.open({ url: `rediss://localhost:${front.port}`, ...quick }, 't'))).toMatchObject({ code: 'usage', message: expect.stringContaining('is not trusted') as string })
    expect(await failure(RedisStore.open({ url: `rediss://127.0.0.1:${front.port}`, ca: cert, ...quick }, 't'))).toMatchObject({ code: 'usage', message: expect.stringContaining('is not trusted') as string })
    expect(await failure(RedisStore.open({ url: `redis://localhost:${front.port}`, ...quick }, 't'))).toMatchObject({ code: 'io', message: expect.stringContaining('`rediss://`') as string })
    // Whether a Redis without TLS answers to it at all is a matter of the random bytes in it.
    expect(await failure(RedisStore.open({ url: `rediss://127.0.0.1:${redis.port}`, ca: cert, ...quick }, 't'))).toMatchObject({ message: expect.stringContaining('without TLS its address begins with `redis://`') as string })
    front.close()
  })

  test('a CA file that is missing or none', async () => {
    writeFileSync(join(dir, 'none.pem'), 'none')
    const url = 'rediss://localhost:1'
    expect(await failure(RedisStore.open({ url, ca: join(dir, 'missing.pem') }, 't'))).toMatchObject({ code: 'not-found' })
    expect(await failure(RedisStore.open({ url, ca: join(dir, 'none.pem') }, 't'))).toMatchObject({ code: 'usage' })
  })
})
