/** What the shell is told: the user must mend something; the system around us failed; a bug of ours. */
export const EXIT = { user: 2, outside: 1, bug: 70 } as const
