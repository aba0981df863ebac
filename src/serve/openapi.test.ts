import { Ajv2020 } from 'ajv/dist/2020.js'
import { pino } from 'pino'
import { beforeAll, expect, test } from 'vitest'
import { Conditions } from '../io/conditions.ts'
import { serveConfig } from './config.ts'
import { eventRoutes } from './events.ts'
import { FEEDS, type Feeds } from './feed/feed.ts'
import { FileFeed } from './feed/file-feed.ts'
import { feedRoutes } from './feed/routes.ts'
import { apiDocument, type Surroundings } from './server.ts'
import type { Store } from './store.ts'
import { Tokens } from './tokens.ts'

type Json = { [name: string]: Json } & Json[]
let document: Json

beforeAll(async () => {
  const config = serveConfig.parse({})
  const meter = { count: () => undefined, show: () => undefined, showAll: () => undefined, observe: () => undefined }
  const around: Surroundings = { config, log: pino({ level: 'silent' }), meter, health: new Conditions(), readiness: new Conditions() }
  const tokens = Tokens.open(config, 0)
  const feeds = Object.fromEntries(FEEDS.map((name) => [name, new FileFeed(name)])) as unknown as Feeds
  document = (await apiDocument(around, [eventRoutes(around, { tokens, storeOf: () => ({}) as Store, now: () => 0 }), feedRoutes(around, tokens, feeds).routes])) as Json
})

test('it is OpenAPI 3.1 with every path, each with its answers, its token and a description', () => {
  expect(document.openapi).toBe('3.1.0')
  const operations = Object.entries(document.paths as Json).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
  expect(operations.map(({ path, method }) => `${method} ${path}`)).toEqual(['post /v1/events', 'get /v1/warnings', 'get /v1/prompts', 'get /v1/records'])
  for (const { operation } of operations) {
    expect(operation.security).toEqual([{ token: [] }])
    expect(Object.keys(operation.responses as Json)).toEqual(expect.arrayContaining(['200', '400', '401', '403', '429']))
    for (const response of Object.values(operation.responses as Json)) expect(String(response.description).length).toBeGreaterThan(10)
  }
  expect((document.components as Json).securitySchemes).toEqual({ token: { type: 'http', scheme: 'bearer' } })
})

test('every schema in it is a good one, and says of an event what the decoder does', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const schemas: Json[] = []
  const look = (at: unknown): void => {
    if (typeof at !== 'object' || at === null) return
    for (const [name, value] of Object.entries(at)) {
      if (name === 'schema') schemas.push(value as Json)
      look(value)
    }
  }
  look(document.paths)
  expect(schemas.length).toBeGreaterThan(20)
  for (const schema of schemas) expect(ajv.validateSchema(schema), JSON.stringify(ajv.errors)).toBe(true)
  const body = (((document.paths as Json)['/v1/events'] as Json).post as Json).requestBody as Json
  const validate = ajv.compile(((body.content as Json)['application/json'] as Json).schema as Json)
  const event = { id: 'e1', time: '2026-03-02T08:00:00+08:00', action: 'played', platform: 'p1', learner: 'L1', chapter: 'c1' }
  expect(validate([event, { ...event, unknown: [1] }])).toBe(true)
  expect([{ ...event, position: '1' }, { ...event, action: 'danced' }, { id: 'e1' }, [event]].map((e) => validate([e]))).toEqual([false, false, false, false])
})
