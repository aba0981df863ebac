/** Named conditions, each met or not met for a reason: what a process needs to be ready, or to be called alive. */
export class Conditions {
  private readonly missing = new Map<string, string>()

  /** `missing`: those that are not met to begin with, and why. */
  constructor(missing: Readonly<Record<string, string>> = {}) {
    for (const [name, reason] of Object.entries(missing)) this.missing.set(name, reason)
  }

  met(name: string): void {
    this.missing.delete(name)
  }

  /** `reason` is shown to whoever asks: words for an operator, never settings or what another system has answered. */
  unmet(name: string, reason: string): void {
    this.missing.set(name, reason)
  }

  get allMet(): boolean {
    return this.missing.size === 0
  }

  /** What is not met, and why. */
  reasons(): Record<string, string> {
    return Object.fromEntries(this.missing)
  }
}
