// A real Redis on this machine, without Docker: the machine's own `redis-server`, else one that a jar on Maven Central carries.
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { fetchOnce } from './fetch.mjs'
import { freePort, newFolder, run, Server, ServiceError, wantedPort } from './server.mjs'

const JAR = 'com.github.codemonstur:embedded-redis:1.4.3'
const BINARIES = {
  'linux-x64': 'redis-server-6.2.6-v5-linux-amd64',
  'linux-arm64': 'redis-server-6.2.7-linux-arm64',
  'darwin-x64': 'redis-server-6.2.6-v5-darwin-amd64',
  'darwin-arm64': 'redis-server-6.2.6-v5-darwin-arm64',
}
const INSTEAD = 'install `redis-server`, or point `REDIS_URL` at a Redis that runs'

/** Starts a Redis; what the options mean stands in redis.d.mts. Throws a `ServiceError` that says what to do. */
export async function startRedis(options = {}) {
  const command = await redisCommand(options)
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(command, options)
    } catch (e) {
      // Somebody took the port between our look and the server's.
      if (tries === 3 || options.port !== undefined || !/address already in use/i.test(e.message)) throw e
    }
  }
}

/** The command that is a Redis server here; one is fetched where there is none. */
export async function redisCommand({ command = 'redis-server', mvn } = {}) {
  try {
    await run(command, ['--version'])
    return command
  } catch (e) {
    if (e.code !== 'ENOENT') throw e
  }
  const binary = BINARIES[`${process.platform}-${process.arch}`]
  if (binary === undefined) throw new ServiceError(`there is no command \`${command}\`, and none to fetch for ${process.platform} on ${process.arch}: ${INSTEAD}`)
  const dir = await fetchOnce('redis-6.2', {
    what: 'Redis 6.2', size: 11, goal: 'unpack', artifacts: [], mvn, instead: INSTEAD,
    flags: (dir) => [`-Dartifact=${JAR}`, `-DoutputDirectory=${dir}`, `-Dmdep.unpack.includes=${binary}`],
  })
  const path = join(dir, binary)
  chmodSync(path, 0o755)
  return path
}

async function startOnce(command, { port: wanted, keep = false, persist = false, args = [], startMs, onDeath }) {
  const port = wanted === undefined ? await freePort() : await wantedPort(wanted, 'Redis')
  const dir = newFolder('redis')
  const server = new Server({
    name: 'Redis', command, dir, keep, startMs, onDeath,
    args: () => ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--save', '', '--appendonly', persist ? 'yes' : 'no', '--appendfsync', 'always', ...args],
    ready: /Ready to accept connections/,
    mends: [[/error while loading shared libraries/, `it does not fit this machine: ${INSTEAD}`]],
  })
  try {
    await server.start()
  } catch (e) {
    await server.stop()
    throw e
  }
  return {
    url: `redis://127.0.0.1:${port}`, port, dir, log: server.log,
    get pid() {
      return server.pid
    },
    kill: (signal) => server.kill(signal),
    restart: () => server.restart(),
    stop: () => server.stop(),
  }
}
