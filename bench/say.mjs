/** A number as people read it. */
export const thousands = (n) => Math.round(n).toLocaleString('en-US')
