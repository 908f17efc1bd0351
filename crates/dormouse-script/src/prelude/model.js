// Apigee's object model (Apigee: "JavaScript object model"): message objects are views on flow variables.
(function (native, global) {
  'use strict';
  const { read, write, writeMessage, remove } = native;
  const { defineProperty, create, keys } = Object;
  const parse = JSON.parse, stringify = JSON.stringify, isArray = Array.isArray;
  const text = (value) => String(value).toWellFormed();
  const hidden = (object, name, value) => defineProperty(object, name, { value, writable: true, configurable: true });
  const visible = (object, name, get, set) => defineProperty(object, name, { get, set, enumerable: true, configurable: true });
  let flow = '', responseName = 'response', clock = 0;

  // Several values of one header or parameter: as a text the first, by number each.
  const valuesPrototype = create(String.prototype);
  const count = Symbol('count');
  hidden(valuesPrototype, 'toString', function toString() { return this[count] ? text(this[0]) : ''; });
  hidden(valuesPrototype, 'valueOf', valuesPrototype.toString);
  hidden(valuesPrototype, 'toJSON', function toJSON() { return this[count] === 1 ? this[0] : list(this); });
  defineProperty(valuesPrototype, 'length', { value: function length() { return this[count]; }, writable: true, configurable: true });
  const list = (values) => { const items = []; for (let i = 0; i < values[count]; i++) items.push(values[i]); return items; };
  const valuesOf = (items) => {
    const values = create(valuesPrototype);
    items.forEach((item, i) => { values[i] = item; });
    return hidden(values, count, items.length);
  };

  // A collection of Java, which is a list here.
  const collection = (items) => {
    hidden(items, 'toString', function toString() { return '[' + this.join(', ') + ']'; });
    hidden(items, 'toArray', function toArray() { return this.slice(); });
    hidden(items, 'size', function size() { return this.length; });
    hidden(items, 'isEmpty', function isEmpty() { return this.length === 0; });
    hidden(items, 'get', function get(i) { return this[i]; });
    hidden(items, 'contains', function contains(item) { return this.indexOf(item) >= 0; });
    hidden(items, 'iterator', function iterator() { let i = 0; return { hasNext: () => i < items.length, next: () => items[i++] }; });
    return items;
  };

  // What a variable can hold: primitives, and lists of them.
  const plain = (value) => {
    if (value === undefined || value === null || typeof value === 'function' || typeof value === 'symbol') return null;
    if (typeof value === 'string') return value.toWellFormed();
    if (typeof value === 'boolean' || typeof value === 'number') return value;
    if (value instanceof Boolean || value instanceof Number) return value.valueOf();
    if (isArray(value)) return value.slice().map((item) => (typeof item === 'object' && item !== null && !(item instanceof String) ? text(item) : plain(item)));
    return text(value);
  };
  const assign = (name, value) => {
    if (value instanceof Message) writeMessage(name, nameOf.get(value));
    else write(name, plain(value));
  };

  // JSON that scripts change in place goes back into its message.
  let live = [];
  const flush = () => {
    for (const entry of live) {
      const now = stringify(entry.object);
      if (now !== entry.was) { write(entry.name, text(now)); entry.was = now; }
    }
  };
  const forget = (name) => { live = live.filter((entry) => entry.name !== name); };

  const get = (name) => {
    if (live.length) flush();
    const value = read(text(name));
    if (value === undefined) return message(text(name));
    return isArray(value) ? collection(value) : value;
  };

  const multiple = (owner, kind) => {
    const path = (name) => owner + '.' + kind + '.' + name;
    const set = (name, value) => {
      const items = value instanceof Object && value[count] !== undefined ? list(value) : isArray(value) ? value.slice() : [value];
      if (items.length === 0 || items[0] === null || items[0] === undefined) return remove(path(name));
      write(path(name), text(items[0]));
      items.slice(1).forEach((item, i) => write(path(name) + '.' + (i + 2), text(item)));
    };
    const look = (name) => { const items = read(path(name) + '.values'); return isArray(items) ? valuesOf(items) : undefined; };
    return new Proxy({}, {
      get(target, name) { return typeof name === 'symbol' ? target[name] : look(name) ?? Object.prototype[name]; },
      set(target, name, value) { if (typeof name === 'string') set(name, value); return true; },
      has(target, name) { return typeof name === 'string' && look(name) !== undefined; },
      deleteProperty(target, name) { if (typeof name === 'string') remove(path(name)); return true; },
      ownKeys() { return read(owner + '.' + kind + 's.names') || []; },
      getOwnPropertyDescriptor(target, name) {
        const value = typeof name === 'string' ? look(name) : undefined;
        return value && { value, writable: true, enumerable: true, configurable: true };
      },
    });
  };

  const body = (owner) => {
    const name = owner + '.content', content = read(name);
    const result = new String(content === null || content === undefined ? '' : content);
    visible(result, 'asJSON', () => {
      const known = live.find((entry) => entry.name === name);
      if (known) return known.object;
      const object = String(result).trim() === '' ? {} : parse(String(result));
      live.push({ name, object, was: stringify(object) });
      return object;
    });
    visible(result, 'asForm', () => multiple(owner, 'formparam'));
    visible(result, 'asXML', () => { throw new TypeError('asXML needs E4X, which is not supported'); });
    for (const property of ['asJSON', 'asForm', 'asXML']) defineProperty(result, property, { enumerable: false });
    return result;
  };

  const url = (owner, role) => {
    const target = role === 'targetRequest' ? read('target.url') : null;
    const full = target ?? read(owner + '.url') ?? '';
    const parts = /^([a-z][\w+.-]*):\/\/([^\/:?#]*)(?::(\d+))?([^?#]*)(?:\?([^#]*))?/i.exec(full) || [];
    const result = new String(full);
    const change = (name, place) => visible(result, name, () => parts[place], (value) => {
      parts[place] = text(value);
      setUrl(owner, role, parts[1] + '://' + parts[2] + (parts[3] ? ':' + parts[3] : '') + (parts[4] || '') + (parts[5] ? '?' + parts[5] : ''));
    });
    change('protocol', 1); change('host', 2); change('port', 3); change('path', 4);
    visible(result, 'queryParams', () => multiple(owner, 'queryparam'));
    return result;
  };
  const setUrl = (owner, role, value) => {
    if (role === 'targetRequest') return write('target.url', text(value));
    write(owner + '.uri', text(value).replace(/^[a-z][\w+.-]*:\/\/[^\/?#]*/i, ''));
  };

  const nameOf = new WeakMap(), roleOf = new WeakMap();
  class Message {
    get headers() { return multiple(nameOf.get(this), 'header'); }
    set headers(all) { const own = this.headers; for (const name of keys(own)) delete own[name]; for (const name of keys(Object(all))) own[name] = all[name]; }
    get queryParams() { return multiple(nameOf.get(this), 'queryparam'); }
    set queryParams(all) { const own = this.queryParams; for (const name of keys(own)) delete own[name]; for (const name of keys(Object(all))) own[name] = all[name]; }
    get formParams() { return multiple(nameOf.get(this), 'formparam'); }
    get method() { return read(nameOf.get(this) + '.verb') ?? undefined; }
    set method(value) { write(nameOf.get(this) + '.verb', text(value)); }
    get verb() { return this.method; }
    set verb(value) { this.method = value; }
    get path() { return read(nameOf.get(this) + '.path') ?? undefined; }
    set path(value) { write(nameOf.get(this) + '.path', text(value)); }
    get uri() { return read(nameOf.get(this) + '.uri') ?? undefined; }
    set uri(value) { write(nameOf.get(this) + '.uri', text(value)); }
    get querystring() { return read(nameOf.get(this) + '.querystring') ?? undefined; }
    get version() { return read(nameOf.get(this) + '.version') ?? undefined; }
    get url() { return url(nameOf.get(this), roleOf.get(this)); }
    set url(value) { setUrl(nameOf.get(this), roleOf.get(this), value); }
    get content() { if (live.length) flush(); return body(nameOf.get(this)); }
    set content(value) {
      const name = nameOf.get(this) + '.content';
      forget(name);
      const object = typeof value === 'object' && value !== null && !(value instanceof String) && value[count] === undefined;
      write(name, value === null || value === undefined ? '' : object ? text(stringify(value)) : text(value));
    }
    get body() { return this.content; }
    set body(value) { this.content = value; }
    get status() {
      const name = nameOf.get(this), code = read(name + '.status.code');
      if (code === null) return undefined;
      const status = new Number(code);
      hidden(status, 'toString', () => String(code));
      visible(status, 'code', () => code, (value) => write(name + '.status.code', text(value)));
      visible(status, 'message', () => read(name + '.reason.phrase'), (value) => write(name + '.reason.phrase', text(value)));
      return status;
    }
    set status(value) { write(nameOf.get(this) + '.status.code', text(value && typeof value === 'object' && value.code !== undefined ? value.code : value)); }
    toString() { return String(this.content); }
  }
  const message = (name, role) => {
    const object = new Message();
    nameOf.set(object, name);
    roleOf.set(object, role);
    return object;
  };

  // Exchanges of httpClient. They outlive the script in the session.
  const callbacks = [];
  class Exchange {
    #id; #result;
    constructor(id) { this.#id = id; }
    get id() { return this.#id; }
    #wait() { return this.#result ??= native.wait(this.#id); }
    isComplete() { return this.#result !== undefined || native.isComplete(this.#id); }
    waitForComplete() { this.#wait(); }
    isSuccess() { return this.isComplete() && this.#wait()[1] === undefined; }
    isError() { return this.isComplete() && this.#wait()[1] !== undefined; }
    getResponse() { const [name] = this.#wait(); return name === undefined ? null : message(name); }
    getError() { return this.#wait()[1] ?? null; }
    toJSON() { return { '\u0001exchange': this.#id }; }
  }
  for (const name of ['id', 'toJSON']) defineProperty(Exchange.prototype, name, { enumerable: false });
  function Request(target, method, headers, content) {
    this.url = target; this.method = method; this.headers = headers || {}; this.body = content;
  }
  const send = (request, callback) => {
    const given = request instanceof Object && !(request instanceof String) ? request : new Request(request);
    const lines = [], headers = given.headers || {};
    for (const name of keys(headers)) {
      const value = headers[name];
      for (const item of value instanceof Object && value[count] !== undefined ? list(value) : isArray(value) ? value : [value]) lines.push([text(name), text(item)]);
    }
    const content = given.body ?? given.content ?? '';
    const payload = typeof content === 'object' && !(content instanceof String) && !(content instanceof Message) ? stringify(content) : content;
    const exchange = new Exchange(native.send(text(given.method ?? 'GET'), text(given.url), lines, text(payload)));
    if (typeof callback === 'function') callbacks.push([exchange, callback]);
    return exchange;
  };
  const httpClient = {
    get(request, callback) { return send(request, callback); },
    send(request, callback) { return send(request, callback); },
    post(target, headers, content, callback) { return send(new Request(target, 'POST', headers, content), callback); },
  };

  // Digests are taken of everything that update was given.
  const hash = (algorithm) => {
    let input = '';
    return {
      update(more) { input += more; return this; },
      digest() { return native.digest(algorithm, text(input), false); },
      digest64() { return native.digest(algorithm, text(input), true); },
    };
  };
  const cryptoObject = {
    getMD5: () => hash('MD5'), getSHA1: () => hash('SHA-1'), getSHA256: () => hash('SHA-256'), getSHA384: () => hash('SHA-384'), getSHA512: () => hash('SHA-512'),
    getHash(algorithm) {
      if (native.digest(text(algorithm), '', false) === undefined || native.digest(text(algorithm), '', false) === null) throw new TypeError('no such digest: ' + algorithm);
      return hash(text(algorithm));
    },
    dateFormat(format, zone, at) { return native.formatDate(text(format), zone === undefined || zone === null ? 'UTC' : text(zone), at === undefined || at === null ? null : Number(at)); },
    wsSecRsaSign() { throw new TypeError('wsSecRsaSign is not supported'); },
    wsSecRsaValidate() { throw new TypeError('wsSecRsaValidate is not supported'); },
  };

  let session;
  const revive = (name, value) => {
    if (value && typeof value === 'object' && typeof value['\u0001exchange'] === 'number') return new Exchange(value['\u0001exchange']);
    if (value && typeof value === 'object' && typeof value['\u0001date'] === 'number') return new Date(value['\u0001date']);
    return value;
  };
  const stored = function (name, value) { return this[name] instanceof Date ? { '\u0001date': this[name].getTime() } : value; };
  const exists = (name, role) => (read(name) === undefined ? message(name, role) : null);
  const context = {
    getVariable(name) { return get(name); },
    setVariable(name, value) { if (live.length) { flush(); forget(text(name)); } assign(text(name), value); },
    removeVariable(name) { if (live.length) { flush(); forget(text(name)); } remove(text(name)); },
  };
  visible(context, 'flow', () => flow);
  visible(context, 'session', () => session ??= (() => { const json = native.loadSession(); return json ? parse(json, revive) : {}; })(), (value) => { session = value; });
  visible(context, 'proxyRequest', () => message('request', 'proxyRequest'));
  visible(context, 'targetRequest', () => message('request', 'targetRequest'));
  visible(context, 'targetResponse', () => exists('response', 'targetResponse'));
  visible(context, 'proxyResponse', () => exists(responseName, 'proxyResponse'));

  hidden(global, 'context', context);
  hidden(global, 'crypto', cryptoObject);
  hidden(global, 'httpClient', httpClient);
  hidden(global, 'Request', Request);
  hidden(global, 'print', (...given) => native.print(given.map(text).join(' ')));

  native.start = (flowName, response, properties, offset) => {
    flow = flowName; responseName = response; clock = offset;
    hidden(global, 'properties', properties);
    hidden(global, 'request', message('request', flowName === 'TARGET_REQ_FLOW' ? 'targetRequest' : 'proxyRequest'));
    hidden(global, 'response', message(response, 'proxyResponse'));
    if (Math.abs(clock) > 1000) shift();
  };
  // The gateway's time, where it is not the system's.
  const shift = () => {
    const Real = Date, now = () => Real.now() + clock;
    const Shifted = function Date(...given) {
      if (!new.target) return new Real(now()).toString();
      return Reflect.construct(Real, given.length ? given : [now()], new.target === Shifted ? Real : new.target);
    };
    Shifted.prototype = Real.prototype;
    hidden(Shifted, 'now', now); hidden(Shifted, 'parse', Real.parse); hidden(Shifted, 'UTC', Real.UTC);
    hidden(Real.prototype, 'constructor', Shifted);
    hidden(global, 'Date', Shifted);
  };
  native.finish = () => {
    for (let i = 0; i < callbacks.length; i++) {
      const [exchange, callback] = callbacks[i];
      exchange.waitForComplete();
      callback(exchange.getResponse() ?? undefined, exchange.getError() ?? undefined);
    }
    if (live.length) flush();
    if (session !== undefined) native.storeSession(text(stringify(session, stored) ?? '{}'));
  };
});
