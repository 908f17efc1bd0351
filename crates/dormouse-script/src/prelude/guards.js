// Builtins that loop without ever asking whether the script may go on. Short arrays go to the engine's own function;
// for everything else the same algorithm stands here in JavaScript, which the engine can interrupt (ECMA-262 §23.1.3).
(function (native, global) {
  'use strict';
  const SHORT = 100000;
  const { isArray } = Array;
  const { getOwnPropertyDescriptor: descriptor, defineProperty } = Object;
  const { apply } = Reflect;
  const { isProxy, expired } = native;
  const min = Math.min, max = Math.max, trunc = Math.trunc;
  // The interrupt handler stops this loop, in a way that no catch block sees.
  const check = () => { if (expired()) for (;;); };
  const length = (object) => min(max(trunc(Number(object.length)) || 0, 0), Number.MAX_SAFE_INTEGER);
  // A length that no getter and no proxy can change behind our back.
  const isShort = (object) => {
    check();
    if (object === null || object === undefined) return true;
    if (typeof object !== 'object') return typeof object !== 'function' && (typeof object !== 'string' || object.length <= SHORT);
    if (isProxy(object)) return false;
    const own = descriptor(object, 'length');
    return own !== undefined ? typeof own.value === 'number' && own.value <= SHORT : isArray(object);
  };
  const index = (value, size, otherwise) => {
    if (value === undefined) return otherwise;
    const at = trunc(Number(value)) || 0;
    return at < 0 ? max(size + at, 0) : min(at, size);
  };
  const guard = (prototype, name, slow) => {
    const fast = prototype[name];
    if (typeof fast !== 'function') return;
    const guarded = { [name](...given) {
      let short = isShort(this);
      if (name === 'concat') for (let i = 0; short && i < given.length; i++) short = typeof given[i] !== 'object' || isShort(given[i]);
      return short ? apply(fast, this, given) : apply(slow, this, given);
    } }[name];
    defineProperty(guarded, 'length', { value: fast.length, configurable: true });
    defineProperty(prototype, name, { value: guarded, writable: true, configurable: true });
  };
  const put = (list, at, value) => defineProperty(list, at, { value, writable: true, enumerable: true, configurable: true });
  const compared = (list, compare) => {
    if (list.length < 2) return list;
    const middle = list.length >>> 1, left = [], right = [], merged = [];
    for (let i = 0; i < list.length; i++) put(i < middle ? left : right, i < middle ? i : i - middle, list[i]);
    const a = compared(left, compare), b = compared(right, compare);
    for (let i = 0, j = 0, k = 0; i < a.length || j < b.length; k++) {
      const takeLeft = j >= b.length || (i < a.length && !(compare(a[i], b[j]) > 0));
      put(merged, k, takeLeft ? a[i++] : b[j++]);
    }
    return merged;
  };
  const byText = (a, b) => { const x = String(a), y = String(b); return x < y ? -1 : x > y ? 1 : 0; };
  const sorter = (compare) => (a, b) => a === undefined ? (b === undefined ? 0 : 1) : b === undefined ? -1 : (compare || byText)(a, b);
  const slow = {
    join(separator) {
      const size = length(this), between = separator === undefined ? ',' : String(separator);
      let text = '';
      for (let i = 0; i < size; i++) {
        const item = this[i];
        text += (i ? between : '') + (item === undefined || item === null ? '' : String(item));
      }
      return text;
    },
    toLocaleString() {
      const size = length(this);
      let text = '';
      for (let i = 0; i < size; i++) {
        const item = this[i];
        text += (i ? ',' : '') + (item === undefined || item === null ? '' : String(item.toLocaleString()));
      }
      return text;
    },
    fill(value, from, to) {
      const size = length(this), end = index(to, size, size);
      for (let i = index(from, size, 0); i < end; i++) this[i] = value;
      return this;
    },
    reverse() {
      const size = length(this);
      for (let low = 0, high = size - 1; low < high; low++, high--) {
        const hasLow = low in this, hasHigh = high in this, left = this[low], right = this[high];
        if (hasHigh) this[low] = right; else delete this[low];
        if (hasLow) this[high] = left; else delete this[high];
      }
      return this;
    },
    slice(from, to) {
      const size = length(this), end = index(to, size, size), result = [];
      let at = 0;
      for (let i = index(from, size, 0); i < end; i++, at++) if (i in this) put(result, at, this[i]);
      result.length = at;
      return result;
    },
    concat(...items) {
      const result = [];
      let at = 0;
      const add = (item) => {
        const spread = typeof item === 'object' && item !== null && (item[Symbol.isConcatSpreadable] ?? isArray(item));
        if (!spread) return put(result, at++, item);
        const size = length(item);
        for (let i = 0; i < size; i++, at++) if (i in item) put(result, at, item[i]);
      };
      add(Object(this));
      for (let i = 0; i < items.length; i++) add(items[i]);
      result.length = at;
      return result;
    },
    sort(compare) {
      if (compare !== undefined && typeof compare !== 'function') throw new TypeError('not a function');
      const size = length(this), present = [];
      let count = 0;
      for (let i = 0; i < size; i++) if (i in this) put(present, count++, this[i]);
      const sorted = compared(present, sorter(compare));
      for (let i = 0; i < size; i++) { if (i < count) this[i] = sorted[i]; else delete this[i]; }
      return this;
    },
  };
  const array = Array.prototype;
  for (const name of ['join', 'toLocaleString', 'fill', 'reverse', 'slice', 'concat', 'sort']) guard(array, name, slow[name]);
  // Rare on anything that long, and not worth a second implementation.
  for (const name of ['splice', 'shift', 'unshift', 'copyWithin', 'flat', 'toSorted', 'toReversed', 'toSpliced', 'with']) {
    guard(array, name, function () { throw new RangeError('the array is too long for ' + name); });
  }
  const from = Array.from;
  defineProperty(Array, 'from', { writable: true, configurable: true, value: { from(items, ...rest) {
    if (isShort(items) || items[Symbol.iterator] !== undefined) return apply(from, this, [items, ...rest]);
    throw new RangeError('the array is too long for from');
  } }.from });
  // Searching a long text for a long text takes the product of their lengths, hence in pieces.
  const text = String.prototype;
  const find = text.indexOf, cut = text.slice;
  const WORK = 10000000;
  const search = (hay, needle, start) => {
    const step = max(1, trunc(WORK / max(needle.length, 1)));
    for (let at = start; at + needle.length <= hay.length; at += step) {
      check();
      const found = apply(find, apply(cut, hay, [at, at + step + needle.length - 1]), [needle]);
      if (found >= 0) return at + found;
    }
    return -1;
  };
  const long = (self, needle) => typeof needle === 'string' && needle.length > 1 && String(self).length * needle.length > WORK;
  const wrap = (name, slowly) => {
    const fast = text[name];
    const wrapped = { [name](...given) {
      return this !== null && this !== undefined && long(this, given[0]) ? slowly(String(this), given, fast) : apply(fast, this, given);
    } }[name];
    defineProperty(wrapped, 'length', { value: fast.length, configurable: true });
    defineProperty(text, name, { value: wrapped, writable: true, configurable: true });
  };
  wrap('indexOf', (self, [needle, at]) => search(self, needle, index(at, self.length, 0)));
  wrap('includes', (self, [needle, at]) => search(self, needle, index(at, self.length, 0)) >= 0);
  // One occurrence is looked for in pieces; where there is none, the engine's own search would only fail slowly.
  for (const name of ['split', 'replace', 'replaceAll', 'lastIndexOf']) {
    wrap(name, (self, given, fast) => {
      if (search(self, given[0], 0) >= 0 && self.length * given[0].length > WORK * 100) throw new RangeError('the text is too long for ' + name);
      return search(self, given[0], 0) >= 0 ? apply(fast, self, given) : name === 'lastIndexOf' ? -1 : name === 'split' ? [self] : self;
    });
  }
  // Big results are made in one go: time is asked for before each.
  for (const [owner, name] of [[text, 'repeat'], [text, 'padStart'], [text, 'padEnd'], [text, 'normalize'], [JSON, 'parse'], [JSON, 'stringify']]) {
    const fast = owner[name];
    const checked = { [name](...given) { check(); return apply(fast, this, given); } }[name];
    defineProperty(checked, 'length', { value: fast.length, configurable: true });
    defineProperty(owner, name, { value: checked, writable: true, configurable: true });
  }
});
