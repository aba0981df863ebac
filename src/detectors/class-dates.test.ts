import { test } from 'vitest'
test.todo('class-dates')
