import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** A document of the repository, taken apart: what is code in it, where it points to, what its sections are. */
export interface Document {
  readonly name: string
  /** Lines of fenced blocks, and the inline code of the prose, each as written. */
  readonly code: readonly string[]
  readonly links: readonly string[]
  /** As GitHub makes them out of the headings. */
  readonly anchors: ReadonlySet<string>
}

/** README.md and every document under docs/. */
export function documents(): readonly Document[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
  return ['README.md', ...docs.sort()].map((name) =>
    parseDocument(name, readFileSync(join(ROOT, name), 'utf8')),
  )
}

export function parseDocument(name: string, text: string): Document {
  const fences = [...text.matchAll(/^```[^\n]*\n(.*?)^```/gms)].map(([, body = '']) => body)
  const prose = text.replaceAll(/^```[^\n]*\n.*?^```/gms, '')
  // A span may run over the end of a line.
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replaceAll(/\s+/g, ' '))
  const plain = prose.replaceAll(/`[^`]+`/g, '')
  return {
    name,
    code: [...fences.flatMap((body) => body.split('\n')), ...spans],
    links: [...plain.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target),
    anchors: new Set([...prose.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title))),
  }
}

function anchorOf(title: string): string {
  const kept = title.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '')
  return kept.trim().replaceAll(' ', '-')
}

/** Relative links that lead nowhere: no such file, or no such section in it. What is on the web is not looked at. */
export function deadLinks(document: Document, all: readonly Document[]): readonly string[] {
  return document.links
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [file = '', anchor] = target.split('#')
      const path = file === '' ? document.name : relative(ROOT, join(ROOT, dirname(document.name), file))
      const there = all.find(({ name }) => name === path)
      if (there === undefined && !existsSync(join(ROOT, path))) return true
      return anchor !== undefined && there !== undefined && !there.anchors.has(anchor)
    })
    .map((target) => `dead link: ${target}`)
}

/** Files of the repository that inline code names and that are not there. */
export function missingFiles({ code }: Document): readonly string[] {
  return code
    .filter(
      (span) => /^(?:src|lab|bench|test|docs|bin)\/[\w./-]+$/.test(span) && !existsSync(join(ROOT, span)),
    )
    .map((span) => `no such file: ${span}`)
}
