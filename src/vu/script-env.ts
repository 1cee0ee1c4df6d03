/**
 * `__ENV` of a virtual user: a plain object to scripts; assigned values become strings. All VUs read the
 * same values until one of them writes, which gives that VU a copy of its own.
 */
type Values = Readonly<Record<string, string>>;

export class ScriptEnv implements ProxyHandler<object> {
  readonly proxy: object;
  #values: Values;
  #own: Record<string, string> | undefined;
  readonly #isFrozen: boolean;

  /** @param isFrozen writing throws a TypeError. */
  constructor(values: Values, isFrozen: boolean) {
    this.#values = values;
    this.#isFrozen = isFrozen;
    this.proxy = new Proxy({}, this);
  }

  /** Starts over with these values: what the script has changed is gone. */
  reset(values: Values): void {
    this.#values = values;
    this.#own = undefined;
  }

  get(_target: object, key: PropertyKey): unknown {
    return Reflect.get(this.#current, key);
  }

  has(_target: object, key: PropertyKey): boolean {
    return Reflect.has(this.#current, key);
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.#current);
  }

  getOwnPropertyDescriptor(_target: object, key: PropertyKey): PropertyDescriptor | undefined {
    const value: unknown = Object.hasOwn(this.#current, key)
      ? Reflect.get(this.#current, key)
      : undefined;
    if (value === undefined) return undefined;
    return { value, writable: true, enumerable: true, configurable: true };
  }

  set(_target: object, key: PropertyKey, value: unknown): boolean {
    this.#assertWritable(key);
    this.#copy()[String(key)] = String(value);
    return true;
  }

  defineProperty(_target: object, key: PropertyKey, { value }: PropertyDescriptor): boolean {
    return this.set(_target, key, value);
  }

  deleteProperty(_target: object, key: PropertyKey): boolean {
    this.#assertWritable(key);
    delete this.#copy()[String(key)];
    return true;
  }

  #assertWritable(key: PropertyKey): void {
    if (!this.#isFrozen) return;
    throw new TypeError(
      `Cannot assign to read only property '${String(key)}' of __ENV: the feature freeze-env is on`,
    );
  }

  get #current(): Values {
    return this.#own ?? this.#values;
  }

  #copy(): Record<string, string> {
    this.#own ??= { ...this.#values };
    return this.#own;
  }
}
