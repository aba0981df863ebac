import { test } from 'vitest'
test.todo('missing-subject')
