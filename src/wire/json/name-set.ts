const few = 12;

/** The member names of one object. Most objects are small, where a plain search is faster than hashing. */
export class NameSet {
  readonly #few: string[] = [];
  #many: Set<string> | undefined;

  /** Adds a name; false if it was there already. */
  add(name: string): boolean {
    if (this.#many !== undefined) return addTo(this.#many, name);
    if (this.#few.includes(name)) return false;
    this.#few.push(name);
    if (this.#few.length > few) this.#many = new Set(this.#few);
    return true;
  }
}

function addTo(names: Set<string>, name: string): boolean {
  const before = names.size;
  return names.add(name).size > before;
}
