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
  ['课时编码', 'chapter'], ['课程代码', 'course'], ['所属班级', 'class'], ['学员账号', 'learner'], ['登录账号', 'account'], ['登录令牌', 'session'],
])('%s is called like `%s`', (name, role) => {
  expect(best(name)).toBe(role)
})

test.each(['备注', 'remark', 'price', 'x', 'description'])('%s is called like nothing', (name) => {
  expect(ROLES.filter((role) => nameScore(name, role) >= 2)).toEqual([])
})

test.each([
  ['开始播放', 'played'], ['video_play', 'played'], ['继续播放', 'played'], ['暂停', 'paused'], ['pauseVideo', 'paused'], ['心跳', 'heartbeat'], ['HEART_BEAT', 'heartbeat'], ['拖动进度', 'seeked'], ['播放完成', 'completed'], ['video.ended', 'completed'],
  ['登录', 'logged-in'], ['退出登录', 'logged-out'], ['login', 'logged-in'], ['logged_in', 'logged-in'], ['user.logged_out', 'logged-out'], ['video_progress', 'heartbeat'], ['保存进度', 'heartbeat'], ['拖动进度条', 'seeked'], ['logout', 'logged-out'], ['人脸核验', 'face-checked'], ['发起核验', 'face-requested'], ['倍速播放', 'rate-changed'], ['答题', 'answered'], ['关闭页面', 'terminated'], ['stop_video', 'terminated'], ['停止播放', 'terminated'], ['退出播放', 'terminated'], ['进入播放页', 'initialized'], ['下载讲义', undefined], ['xyz', undefined],
  // What did not happen, or not to the lesson, or what may be either.
  ...['登录失败', 'login_failed', '播放失败', 'play_error', '未完成', 'incomplete', '取消播放', '完成考试', 'finishExam', '进入考试', 'download', 'displayCaption', 'playlist', 'play_end', 'end', '结束', '签到', 'signup', 'preview'].map((word): [string, undefined] => [word, undefined]),
])('what happened: %s', (word, action) => {
  expect(actionOf(word)).toBe(action)
})

test.each([['通过', 'passed'], ['不通过', 'failed'], ['未通过', 'failed'], ['未匹配', 'failed'], ['超时', 'missed'], ['SUCCESS', 'passed'], ['无人脸', 'unusable'], ['?', undefined]])('a check that ended with %s', (word, outcome) => {
  expect(outcomeOf(word)).toBe(outcome)
})
