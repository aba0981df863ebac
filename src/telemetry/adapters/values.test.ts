import { expect, test } from 'vitest'
import { blockId, courseKey, courseOfPage, durationSeconds, hostOf, identity, instant, lengthOf, seconds, speed, utc } from './values.ts'

test.each<[string, number | undefined]>([
  ['PT05M21S', 321], ['PT1H2M3.5S', 3723.5], ['PT0.032788S', 0.033], ['P0D', 0], ['PT0S', 0], ['P1DT1S', 86_401], ['P2W', 1_209_600], ['PT1,5S', 1.5], ['PT36H', 129_600],
  ['P', undefined], ['PT', undefined], ['P1Y', undefined], ['P1M', undefined], ['PT1S2M', undefined], ['-PT5S', undefined], ['5', undefined], ['', undefined],
])('the duration %j', (text, expected) => {
  expect(durationSeconds(text)).toBe(expected)
})

test.each<[unknown, unknown]>([
  [12.3456789, 12.346], ['12.5', 12.5], ['PT1M', 60], ['-1', -1], [null, undefined], ['', undefined], [undefined, undefined],
  ['soon', 'soon'], [true, true], ['1e3', '1e3'], ['9'.repeat(65), '9'.repeat(65)],
])('seconds of %j', (value, expected) => {
  expect(seconds(value)).toEqual(expected)
})

test.each<[unknown, unknown]>([[0, undefined], ['0', undefined], ['P0D', undefined], [null, undefined], [195, 195], ['PT3M15S', 195], ['long', 'long']])('the length %j', (value, expected) => {
  expect(lengthOf(value)).toEqual(expected)
})

test.each<[unknown, number | undefined]>([['1.25x', 1.25], ['0.5', 0.5], [2, 2], ['2X', 2], [0, undefined], [-1, undefined], ['fast', undefined], [Number.POSITIVE_INFINITY, undefined], [null, undefined]])('the speed %j', (value, expected) => {
  expect(speed(value)).toBe(expected)
})

test.each<[unknown, unknown]>([
  ['block-v1:edX+DemoX+Demo_Course+type@video+block@0b9e', '0b9e'],
  ['http://h:18000/xblock/block-v1:edX+DemoX+Demo_Course+type@video+block@0b9e', '0b9e'],
  ['http://h/xblock/ccx-block-v1:edX+DemoX+D+ccx@1+type@problem+block@0b9e?x=1', '0b9e'],
  ['i4x://edX/DemoX/video/0b9e', '0b9e'], ['i4x-edX-DemoX-video-0b9e', '0b9e'], ['i4x://edX/DemoX/problem/H1P2', 'H1P2'],
  ['i4x-Medicine-HRP258-videoalpha-be49', 'be49'],
  ['i4x-HarvardX-PH207x-video-Simple_Random_Sample', 'Simple_Random_Sample'],
  ['0b9e', '0b9e'], ['uuid://7d4f', '7d4f'], ['urn:uuid:7d4f', '7d4f'], ['https://example.edu/videos/7', 'https://example.edu/videos/7'],
  ['', undefined], [null, undefined], [7, 7],
])('the block %j', (id, expected) => {
  expect(blockId(id)).toEqual(expected)
})

test.each<[unknown, unknown]>([
  ['http://h/course/course-v1:edX+DemoX+D', 'course-v1:edX+DemoX+D'], ['http://h/courses/ccx-v1:edX+DemoX+D+ccx@1/about', 'ccx-v1:edX+DemoX+D+ccx@1'],
  ['course-v1:edX+DemoX+D', 'course-v1:edX+DemoX+D'], ['edX/DemoX/D', 'edX/DemoX/D'], ['http://h/courses/course-v1%3AedX%2BDemoX%2BD/x', 'course-v1:edX+DemoX+D'], ['https://lms.example/course/7', 'https://lms.example/course/7'], ['', undefined],
])('the course %j', (id, expected) => {
  expect(courseKey(id)).toEqual(expected)
})

test.each<[unknown, string | undefined]>([
  ['https://h/courses/BerkeleyX/Stat_2.1x/1T2014/courseware/d4/bd/', 'BerkeleyX/Stat_2.1x/1T2014'], ['https://h/courses/course-v1:edX+DemoX+D/courseware', 'course-v1:edX+DemoX+D'],
  ['https://h/courses/course-v1%3AedX%2BDemoX%2BD', 'course-v1:edX+DemoX+D'], ['https://h/courses', undefined], ['x_module', undefined], [null, undefined],
])('the course of the page %j', (page, expected) => {
  expect(courseOfPage(page)).toBe(expected)
})

test.each<[unknown, string | undefined]>([
  ['https://learn.example.org/users/1', 'learn.example.org'], ['http://localhost:18000', 'localhost:18000'], ['https://A.example/', 'a.example'],
  ['urn:uuid:1', undefined], ['mailto:a@b.c', undefined], ['https://[broken', undefined], ['x_module', undefined], [7, undefined],
])('the host of %j', (url, expected) => {
  expect(hostOf(url)).toBe(expected)
})

test.each<[unknown, unknown]>([[3, '3'], ['3', '3'], ['', undefined], [null, undefined], [Number.NaN, Number.NaN], [['a'], ['a']]])('the person %j', (value, expected) => {
  expect(identity(value)).toEqual(expected)
})

test('times', () => {
  expect(utc('2013-03-15T14:56:42.123456')).toBe('2013-03-15T14:56:42.123456Z')
  expect(utc('2013-03-15 14:56:42')).toBe('2013-03-15 14:56:42Z')
  expect(utc('2013-03-15T14:56:42+08:00')).toBe('2013-03-15T14:56:42+08:00')
  expect([utc('2013-03-15'), utc(''), utc(null), utc(7)]).toEqual(['2013-03-15', undefined, undefined, 7])
  expect(instant('2026-03-02T08:00:00.5+0800')).toBe('2026-03-02T08:00:00.5+08:00')
  expect(instant('2026-03-02T08:00:00')).toBe('2026-03-02T08:00:00')
})
