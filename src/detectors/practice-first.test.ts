import { test } from 'vitest'
test.todo('practice-first')
