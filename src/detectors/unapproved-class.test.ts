import { test } from 'vitest'
test.todo('unapproved-class')
