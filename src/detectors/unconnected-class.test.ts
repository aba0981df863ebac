import { test } from 'vitest'
test.todo('unconnected-class')
