import type { Problem } from '../base/errors.ts'
import { didYouMean, schemaProblems } from '../base/problems.ts'
import { regulationSchema, type Regulation } from './schema.ts'
import { parseTree, valueOf } from '../base/tree.ts'

/** By id: what `basis:` in a rule may name. */
export type Regulations = ReadonlyMap<string, Regulation>

/** Reads regulation files, one regulation each. A later directory's regulation replaces an earlier one of the same id. */
export function loadRegulations(directories: readonly (readonly { path: string; text: string }[])[], problems: Problem[]): Regulations {
  const regulations = new Map<string, Regulation>()
  for (const files of directories) {
    const from = new Map<string, string>()
    for (const { path, text } of files) {
      const { tree, problems: found } = parseTree(path, text)
      problems.push(...found)
      if (!tree) continue
      const parsed = regulationSchema.safeParse(valueOf(tree))
      if (!parsed.success) {
        problems.push(...schemaProblems(parsed.error.issues, tree, regulationSchema))
        continue
      }
      const { id } = parsed.data
      const before = from.get(id)
      if (before !== undefined) problems.push({ file: path, message: `regulation \`${id}\` is already in ${before}` })
      from.set(id, path)
      regulations.set(id, parsed.data)
    }
  }
  return regulations
}

/** The article that `regulation/article` names, or what is wrong with it. */
export function findArticle(text: string, regulations: Regulations): { regulation: string; article: string } | { message: string; mend?: string } {
  const [id, article, more] = text.split('/') as [string, string | undefined, string | undefined]
  if (article === undefined || more !== undefined) return { message: `\`${text}\` is not written as \`regulation/article\`` }
  const regulation = regulations.get(id)
  if (!regulation) return { message: `unknown regulation \`${id}\``, mend: didYouMean(id, regulations.keys()) ?? `put it into \`regulations/${id}.yaml\`` }
  const articles = regulation.articles.map((a) => a.id)
  if (articles.includes(article)) return { regulation: id, article }
  const mend = didYouMean(article, articles) ?? `one of ${articles.map((a) => `\`${a}\``).join(', ')}`
  return { message: `regulation \`${id}\` has no article \`${article}\``, mend }
}
