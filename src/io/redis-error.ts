import { InvigilError, type Code } from '../base/errors.ts'

/** What Redis answered, in words for the user. `secret` never gets into them. */
export function replyError(address: string, message: string, secret: string | undefined): InvigilError {
  const [code, text] = explainReply(`redis at \`${address}\``, message, secret)
  return new InvigilError(code, text)
}

/** Why there is no connection, in words for the user. */
export function connectionError(address: string, e: NodeJS.ErrnoException, isTls: boolean): InvigilError {
  const [code, text] = explainConnection(`redis at \`${address}\``, e, isTls)
  return new InvigilError(code, text)
}

function explainReply(redis: string, message: string, secret: string | undefined): [Code, string] {
  // An error inside a script stands behind words of the script's in older versions.
  const kind = /\b(WRONGPASS|NOAUTH|NOPERM|OOM|READONLY|MISCONF|LOADING|MASTERDOWN|BUSY)\b/.exec(message)?.[1]
  switch (kind) {
    case 'WRONGPASS':
      return ['usage', `${redis} refuses the user name or the password`]
    case 'NOAUTH':
      return ['usage', `${redis} needs a password`]
    case 'NOPERM':
      return ['usage', `${redis} forbids this user what the state needs: ${words(message, secret)}`]
    case 'OOM':
      return ['disk-full', `${redis} has no memory left; raise its \`maxmemory\`, or make room`]
    case 'READONLY':
      return ['io', `${redis} is a replica that cannot be written to; name the primary`]
    case 'MISCONF':
      return ['io', `${redis} takes no writes, since it cannot save to its own disk`]
    case 'LOADING':
    case 'MASTERDOWN':
    case 'BUSY':
      return ['io', `${redis} is not ready (${kind.toLowerCase()})`]
    case undefined:
    default:
      if (/invalid password/i.test(message)) return ['usage', `${redis} refuses the user name or the password`]
      return ['io', `${redis} answers with an error: ${words(message, secret)}`]
  }
}

/** Redis's own words, without its code in front and the arguments behind: they may be the password, or anybody's data. */
function words(message: string, secret: string | undefined): string {
  const text = message.replace(/^[A-Z]+ /, '').replace(/,? with args[\s\S]*$/, '').split('\n')[0] as string
  return secret === undefined || secret === '' ? text : text.replaceAll(secret, '…')
}

function explainConnection(redis: string, e: NodeJS.ErrnoException, isTls: boolean): [Code, string] {
  switch (e.code) {
    case 'ECONNREFUSED':
      return ['io', `nothing listens for ${redis}`]
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return ['io', `the name of ${redis} leads nowhere`]
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return ['io', `${redis} cannot be reached`]
    case 'EPROTO':
      return ['usage', `${redis} does not speak TLS; without TLS its address begins with \`redis://\``]
    case undefined:
    default:
      if (/CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/.test(e.code ?? '')) return ['usage', `the certificate of ${redis} is not trusted (${e.message}); name the CA's file`]
      if (e.message.endsWith('timed out')) return ['io', `${redis} does not answer${isTls ? '; without TLS its address begins with `redis://`' : ''}`]
      return ['io', `the connection to ${redis} breaks${isTls ? '' : '; with TLS its address begins with `rediss://`'}`]
  }
}
