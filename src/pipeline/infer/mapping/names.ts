import type { FieldName } from '../../../telemetry/mapping/schema.ts'

/** How columns are called that hold a field: whole names, and words within one. The longest that fits counts. */
const NAMES: Readonly<Partial<Record<FieldName | 'begin' | 'end', readonly string[]>>> = {
  id: ['event id', 'record id', 'log id', 'statement id', 'id', 'uuid', 'guid', 'seq', 'serial no', '事件编号', '事件id', '记录编号', '记录id', '日志编号', '日志id', '流水号', '序号'],
  time: ['time', 'timestamp', 'datetime', 'event time', 'occurred at', 'created at', 'create time', 'created', 'time created', 'date time', 'log time', 'op time', 'ts', 'time stamp', '时间', '发生时间', '操作时间', '事件时间', '记录时间', '学习时间', '创建时间', '日期时间', '时间戳', '行为时间'],
  received: ['received', 'received at', 'server time', 'stored', 'stored at', 'ingest time', 'receive time', 'upload time', 'insert time', '接收时间', '服务器时间', '入库时间', '上报时间', '上传时间', '到达时间'],
  begin: ['start time', 'begin time', 'started at', 'start', 'begin', 'start at', '开始时间', '起始时间', '开始学习时间', '进入时间'],
  end: ['end time', 'finish time', 'ended at', 'end', 'stop time', 'end at', '结束时间', '终止时间', '结束学习时间', '离开时间', '退出时间'],
  action: ['action', 'event', 'event type', 'event name', 'type', 'verb', 'operation', 'op', 'op type', 'behavior', 'behaviour', 'activity', 'act', '行为', '动作', '操作', '事件', '事件类型', '操作类型', '行为类型', '类型', '事件名称'],
  platform: ['platform', 'platform id', 'site', 'tenant', 'source', '平台', '平台编号', '平台名称', '来源'],
  learner: ['learner', 'learner id', 'user id', 'userid', 'uid', 'user', 'student id', 'student no', 'student', 'student number', 'stu no', 'stu id', 'member id', 'person id', 'trainee', '用户id', '用户编号', '用户', '学号', '学员编号', '学员id', '学员', '学生编号', '学生', '身份证号', '身份证号码', '身份证', '人员编号', '学员账号', '学员帐号', '学生账号', '用户账号', '用户帐号'],
  account: ['account', 'username', 'user name', 'login', 'login name', 'account name', 'mobile', 'phone', '账号', '帐号', '登录账号', '登录帐号', '登录名', '用户名', '手机号', '账户'],
  session: ['session', 'session id', 'sid', 'token', 'login id', '会话', '会话编号', '会话id', '会话号', '登录编号', '令牌', '登录令牌'],
  device: ['device', 'device id', 'imei', 'terminal', 'terminal id', 'client id', 'machine id', '设备', '设备编号', '设备id', '设备号', '终端', '终端编号', '设备标识'],
  agent: ['user agent', 'agent', 'ua', 'browser', '浏览器', '用户代理', '客户端信息'],
  ip: ['ip', 'ip address', 'ip addr', 'client ip', 'remote addr', 'login ip', 'ipaddr', 'ip地址', '登录ip', '客户端ip', '地址', '网络地址'],
  class: ['class', 'class id', 'class no', 'cohort', 'batch', 'group', 'clazz', '班级', '班级编号', '班级名称', '班级id', 'clazz id', 'class name', '班次', '期次', '培训班', '培训班编号'],
  course: ['course', 'course id', 'course no', 'course code', 'subject id', '课程', '课程编号', '课程id', '课程代码', '课程名称', '课程号'],
  chapter: ['chapter', 'chapter id', 'lesson', 'lesson id', 'section', 'section id', 'unit', 'unit id', 'courseware', 'courseware id', 'lecture id', 'resource id', 'object id', '章节', '章节编号', '章节id', '课时', '课时编号', '课时id', '课件', '课件编号', '课件id', '小节', '单元', '章节名称'],
  video: ['video', 'video id', 'media id', 'vid', '视频', '视频编号', '视频id', '媒体编号'],
  position: ['position', 'current time', 'progress', 'play position', 'playhead', 'play time', 'cur time', 'pos', 'current position', 'playing time', 'offset', '进度', '播放进度', '播放位置', '当前位置', '观看进度', '学习进度', '播放时间点', '观看位置', '位置'],
  from: ['from', 'old time', 'seek from', 'from position', 'time from', '起点', '拖动前', '拖拽前', '原位置'],
  to: ['to', 'new time', 'seek to', 'to position', 'time to', '终点', '拖动后', '拖拽后', '目标位置'],
  length: ['length', 'duration', 'total time', 'video length', 'video duration', 'media length', 'total duration', '时长', '总时长', '视频时长', '课件时长', '总长度', '长度'],
  rate: ['rate', 'speed', 'playback rate', 'play rate', 'play speed', '倍速', '播放速度', '播放倍速', '速率'],
  visible: ['visible', 'is visible', 'page visible', 'foreground', 'focus', '可见', '页面可见', '前台', '是否前台', '是否可见'],
  muted: ['muted', 'mute', 'is muted', '静音', '是否静音'],
  inputs: ['inputs', 'clicks', 'input count', 'key count', 'mouse count', 'interactions', '操作次数', '点击次数', '输入次数', '交互次数'],
  item: ['item', 'question id', 'question', 'quiz id', 'item id', 'problem id', '题目', '题目编号', '试题编号', '题号', '试题id'],
  correct: ['correct', 'is correct', 'is right', 'right', '是否正确', '正确', '对错'],
  elapsed: ['elapsed', 'answer time', 'time taken', 'time spent', 'cost time', '用时', '答题用时', '耗时', '答题时长'],
  challenge: ['challenge', 'check id', 'face check id', 'verify id', '核验编号', '人脸编号', '验证编号', '抓拍编号'],
  outcome: ['outcome', 'check result', 'verify result', 'face result', 'result', '结果', '核验结果', '比对结果', '人脸结果', '验证结果', '识别结果'],
  photo: ['photo', 'photo hash', 'image hash', 'face hash', 'dhash', 'phash', '照片', '照片哈希', '照片指纹', '图片指纹'],
  similarity: ['similarity', 'score', 'face score', 'confidence', '相似度', '比对分数', '置信度', '匹配度'],
}

/** Words beside a field's own by which a column holds something else: what kind of device, how long somebody studied. */
const NOT: Readonly<Partial<Record<FieldName | 'begin' | 'end', RegExp>>> = {
  device: /类型|型号|名称|系统|type|model|name|brand|os\b/, platform: /类型|type/, length: /学习|观看|累计|有效|study|watch|learn|spent|used/, learner: /姓名|名称|类型|name|type|agent/, session: /类型|时长|type|time/,
  course: /类型|进度|type|progress/, chapter: /类型|进度|type|progress/, class: /类型|type/, video: /时长|长度|进度|length|duration|time|type/, account: /类型|type/, ip: /类型|归属|type/, id: /./,
  action: /时间|次数|time|count/, time: /时长|次数|count/, position: /总|百分|total/,
}

/** Of a name, in the words that it is made of: `playTime_ms` is `play time ms`. */
export function wordsOf(name: string): string {
  return name.replace(/([a-z\d])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2').toLowerCase().replace(/[\s_\-./\\[\]"'()（）:：]+/g, ' ').trim()
}

/** Units that stand at the end of a name say nothing of what it is. */
const UNIT_WORDS = / ?(?:ms|msec|millis|milliseconds|s|sec|secs|seconds|min|mins|minutes|毫秒|秒|分钟|分|%|percent|百分比)$/

/** Chinese tables call the same a number, a code or a mark, and say whose it is or not. */
function usualOf(words: string): string {
  return words.replace(/^(?:所属|所在|当前)/, '').replace(/(?:编码|代码|标识符?)$/, '编号')
}

/** How well a column's name fits a field, from 0 to 4. */
export function nameScore(path: string, field: FieldName | 'begin' | 'end'): number {
  const whole = wordsOf(path)
  // The last step says what it is, those before it of what.
  const last = wordsOf(/[^.[\]]+(?=[\]\d"[]*$)/.exec(path)?.[0] ?? path)
  let score = 0
  for (const name of NAMES[field] ?? []) {
    const forms = new Set([whole, last, whole.replace(UNIT_WORDS, ''), last.replace(UNIT_WORDS, ''), usualOf(whole)])
    if (forms.has(name)) score = Math.max(score, [whole, whole.replace(UNIT_WORDS, ''), usualOf(whole)].includes(name) ? 4 : 3.5)
    else if (isWithin(name, whole) && !(NOT[field]?.test(whole) ?? false)) score = Math.max(score, 1.5 + Math.min(1, name.length / 10))
  }
  return score
}

function isWithin(name: string, words: string): boolean {
  // Chinese is written without spaces; a short English word is in many others.
  return /[^\x20-\x7e]/.test(name) ? name.length > 1 && words.includes(name) : ` ${words} `.includes(` ${name} `) && name.length > 2
}

/**
 * What actions are called: the first that fits counts. Where what a word says of the lesson is not plain, it stands for none: somebody says it then,
 * and nobody is credited or accused by a guess.
 */
const ACTION_WORDS: readonly (readonly [pattern: RegExp, action: string | undefined])[] = [
  [/^(?!.*(?:face|verif|人脸|核验|抓拍|活体)).*(?:失败|未|取消|错误|异常|出错|fail|error|cancel|abort|incomplete|unfinished|denied|timed? ?out)/, undefined],
  [/heart ?beat|^beat$|^ping$|^tick$|(?:report|update|save|sync|video|playing|watch) progress|^progress$|time ?update|心跳|(?:上报|更新|保存|同步)进度|进度(?:上报|更新|保存|同步)|定时上报/, 'heartbeat'],
  [/rate ?change|speed ?change|change (?:rate|speed)|倍速|变速|调速/, 'rate-changed'],
  [/^seek|drag|\bjump|拖动|拖拽|快进|跳转播放/, 'seeked'],
  [/face.*(?:request|start|begin)|请求人脸|发起核验|弹出核验|人脸请求|发起人脸/, 'face-requested'],
  [/face|verif(?:y|ied)|人脸|核验|抓拍|活体/, 'face-checked'],
  [/log(?:ged)? ?(?:out|off)\b|sign(?:ed)? ?out|退出登录|登出|注销|退出系统/, 'logged-out'],
  [/log(?:ged)? ?(?:in|on)\b|sign(?:ed)? ?in\b|登录|登陆/, 'logged-in'],
  [/answer|submit|答题|提交答案|作答/, 'answered'],
  [/考试|测验|测试|作业|问卷|资料|讲义|下载|上传|列表|\b(?:exam|quiz|test|homework|assignment|survey)|down ?load|up ?load|list\b/, undefined],
  [/pause|暂停/, 'paused'],
  [/complete|finish|ended|完成|播放结束|学完|播完/, 'completed'],
  [/terminat|close|leave|\bexit|\bstop|关闭|离开|退出|停止|结束播放|结束学习|结束观看/, 'terminated'],
  // Of the media, or of what somebody did?
  [/\bend\b|结束/, undefined],
  [/\binit|\bload|\bready|\benter|打开|进入课|进入章|进入学习|进入播放|加载/, 'initialized'],
  [/(?<!dis)play|resume|^start|继续|播放|开始学习|开始观看/, 'played'],
  [/navigat|\bview|\bbrowse|\bvisit|浏览|访问|查看/, 'navigated'],
  // Not a daily sign-in (签到): whoever attends has been to a practice lesson.
  [/\battend|出勤|到课/, 'attended'],
]

/** The action that a word most likely stands for; undefined where that is not plain. */
export function actionOf(word: string): string | undefined {
  const words = wordsOf(word)
  return ACTION_WORDS.find(([pattern]) => pattern.test(words))?.[1]
}

const OUTCOMES: readonly (readonly [pattern: RegExp, outcome: string])[] = [
  [/fail|false|reject|^0$|失败|[不未](?:通过|一致|匹配|成功|符)/, 'failed'], [/miss|timeout|time out|超时|未响应|未做/, 'missed'], [/unusable|invalid|no face|blur|无人脸|模糊|无效/, 'unusable'],
  [/pass|success|true|ok|^1$|通过|成功|一致|匹配/, 'passed'],
]

export function outcomeOf(word: string): string | undefined {
  const words = wordsOf(word)
  return OUTCOMES.find(([pattern]) => pattern.test(words))?.[1]
}
