// What Rhino offers and ECMAScript does not: scripts of Apigee's first years use it.
(function (native, global) {
  'use strict';
  const define = (object, name, value) => {
    if (!(name in object)) Object.defineProperty(object, name, { value, writable: true, configurable: true });
  };
  const generics = (owner, names) => {
    for (const name of names) {
      const method = owner.prototype[name];
      if (method) define(owner, name, (self, ...given) => Reflect.apply(owner.prototype[name], owner === String ? String(self) : self, given));
    }
  };
  generics(Array, ['join', 'reverse', 'sort', 'push', 'pop', 'shift', 'unshift', 'splice', 'concat', 'slice', 'indexOf', 'lastIndexOf', 'every', 'some', 'forEach', 'map', 'filter', 'reduce', 'reduceRight']);
  generics(String, ['charAt', 'charCodeAt', 'concat', 'indexOf', 'lastIndexOf', 'match', 'replace', 'search', 'slice', 'split', 'substr', 'substring', 'toLowerCase', 'toUpperCase', 'trim', 'trimLeft', 'trimRight']);
  const source = (value, seen) => {
    if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number') return String(value);
    if (typeof value === 'string') return JSON.stringify(value);
    if (typeof value === 'function') return '(' + Function.prototype.toString.call(value) + ')';
    if (typeof value !== 'object' || seen.includes(value)) return '{}';
    const inner = [...seen, value];
    if (Array.isArray(value)) return '[' + value.map((item) => source(item, inner)).join(', ') + ']';
    if (value instanceof Date) return '(new Date(' + value.getTime() + '))';
    if (value instanceof RegExp) return String(value);
    const members = Object.keys(value).map((key) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)) + ':' + source(value[key], inner));
    return '{' + members.join(', ') + '}';
  };
  const uneval = (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date) && !(value instanceof RegExp) ? '(' + source(value, []) + ')' : source(value, []));
  define(global, 'uneval', uneval);
  for (const owner of [Object, Array, Date, RegExp, String, Number, Boolean, Function]) {
    define(owner.prototype, 'toSource', function toSource() { return uneval(this instanceof String || this instanceof Number || this instanceof Boolean ? this.valueOf() : this); });
  }
  define(String.prototype, 'quote', function quote() { return JSON.stringify(String(this)); });
  const two = (number) => String(number).padStart(2, '0');
  define(Date.prototype, 'toLocaleFormat', function toLocaleFormat(format) {
    if (format === undefined) return this.toString();
    const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
    const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
    const fields = {
      Y: () => this.getFullYear(), y: () => two(this.getFullYear() % 100), m: () => two(this.getMonth() + 1), d: () => two(this.getDate()), e: () => String(this.getDate()).padStart(2, ' '),
      H: () => two(this.getHours()), I: () => two(this.getHours() % 12 || 12), M: () => two(this.getMinutes()), S: () => two(this.getSeconds()), p: () => (this.getHours() < 12 ? 'AM' : 'PM'),
      A: () => days[this.getDay()], a: () => days[this.getDay()].slice(0, 3), B: () => months[this.getMonth()], b: () => months[this.getMonth()].slice(0, 3), Z: () => 'UTC', '%': () => '%',
    };
    return String(format).replace(/%([A-Za-z%])/g, (whole, letter) => (fields[letter] ? fields[letter]() : whole));
  });
  const frame = (error) => /\(?([^\s()]+):(\d+):\d+\)?\s*$/m.exec(String(error.stack || '')) || [];
  for (const [name, part] of [['fileName', 1], ['lineNumber', 2]]) {
    Object.defineProperty(Error.prototype, name, {
      configurable: true,
      get() { const found = frame(this)[part]; return part === 2 && found !== undefined ? Number(found) : found; },
      set(value) { Object.defineProperty(this, name, { value, writable: true, configurable: true }); },
    });
  }
  // The values that `for each` visits; what the rewriter makes of the loop names this function.
  Object.defineProperty(global, '__each__', { configurable: true, value: function* (object) {
    if (object === null || object === undefined) return;
    for (const key in Object(object)) yield object[key];
  } });
});
