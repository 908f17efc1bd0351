//! Scripts that do not want to end, want all memory, or want out.

use crate::support::{STAGE, finish, result_of, script};
use dormouse_script::{Limits, ScriptError, Scripts};
use std::time::Duration;

const LIMIT: Duration = Duration::from_millis(50);

#[track_caller]
fn check_stops(text: &str) {
    let scripts = Scripts::default();
    let script = script(text, LIMIT);
    let (_, result) = finish(scripts.run(&script, STAGE));
    assert!(result.is_err(), "{text} must not succeed");
    // The same threads serve the next one.
    let next = crate::support::script("context.setVariable('result', 1)", Duration::from_secs(5));
    assert_eq!(finish(scripts.run(&next, STAGE)).1, Ok(()), "after {text}");
}

#[test]
fn loops_and_recursion_end() {
    for text in [
        "while (true) {}",
        "for (;;) { try { for (;;) {} } catch (e) {} finally { continue } }",
        "(function f() { try { f() } catch (e) { f() } finally { f() } })()",
        "function f() { return f() } f()",
        "/(a+)+$/.test('a'.repeat(40) + 'b')",
        "var a = []; while (true) a.push(new Array(1000).join('x') + a.length)",
        "var s = 'x'; while (true) s += s",
        "Promise.resolve().then(function f() { return Promise.resolve().then(f) })",
        "eval('while (true) {}')",
        "new Function('for (;;) {}')()",
        "var o = {get x() { return o.x }}; while (true) { try { o.x } catch (e) {} }",
        "function* g() { while (true) yield 1 } for (var x of g()) {}",
        "var p = new Proxy({}, {get: function () { while (true) {} }}); p.x",
        "var d = '['.repeat(1e6); while (true) { try { JSON.parse(d) } catch (e) {} }",
    ] {
        check_stops(text);
    }
}

#[test]
fn builtins_on_endless_arrays_end() {
    for text in [
        "new Array(1e9) + ''",
        "new Array(1e9).join()",
        "new Array(1e9).fill(0)",
        "new Array(1e9).sort()",
        "new Array(1e9).reverse()",
        "[].concat(new Array(1e9), new Array(1e9))",
        "new Array(1e9).slice()",
        "new Array(1e9).toLocaleString()",
        "Array.prototype.join.call({length: 1e15})",
        "Array.prototype.fill.call({length: 1e15}, 0)",
        "var n = 0; Array.prototype.join.call({get length() { return n++ ? 1e15 : 1 }}); while (true) {}",
        "Array.prototype.reverse.call(new Proxy([], {get: function (t, k) { return k === 'length' ? 1e15 : t[k] }}))",
        "new Array(1e9).unshift(1)",
        "Array.from({length: 1e9})",
        "while (true) 'x'.repeat(1e6)",
        "'a'.repeat(1e7).indexOf('a'.repeat(5e6) + 'b'); while (true) {}",
        "String.prototype.repeat.call('x', 1e9)",
        "''.padStart(1e9)",
        "JSON.stringify(new Array(1e9))",
    ] {
        check_stops(text);
    }
}

#[test]
fn there_is_no_way_out() {
    let text = "var g = Function('return this')(); context.setVariable('result', \
        ['require', 'process', 'std', 'os', 'java', 'Packages', 'fetch', 'XMLHttpRequest', 'load', 'readFile', \
         'setTimeout', 'console', 'Worker', 'gc', 'WebAssembly', 'native', '\\u0001hooks']\
        .filter(function (name) { return name in g || typeof g[name] !== 'undefined' }).join())";
    assert_eq!(result_of(text).as_deref(), Ok(""));
    let imported = result_of(
        "import('os').then(function () { throw 1 }, function () { context.setVariable('result', 'refused') })",
    );
    assert_eq!(imported.as_deref(), Ok("refused"));
}

#[test]
fn others_run_while_every_thread_is_busy() {
    let scripts = Scripts::new(Limits { threads: 1, ..Limits::default() });
    let endless = script("while (true) {}", Duration::from_secs(2));
    let busy: Vec<_> = (0..3).map(|_| scripts.run(&endless, STAGE)).collect();
    let quick = script("context.setVariable('result', 1)", Duration::from_secs(5));
    assert_eq!(finish(scripts.run(&quick, STAGE)).1, Ok(()));
    for run in busy {
        assert_eq!(finish(run).1, Err(ScriptError::TimeLimit(Duration::from_secs(2))));
    }
}

#[test]
fn a_run_that_nobody_waits_for_stops() {
    let scripts = Scripts::new(Limits { threads: 1, computing_max: 1, ..Limits::default() });
    drop(scripts.run(&script("while (true) {}", Duration::from_mins(4)), STAGE));
    let quick = script("1", Duration::from_secs(5));
    assert_eq!(finish(scripts.run(&quick, STAGE)).1, Ok(()));
}

#[test]
fn a_run_that_gets_no_thread_is_refused() {
    let limits = Limits {
        threads: 1,
        computing_max: 1,
        queue_time_max: Duration::from_millis(50),
        ..Limits::default()
    };
    let scripts = Scripts::new(limits);
    let busy = scripts.run(&script("while (true) {}", Duration::from_secs(2)), STAGE);
    let refused = finish(scripts.run(&script("1", Duration::from_secs(1)), STAGE)).1;
    assert_eq!(refused, Err(ScriptError::Busy));
    assert_eq!(finish(busy).1, Err(ScriptError::TimeLimit(Duration::from_secs(2))));
}

#[test]
fn a_thread_that_cannot_be_stopped_is_answered_for_and_replaced() {
    let limits = Limits { threads: 1, stuck_max: 1, grace: Duration::from_millis(20), ..Limits::default() };
    let scripts = Scripts::new(limits);
    // The engine asks after thousands of steps, and each step here takes long.
    let stuck = script("var a = new Float64Array(4e6); while (true) a.sort()", LIMIT);
    assert_eq!(finish(scripts.run(&stuck, STAGE)).1, Err(ScriptError::TimeLimit(LIMIT)));
    assert_eq!(finish(scripts.run(&stuck, STAGE)).1, Err(ScriptError::Stuck));
    let quick = script("1", Duration::from_secs(5));
    assert_eq!(finish(scripts.run(&quick, STAGE)).1, Ok(()));
}
