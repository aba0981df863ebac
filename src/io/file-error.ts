import { InvigilError, type Code } from '../base/errors.ts'

/** How these are called in messages and rejects. */
export const STANDARD_INPUT = 'standard input'
export const STANDARD_OUTPUT = 'standard output'

/** A source as messages name it: what the user wrote stands in backticks. */
export function called(name: string): string {
  return name === STANDARD_INPUT || name === STANDARD_OUTPUT ? name : `\`${name}\``
}

/** A failure of the system around a file or folder, in words for the user. */
export function fileError(name: string, e: NodeJS.ErrnoException): InvigilError {
  const [code, text] = explain(called(name), e)
  return new InvigilError(code, text, { cause: e })
}

function explain(file: string, e: NodeJS.ErrnoException): [Code, string] {
  switch (e.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return ['disk-full', `the disk is full: cannot write ${file}; make room and run again`]
    case 'EFBIG':
      return ['disk-full', `${file} has reached the largest size that a file may have here; raise the limit (\`ulimit -f\`) and run again`]
    case 'EACCES':
    case 'EPERM':
      return ['usage', `no permission for ${file}; ask its owner, or name another`]
    case 'EROFS':
      return ['usage', `${file} lies on a file system that cannot be written to; name another place`]
    case 'EISDIR':
      return ['usage', `${file} is a directory where a file is needed`]
    case 'ENOTDIR':
    case 'EEXIST':
      return ['usage', `${file} cannot be a directory, since a file is in the way; name another place`]
    case 'ENAMETOOLONG':
      return ['usage', `${file} is too long a name`]
    case 'EMFILE':
    case 'ENFILE':
      return ['io', `too many files are open: cannot open ${file}; raise the limit (\`ulimit -n\`) or name fewer logs`]
    case 'ENOENT':
      return ['not-found', `there is no directory for ${file}; make it first, or name another place`]
    case undefined:
    default:
      // The system's words, without its code in front and the call behind.
      return ['io', `cannot use ${file}: ${e.message.replace(/^E[A-Z0-9]+: /, '').replace(/, \w+( '.*')?$/, '')}`]
  }
}
