import { test } from 'vitest'
test.todo('unregistered-class')
