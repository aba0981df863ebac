import { test } from 'vitest'
test.todo('unplanned-chapter')
