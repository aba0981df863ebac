// Fetches what the services need with Maven, once: into the cache that git ignores.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { CACHE, lastLines, run, ServiceError } from './server.mjs'

const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

const underWay = new Map()
/** Maven's own cache is not made for two at once. */
let last = Promise.resolve()

/**
 * The folder of that name in the cache, filled by Maven if it is not there yet. `goal`: of Maven's dependency plugin; `artifacts`: the
 * dependencies in the pom, as group:artifact:version; `flags(dir)`: further arguments; `instead`: what to do without Maven.
 */
export function fetchOnce(name, options) {
  const dir = join(CACHE, name)
  if (existsSync(dir)) return Promise.resolve(dir)
  let fetching = underWay.get(name)
  if (fetching === undefined) {
    fetching = last.then(() => fetchInto(dir, options)).finally(() => underWay.delete(name))
    underWay.set(name, fetching)
    last = fetching.catch(() => {})
  }
  return fetching
}

async function fetchInto(dir, { what, size, goal, artifacts, flags, instead, mvn = 'mvn' }) {
  process.stderr.write(`fetching ${what} with Maven, once (about ${size} MB)\n`)
  // Under a name of its own until it is whole, so that neither a failure nor another process leaves half of it.
  const part = `${dir}.${randomBytes(4).toString('hex')}.part`
  mkdirSync(part, { recursive: true })
  try {
    writeFileSync(join(part, 'pom.xml'), pom(artifacts))
    let ended
    try {
      ended = await run(mvn, ['--batch-mode', '--quiet', '--file', join(part, 'pom.xml'), `${PLUGIN}:${goal}`, ...flags(part)], { dir: part, cwd: part })
    } catch (e) {
      if (e.code !== 'ENOENT') throw e
      throw new ServiceError(`${what} must be fetched by Maven, once, and there is no command \`${mvn}\`: install Maven, or ${instead}`, { cause: e })
    }
    if (ended.code !== 0) throw new ServiceError(`${what} could not be fetched by Maven: is Maven Central, or a mirror set up for Maven, within reach? Else ${instead}. Maven said:\n${lastLines(firstErrors(ended.text))}`)
    try {
      renameSync(part, dir)
    } catch (e) {
      // Another process was faster; what it fetched is the same.
      if (!existsSync(dir)) throw e
    }
    return dir
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
}

/** Maven repeats itself and ends with advice; what went wrong comes first. */
function firstErrors(text) {
  const plain = stripVTControlCharacters(text)
  const errors = plain.split('\n').filter((l) => l.startsWith('[ERROR]'))
  return errors.length > 0 ? errors.slice(0, 3).join('\n') : plain
}

function pom(artifacts) {
  const dependencies = artifacts.map((a) => {
    const [group, artifact, version] = a.split(':')
    return `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>invigil</groupId>
  <artifactId>services</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${dependencies.join('\n')}
  </dependencies>
</project>
`
}
