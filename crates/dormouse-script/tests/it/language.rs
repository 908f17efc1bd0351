//! The language: Rhino's forms, guarded builtins that compute what the engine's own do, errors and their places.

use crate::support::{STAGE, finish, result_of, script};
use dormouse_script::{Script, ScriptSource, Scripts};
use std::time::Duration;

#[track_caller]
fn check(expression: &str, expected: &str) {
    let text = format!("context.setVariable('result', String({expression}));");
    assert_eq!(result_of(&text).as_deref(), Ok(expected), "{expression}");
}

#[test]
fn builtins_behave_as_ever() {
    check("[3,1,2].sort()", "1,2,3");
    check("[3,1,10].sort(function (a, b) { return a - b })", "1,3,10");
    check("[1,[2,[3]]].join('-')", "1-2,3");
    check("[1,null,undefined,2]", "1,,,2");
    check("[1,2,3].fill(0, 1)", "1,0,0");
    check("[1,2].concat(3, [4, 5]).reverse()", "5,4,3,2,1");
    check("Array.prototype.slice.call({0: 'a', 1: 'b', length: 2}, 1)", "b");
    check("(function () { return Array.prototype.slice.call(arguments, 1) })(1, 2, 3)", "2,3");
    check("Array.from('abc') + Array.from({length: 2}, function (x, i) { return i })", "a,b,c0,1");
    check("'abc'.repeat(2) + 'x'.padStart(3, '-')", "abcabc--x");
    check("'a.b.c'.split('.') + 'hello'.indexOf('l') + 'hello'.replace('l', 'L')", "a,b,c2heLlo");
    check("JSON.stringify({a: [1, {b: null}], c: 'ä'})", "{\"a\":[1,{\"b\":null}],\"c\":\"ä\"}");
    check("[1,2,3].sort.length + [].concat.name", "1concat");
}

#[test]
fn long_arrays_give_the_same_results() {
    check("(function () { var a = []; a[200000] = 'x'; return a.join('').length })()", "1");
    check("(function () { var a = new Array(150000).fill(1); return a.concat([2]).slice(149999) })()", "1,2");
    check(
        "(function () { var a = []; for (var i = 0; i < 150001; i++) a.push((i * 7919) % 150001); \
         a.sort(function (x, y) { return x - y }); return a[0] + ' ' + a[75000] + ' ' + a[150000] })()",
        "0 75000 150000",
    );
    check(
        "(function () { var a = []; a[150000] = 1; a[0] = 2; a.reverse(); return a[0] + ',' + a[150000] + ',' + (5 in a) })()",
        "1,2,false",
    );
    check("[3,1,2].sort.call(new Proxy([2, 1], {})).join()", "1,2");
    check("'a'.repeat(100000).indexOf('a'.repeat(50000) + 'b')", "-1");
    check("('a'.repeat(100000) + 'b').indexOf('a'.repeat(5000) + 'b')", "95000");
    check("('a'.repeat(100000) + 'b').lastIndexOf('a'.repeat(5000) + 'b')", "95000");
}

#[test]
fn what_rhino_offers() {
    check("(function () { var s = 0; for each (var x in {a: 1, b: 2}) s += x; return s })()", "3");
    check(
        "(function () { try { throw {code: 7} } catch (e if e.code == 1) { return 'a' } catch (e if e.code == 7) { return 'b' } catch (e) { return 'c' } })()",
        "b",
    );
    check("[1,2,3].map(function (x) x * 2)", "2,4,6");
    check("Array.slice([1,2,3], 1) + String.trim(' a ')", "2,3a");
    check("({a: [1, 'b']}).toSource() + uneval('x')", "({a:[1, \"b\"]})\"x\"");
    check("'a\"b'.quote()", "\"a\\\"b\"");
    check("new Date(0).toLocaleFormat('%Y-%m-%d')", "1970-01-01");
    check("(function () { try { null.x } catch (e) { return e.fileName + e.lineNumber } })()", "test.js1");
    check("(function () { var n = 010; with ({m: 1}) { return n + m + escape('ä') } })()", "9%E4");
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    assert_eq!(result_of(text), Err(format!("Javascript runtime error: \"{expected}\"")), "{text}");
}

#[test]
fn errors_say_what_and_where() {
    check_error("var a = 1;\nvar b = price;", "ReferenceError: \"price\" is not defined. (test.js:2)");
    check_error("\n\nvar x; x.y", "TypeError: Cannot read property \"y\" from undefined (test.js:3)");
    check_error("throw 'plain text'", "plain text");
    check_error("function f() { throw new Error('boom') }\nf()", "Error: boom (test.js:1)");
    check_error("throw {toString: function () { throw 1 }}", "");
    check_error("throw null", "null");
}

#[test]
fn syntax_errors_are_found_before_anything_runs() {
    for (text, line) in [("var a = ;", 1), ("\n\nif (", 3), ("var x = 1;\nvar y = <a/>;", 2), ("a\0b", 1)] {
        let source = ScriptSource { name: "dir/a b.js".into(), text: text.into() };
        let errors = Script::compile(&[source], Vec::new(), Duration::from_secs(1)).err().expect("an error");
        assert_eq!((errors.len(), errors[0].line), (1, line), "{text:?}: {errors:?}");
    }
    let good = ScriptSource { name: "a.js".into(), text: "while (true) {}".into() };
    assert!(Script::compile(&[good], Vec::new(), Duration::from_secs(1)).is_ok());
    let deep = ScriptSource { name: "a.js".into(), text: "(".repeat(100_000).into() };
    assert!(Script::compile(&[deep], Vec::new(), Duration::from_secs(1)).is_err());
}

#[test]
fn no_run_sees_what_another_left_behind() {
    let scripts = Scripts::default();
    let limit = Duration::from_secs(5);
    let tamper = script("leak = 1; Array.prototype.join = null; Object.prototype.x = 2;", limit);
    let look = script(
        "if (typeof leak !== 'undefined' || ({}).x || [1, 2].join() !== '1,2') throw 'leaked';",
        limit,
    );
    for _ in 0..8 {
        assert_eq!(finish(scripts.run(&tamper, STAGE)).1, Ok(()));
        assert_eq!(finish(scripts.run(&look, STAGE)).1, Ok(()));
    }
}
