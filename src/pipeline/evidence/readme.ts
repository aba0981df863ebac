import { PUBLIC_KEY, SIGNATURE, SUMS } from './seal.ts'

export const README_FILE = 'README.txt'

/** What stands first in every bundle: how anybody can check it. The same in all of them. */
export const README = `Evidence for one warning of Invigil, which watches online vocational training.

In here:
  warning.ndjson     every revision of the warning; the last one is the whole truth
  events.ndjson      the records that it depends on, byte for byte as the platform wrote them, in the order of their arrival
  others.ndjson      (only with pseudonyms) records of other people, under pseudonyms
  marks.ndjson       how far event time had come as the records arrived: each mark covers so many lines
  places.json        where addresses were found to be
  contexts/          the rules in force, and the hashes of all else that was
  catalogues/        the part of the catalogue that concerns the events
  models/            the models that rules asked
  bundle.json        which warning, which version of Invigil, which files the records come from, how many of everything there are
  ${SUMS}         the SHA-256 of every file
  ${SIGNATURE}     (only if signed) the Ed25519 signature of ${SUMS}
  ${PUBLIC_KEY}     (only if signed) the signer's public key: compare it with the one that you know

To check that no file was altered, and who has signed them (OpenSSL 3):
  sha256sum --check --strict ${SUMS}
  openssl pkeyutl -verify -pubin -inkey ${PUBLIC_KEY} -rawin -in ${SUMS} -sigfile ${SIGNATURE}

To judge the records again and see whether the same warning comes out, byte for byte, with the version that bundle.json names:
  invigil verify BUNDLE.zip --trust public-key-that-you-know.pem

--------

本文件包是 Invigil（线上职业培训监测）一条预警的证据。

内容：
  warning.ndjson     预警的全部修订版，以最后一版为准
  events.ndjson      预警所依据的记录，与平台所写逐字节一致，按到达顺序排列
  others.ndjson      （仅在使用化名时）其他人员的记录，以化名表示
  marks.ndjson       记录到达时事件时间的推进情况：每个标记覆盖若干行
  places.json        IP 地址的归属地查询结果
  contexts/          当时生效的规则，以及其他各项的哈希值
  catalogues/        课程目录中与这些记录有关的部分
  models/            规则所使用的模型
  bundle.json        预警编号、Invigil 版本、记录来源文件及各项数量
  ${SUMS}         每个文件的 SHA-256
  ${SIGNATURE}     （仅在签名时）${SUMS} 的 Ed25519 签名
  ${PUBLIC_KEY}     （仅在签名时）签名者公钥，请与已知公钥核对

核验文件未被改动及签名者（OpenSSL 3）：
  sha256sum --check --strict ${SUMS}
  openssl pkeyutl -verify -pubin -inkey ${PUBLIC_KEY} -rawin -in ${SUMS} -sigfile ${SIGNATURE}

用 bundle.json 所列版本重新判定这些记录，核对是否逐字节得出同一预警：
  invigil verify BUNDLE.zip --trust 已知公钥.pem
`
