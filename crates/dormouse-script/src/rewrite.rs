//! Rewrites what Rhino takes and ECMAScript does not, token by token and line for line: `for each`, `catch (e if c)`,
//! expression closures, and constants at the top level, which Rhino lets several files declare.

use crate::tokens::{Kind, Token, tokens};
use std::borrow::Cow;
use std::ops::Range;

/// The text in the engine's language. Lines keep their numbers.
pub(crate) fn rewrite(text: &str) -> Cow<'_, str> {
    if !["each", "catch", "function", "const"].iter().any(|word| text.contains(word)) {
        return Cow::Borrowed(text);
    }
    let mut rewriter = Rewriter { text, tokens: tokens(text), edits: Vec::new() };
    rewriter.all();
    rewriter.apply()
}

struct Rewriter<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    /// Replacements of stretches, in any order; those at one place apply in the order of the list.
    edits: Vec<(Range<usize>, String)>,
}

impl<'a> Rewriter<'a> {
    fn all(&mut self) {
        let mut depth = 0_usize;
        for index in 0..self.tokens.len() {
            match self.word(index) {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth = depth.saturating_sub(1),
                "for" if self.word(index + 1) == "each" => self.for_each(index + 1),
                "catch" if self.word(index + 1) == "(" => self.conditional_catch(index),
                "function" if !self.follows_dot(index) => self.expression_closure(index),
                "const" if depth == 0 && !self.follows_dot(index) => self.replace(index, "var"),
                _ => {}
            }
        }
    }

    /// `for each (var x in y)` becomes `for (var x of __each__(y))`.
    fn for_each(&mut self, each: usize) {
        let Some(close) = self.closing(each + 1) else { return };
        let inside = each + 2..close;
        let Some(of) = inside.into_iter().find(|index| self.word(*index) == "in") else { return };
        self.replace(each, "");
        self.replace(of, "of __each__(");
        self.insert_before(close, ")");
    }

    /// `catch (e if c) { a } catch (f) { b }` becomes `catch (e) { if (c) { a } else try { throw e } catch (f) { b } }`.
    fn conditional_catch(&mut self, catch: usize) {
        let (Some(close), "if") = (self.closing(catch + 1), self.word(catch + 3)) else { return };
        let Some(end) = self.closing(close + 1).filter(|_| self.word(close + 1) == "{") else { return };
        let name = self.word(catch + 2);
        self.replace(catch + 3, ") { if (");
        let mut last = end;
        let mut closes = "}".to_owned();
        if self.word(end + 1) == "catch" && self.word(end + 2) == "(" {
            self.insert_before(end + 1, &format!(" else try {{ throw {name}; }} "));
            last = self.end_of_catches(end + 1);
        } else {
            closes = format!(" else throw {name}; }}");
        }
        let Some(token) = self.tokens.get(last) else { return };
        self.edits.push((token.range.end..token.range.end, closes));
    }

    /// The last brace of the clauses that begin here.
    fn end_of_catches(&self, first: usize) -> usize {
        let (mut catch, mut end) = (first, first);
        while self.word(catch) == "catch" {
            let Some(close) = self.closing(catch + 1).and_then(|parameter| self.closing(parameter + 1))
            else {
                break;
            };
            (catch, end) = (close + 1, close);
        }
        end
    }

    /// `function (x) x * 2` gets braces and a `return`.
    fn expression_closure(&mut self, function: usize) {
        let named = self.tokens.get(function + 1).is_some_and(|token| token.kind == Kind::Word);
        let open = function + 1 + usize::from(named);
        let Some(close) = self.closing(open).filter(|_| self.word(open) == "(") else { return };
        if matches!(self.word(close + 1), "{" | "") {
            return;
        }
        let mut depth = 0_usize;
        let mut last = close + 1;
        for index in close + 1..self.tokens.len() {
            let word = self.word(index);
            let ends = matches!(word, "," | ";" | ")" | "]" | "}") && depth == 0;
            if ends || (index > last && depth == 0 && self.begins_statement(index)) {
                break;
            }
            match word {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            last = index;
        }
        self.insert_before(close + 1, "{ return ");
        if let Some(token) = self.tokens.get(last) {
            self.edits.push((token.range.end..token.range.end, "; }".into()));
        }
    }

    /// Whether a statement begins here by a line break, after an expression that may end.
    fn begins_statement(&self, index: usize) -> bool {
        let (Some(before), Some(token)) = (self.tokens.get(index - 1), self.tokens.get(index)) else {
            return false;
        };
        let between = self.text.get(before.range.end..token.range.start).unwrap_or_default();
        let may_end = before.kind != Kind::Mark || matches!(self.word(index - 1), ")" | "]" | "}");
        between.contains('\n') && token.kind == Kind::Word && may_end
    }

    fn word(&self, index: usize) -> &'a str {
        self.tokens.get(index).and_then(|token| self.text.get(token.range.clone())).unwrap_or_default()
    }

    fn follows_dot(&self, index: usize) -> bool {
        index > 0 && self.word(index - 1) == "."
    }

    /// The bracket that closes the one at this place.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for index in open..self.tokens.len() {
            match self.word(index) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.checked_sub(1)?,
                _ => {}
            }
            if depth == 0 {
                return (index > open).then_some(index);
            }
        }
        None
    }

    fn replace(&mut self, index: usize, by: &str) {
        if let Some(token) = self.tokens.get(index) {
            self.edits.push((token.range.clone(), by.into()));
        }
    }

    fn insert_before(&mut self, index: usize, text: &str) {
        if let Some(token) = self.tokens.get(index) {
            self.edits.push((token.range.start..token.range.start, text.into()));
        }
    }

    fn apply(mut self) -> Cow<'a, str> {
        if self.edits.is_empty() {
            return Cow::Borrowed(self.text);
        }
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let (mut result, mut at) = (String::with_capacity(self.text.len() + 64), 0);
        for (range, by) in &self.edits {
            result.push_str(self.text.get(at..range.start).unwrap_or_default());
            result.push_str(by);
            at = range.end;
        }
        result.push_str(self.text.get(at..).unwrap_or_default());
        Cow::Owned(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(rewrite(text), expected);
    }

    #[test]
    fn what_rhino_alone_takes() {
        check("for each (var x in a.b) { f(x) }", "for  (var x of __each__( a.b)) { f(x) }");
        check(
            "try { a } catch (e if e.x) { b } finally { c }",
            "try { a } catch (e ) { if ( e.x) { b } else throw e; } finally { c }",
        );
        check(
            "try{a}catch(e if e.x){b}catch(f){c}",
            "try{a}catch(e ) { if ( e.x){b} else try { throw e; } catch(f){c}}",
        );
        check("a.map(function (x) x * 2, 1)", "a.map(function (x) { return x * 2; }, 1)");
        check("var f = function (x) x[0]\nvar b = 1", "var f = function (x) { return x[0]; }\nvar b = 1");
        check("const A = 1; { const B = 2 }", "var A = 1; { const B = 2 }");
    }

    #[test]
    fn what_stays_as_it_is() {
        for text in [
            "for (each in x) {}",
            "a.forEach(function (each) { return each })",
            "try { a } catch (e) { if (e) b }",
            "'const x'; // const y",
            "function f() {}",
            "function",
            "catch (",
            "for each (",
            "a.const = 1",
        ] {
            check(text, text);
        }
    }
}
