/** A request that is not served: what the client is told, and when it may come again. */
export class Refusal extends Error {
  readonly status: number
  /** A word for programs. */
  readonly reason: string
  /** Seconds after which trying again can help. */
  readonly retryAfter: number | undefined

  constructor(status: number, reason: string, message: string, retryAfter?: number) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.reason = reason
    this.retryAfter = retryAfter
  }

  get body(): object {
    return { error: { reason: this.reason, message: this.message } }
  }
}
