/**
 * The fewest of `items`, in their order, that still satisfy `holds`, as far as taking away runs of them finds it: no single one
 * can be taken away any more (delta debugging, Zeller and Hildebrandt 2002). All items together must satisfy it. After `most`
 * questions it returns what it has come to.
 */
export function shrink<T>(items: readonly T[], holds: (some: readonly T[]) => boolean, most = 2000): readonly T[] {
  let kept = items
  let asked = 0
  let size = Math.ceil(kept.length / 2)
  while (size >= 1 && kept.length > 0) {
    let removed = false
    // From the end: what came after the cause is most of what is there.
    for (let end = kept.length; end > 0 && asked < most; end -= size) {
      const rest = [...kept.slice(0, Math.max(0, end - size)), ...kept.slice(end)]
      asked++
      if (!holds(rest)) continue
      kept = rest
      removed = true
    }
    if (asked >= most) return kept
    if (size === 1 && !removed) return kept
    size = size === 1 ? 1 : Math.ceil(size / 2)
  }
  return kept
}
