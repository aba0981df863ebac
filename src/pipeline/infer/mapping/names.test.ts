import { expect, test } from 'vitest'
import { FIELDS } from '../../../telemetry/event.ts'
import { actionOf, nameScore, outcomeOf, wordsOf } from './names.ts'
import type { Role } from './guess.ts'

test.each([['playTime_ms', 'play time ms'], ['userID', 'user id'], ['HTTPServer', 'http server'], ['event.data["a.b"]', 'event data a b'], ['播放进度(秒)', '播放进度 秒']])('the words of %s', (name, words) => {
  expect(wordsOf(name)).toBe(words)
})

const ROLES: Role[] = ['id', 'time', 'action', 'platform', 'learner', 'begin', 'end', ...FIELDS]
const best = (name: string): string => ROLES.map((role) => ({ role, score: nameScore(name, role) })).sort((a, b) => b.score - a.score)[0]?.role ?? ''

test.each([
  ['学号', 'learner'], ['用户ID', 'learner'], ['user.id', 'learner'], ['studentNo', 'learner'], ['登录名', 'account'], ['操作时间', 'time'], ['createdAt', 'time'], ['服务器时间', 'received'], ['开始时间', 'begin'], ['end_time', 'end'],
  ['课程编号', 'course'], ['data.courseId', 'course'], ['课时编号', 'chapter'], ['lesson', 'chapter'], ['班级', 'class'], ['播放进度(秒)', 'position'], ['currentTimeMs', 'position'], ['视频时长', 'length'], ['duration', 'length'],
  ['IP地址', 'ip'], ['clientIp', 'ip'], ['设备号', 'device'], ['User-Agent', 'agent'], ['倍速', 'rate'], ['sessionId', 'session'], ['相似度', 'similarity'], ['核验结果', 'outcome'], ['事件类型', 'action'], ['verb', 'action'], ['平台', 'platform'],
])('%s is called like `%s`', (name, role) => {
  expect(best(name)).toBe(role)
})

test.each(['备注', 'remark', 'price', 'x', 'description'])('%s is called like nothing', (name) => {
  expect(ROLES.filter((role) => nameScore(name, role) >= 2)).toEqual([])
})

test.each([
  ['开始播放', 'played'], ['video_play', 'played'], ['继续播放', 'played'], ['暂停', 'paused'], ['pauseVideo', 'paused'], ['心跳', 'heartbeat'], ['HEART_BEAT', 'heartbeat'], ['拖动进度', 'seeked'], ['播放完成', 'completed'], ['video.ended', 'completed'],
  ['登录', 'logged-in'], ['退出登录', 'logged-out'], ['login', 'logged-in'], ['logout', 'logged-out'], ['人脸核验', 'face-checked'], ['发起核验', 'face-requested'], ['倍速播放', 'rate-changed'], ['答题', 'answered'], ['关闭页面', 'terminated'], ['下载讲义', undefined], ['xyz', undefined],
])('what happened: %s', (word, action) => {
  expect(actionOf(word)).toBe(action)
})

test.each([['通过', 'passed'], ['不通过', 'failed'], ['未通过', 'failed'], ['超时', 'missed'], ['SUCCESS', 'passed'], ['无人脸', 'unusable'], ['?', undefined]])('a check that ended with %s', (word, outcome) => {
  expect(outcomeOf(word)).toBe(outcome)
})
