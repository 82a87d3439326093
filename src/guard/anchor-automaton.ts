/**
 * Finds many literals in one pass: the automaton of Aho and Corasick (1975) unrolled into one table over bytes, so
 * that every byte costs the same on every input. ASCII letters are compared without regard to case.
 */
export interface AnchorAutomaton {
  /** Shows the occurrences of all anchors in the order of their ends, until `visit` says true; tells whether it did. */
  readonly inOrder: Scan;
  /** The same, faster: in any order, some perhaps twice. */
  readonly some: Scan;
}

/** Goes through the first `length` bytes. */
type Scan = (bytes: Uint8Array, length: number, visit: OccurrenceVisitor) => boolean;

/** Sees one occurrence of the anchor with that place in the list; true ends the scan. `end` is the offset after it. */
type OccurrenceVisitor = (anchor: number, end: number) => boolean;

/** Builds the automaton of some ASCII literals. */
export function anchorAutomaton(anchors: readonly string[]): AnchorAutomaton {
  const classes = byteClasses(anchors);
  const machine: Machine = {
    ...unroll(growTree(anchors, classes)),
    classes,
    overlap: Math.max(...anchors.map((anchor) => anchor.length)) - 1,
  };
  return {
    inOrder: (bytes, length, visit) => run(machine, bytes, 0, length, 0, visit),
    some: (bytes, length, visit) => some(machine, bytes, length, visit),
  };
}

interface Machine extends Unrolled {
  readonly classes: Uint8Array;
  /** How far an anchor can reach past an offset that it straddles. */
  readonly overlap: number;
}

function some(machine: Machine, bytes: Uint8Array, length: number, visit: OccurrenceVisitor): boolean {
  const half = length >> 1;
  return half > machine.overlap
    ? runHalves(machine, bytes, half, length, visit)
    : run(machine, bytes, 0, length, 0, visit);
}

function run(
  machine: Machine,
  bytes: Uint8Array,
  from: number,
  to: number,
  start: number,
  visit: OccurrenceVisitor,
): boolean {
  const states = new Uint16Array([start]);
  for (let at = walk(machine, bytes, from, to, states); at >= 0; at = walk(machine, bytes, at, to, states)) {
    if (visitEndings(machine, states[0] as number, at, visit)) return true;
  }
  return false;
}

/**
 * Steps from `at` to the next state where an anchor ends; returns the offset after that step, or -1 at the end. The
 * loop holds no call, which keeps its machine code tight.
 */
function walk(machine: Machine, bytes: Uint8Array, from: number, to: number, states: Uint16Array): number {
  const { table, classes, firstEnding } = machine;
  let state = states[0] as number;
  for (let at = from; at < to; at++) {
    state = table[(state << shift) | (classes[bytes[at] as number] as number)] as number;
    if (state < firstEnding) continue;
    states[0] = state;
    return at + 1;
  }
  states[0] = state;
  return -1;
}

/** The first half goes on past the middle until it has seen what straddles it. */
function runHalves(
  machine: Machine,
  bytes: Uint8Array,
  half: number,
  length: number,
  visit: OccurrenceVisitor,
): boolean {
  const states = new Uint16Array(2);
  let at = walkHalves(machine, bytes, 0, half, states);
  while (at >= 0) {
    if (visitEndings(machine, states[0] as number, at, visit)) return true;
    if (visitEndings(machine, states[1] as number, at + half, visit)) return true;
    at = walkHalves(machine, bytes, at, half, states);
  }
  const [front = 0, back = 0] = states;
  return (
    run(machine, bytes, half, half + machine.overlap, front, visit) ||
    run(machine, bytes, 2 * half, length, back, visit)
  );
}

/**
 * Walks both halves at once. A step waits for the table, not for the processor: two independent walks take little
 * longer than one.
 */
function walkHalves(
  machine: Machine,
  bytes: Uint8Array,
  from: number,
  half: number,
  states: Uint16Array,
): number {
  const { table, classes, firstEnding } = machine;
  let front = states[0] as number;
  let back = states[1] as number;
  let at = from;
  while (at < half) {
    front = table[(front << shift) | (classes[bytes[at] as number] as number)] as number;
    back = table[(back << shift) | (classes[bytes[at + half] as number] as number)] as number;
    at += 1;
    if (front >= firstEnding || back >= firstEnding) return keepStates(states, front, back, at);
  }
  return keepStates(states, front, back, -1);
}

function keepStates(states: Uint16Array, front: number, back: number, at: number): number {
  states[0] = front;
  states[1] = back;
  return at;
}

function visitEndings(
  { endings, firstEnding }: Machine,
  state: number,
  end: number,
  visit: OccurrenceVisitor,
): boolean {
  if (state < firstEnding) return false;
  const anchors = endings[state - firstEnding] as readonly number[];
  for (let index = 0; index < anchors.length; index++) {
    if (visit(anchors[index] as number, end)) return true;
  }
  return false;
}

/** Rows of the table are a power of two wide: 64 classes of bytes hold every folded letter, digit and the marks in use. */
const shift = 6;
const width = 1 << shift;
const maxStates = 0x10000;

/** The class of each byte. Class 0 is every byte that no anchor holds. */
function byteClasses(anchors: readonly string[]): Uint8Array {
  const classes = new Uint8Array(256);
  let count = 1;
  for (const byte of new Set(anchors.flatMap((anchor) => [...Buffer.from(anchor.toLowerCase(), 'latin1')]))) {
    classes[byte] = count;
    if (byte >= 0x61 && byte <= 0x7a) classes[byte - 0x20] = count;
    count += 1;
  }
  if (count > width) throw new RangeError(`the anchors use ${count} classes of bytes, more than ${width}`);
  return classes;
}

interface Tree {
  /** The child of a state by class, 0 for none, in rows of the table's width. */
  readonly children: number[];
  /** The anchors that end at a state. */
  readonly endings: number[][];
}

function growTree(anchors: readonly string[], classes: Uint8Array): Tree {
  const tree: Tree = { children: Array.from({ length: width }, () => 0), endings: [[]] };
  anchors.forEach((anchor, index) => {
    if (anchor === '') throw new RangeError('an anchor is empty');
    let state = 0;
    for (const byte of Buffer.from(anchor, 'latin1')) state = child(tree, state, classes[byte] as number);
    tree.endings[state]?.push(index);
  });
  if (tree.endings.length > maxStates) throw new RangeError('the anchors need more than 65536 states');
  return tree;
}

function child(tree: Tree, state: number, byteClass: number): number {
  const cell = state * width + byteClass;
  const known = tree.children[cell] as number;
  if (known !== 0) return known;
  const fresh = tree.endings.length;
  tree.children[cell] = fresh;
  tree.endings.push([]);
  for (let each = 0; each < width; each++) tree.children.push(0);
  return fresh;
}

interface Unrolled {
  readonly table: Uint16Array;
  /** The anchors that end at each state from `firstEnding` on. */
  readonly endings: readonly (readonly number[])[];
  readonly firstEnding: number;
}

/**
 * Fills in where each state goes on a mismatch, breadth first, and numbers the states so that those where an anchor
 * ends come last: one comparison then tells a hit.
 */
function unroll(tree: Tree): Unrolled {
  const order = completeTransitions(tree);
  const silent = order.filter((state) => tree.endings[state]?.length === 0);
  const ending = order.filter((state) => tree.endings[state]?.length !== 0);
  const numbered = [...silent, ...ending];
  const numbers = new Uint16Array(numbered.length);
  numbered.forEach((state, number) => {
    numbers[state] = number;
  });
  const table = new Uint16Array(numbered.length * width);
  numbered.forEach((state, number) => {
    for (let each = 0; each < width; each++) {
      table[number * width + each] = numbers[tree.children[state * width + each] as number] as number;
    }
  });
  return { table, endings: ending.map((state) => tree.endings[state] ?? []), firstEnding: silent.length };
}

/** Turns the tree into the full transition function and returns its states breadth first, the root at the front. */
function completeTransitions(tree: Tree): readonly number[] {
  const order = [0];
  const fallback: number[] = [0];
  for (let next = 0; next < order.length; next++) {
    const state = order[next] as number;
    const retreat = fallback[state] as number;
    if (state !== 0) tree.endings[state]?.push(...(tree.endings[retreat] ?? []));
    order.push(...completeRow(tree, state, retreat, fallback));
  }
  return order;
}

/** Fills the empty cells of one state from the state it falls back to; returns its children. */
function completeRow(tree: Tree, state: number, retreat: number, fallback: number[]): readonly number[] {
  const found: number[] = [];
  for (let each = 0; each < width; each++) {
    const cell = state * width + each;
    const target = tree.children[cell] as number;
    const onMismatch = state === 0 ? 0 : (tree.children[retreat * width + each] as number);
    if (target === 0) {
      tree.children[cell] = onMismatch;
      continue;
    }
    fallback[target] = onMismatch;
    found.push(target);
  }
  return found;
}
