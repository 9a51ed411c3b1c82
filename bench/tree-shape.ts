// The shape that a message spreads along: a head, and receivers numbered from 1 like a heap, each with as many children as
// the degree says. Degree 1 is a chain.

export interface TreeShape {
  readonly receivers: number
  readonly degree: number
}

/** Of a receiver. The children of 0, the head, come first, then theirs. */
export const parentOf = (index: number, { degree }: TreeShape): number => Math.floor((index - 1) / degree)

/** 0 for the head. */
export const depthOf = (index: number, shape: TreeShape): number =>
  index === 0 ? 0 : 1 + depthOf(parentOf(index, shape), shape)

/** Its parent and its children. */
export function neighboursOf(index: number, { receivers, degree }: TreeShape): number[] {
  const children = Array.from({ length: degree }, (_, child) => index * degree + child + 1)
  return [
    ...(index === 0 ? [] : [parentOf(index, { receivers, degree })]),
    ...children.filter(child => child <= receivers),
  ]
}
