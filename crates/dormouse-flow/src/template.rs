//! Compiled message templates (Apigee: "Message templates"). Names, functions and literal patterns are looked up when a
//! bundle is deployed; rendering only reads variables and joins texts.

mod digests;
mod functions;
mod paths;
mod patterns;
mod texts;
mod times;
mod values;

use crate::transaction::Transaction;
use crate::value::Text;
use crate::variable::Variable;
use dormouse_bundle::{Argument as TreeArgument, Part as TreePart, Template as Tree};
use functions::{Arguments, Call};

/// A template that can be rendered.
#[derive(Clone)]
pub struct Template(Vec<Part>);

#[derive(Clone)]
enum Part {
    Literal(Text),
    Reference(Reference),
    Function(Call),
}

/// A variable and what stands for it when it is unresolved.
#[derive(Clone)]
struct Reference {
    variable: Variable,
    default: Option<Text>,
}

/// What an unresolved variable means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// Nothing: `IgnoreUnresolvedVariables` is true.
    Empty,
    /// An error.
    Error,
}

/// What is wrong with a template, found when a bundle is deployed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    /// A function with too few or too many arguments.
    #[error("the template function {0} has the wrong number of arguments")]
    WrongArgumentCount(String),
    /// A literal argument that can never work.
    #[error("the template function {function} cannot use its argument: {reason}")]
    InvalidArgument {
        /// The function.
        function: String,
        /// What is wrong.
        reason: String,
    },
}

/// Why a template has no text now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A variable is unresolved, and that is an error here.
    #[error("unresolved variable : {0}")]
    Unresolved(Text),
    /// A function cannot do what it is asked for.
    #[error("the template function {function} failed: {reason}")]
    Function {
        /// The function.
        function: &'static str,
        /// What is wrong; never a value of a variable.
        reason: String,
    },
}

impl Template {
    /// Compiles a parsed template. What looks like a function but is none stays as it is.
    pub fn compile(tree: &Tree) -> (Self, Vec<TemplateProblem>) {
        let mut problems = Vec::new();
        let mut parts = Vec::with_capacity(tree.parts.len());
        for part in &tree.parts {
            parts.push(match part {
                TreePart::Literal(text) => Part::Literal(text.as_str().into()),
                TreePart::Variable { name, default } => {
                    Part::Reference(Reference::new(name, default.as_deref()))
                }
                TreePart::Function { name, arguments, source } => match function(name, arguments) {
                    Ok(Some(call)) => Part::Function(call),
                    Ok(None) => Part::Literal(source.as_str().into()),
                    Err(problem) => {
                        problems.push(problem);
                        Part::Literal(source.as_str().into())
                    }
                },
            });
        }
        (Self(parts), problems)
    }

    /// A template that is one text.
    pub fn literal(text: &str) -> Self {
        Self(vec![Part::Literal(text.into())])
    }

    /// Parses and compiles a template that is known at run time only, such as one that a variable holds.
    ///
    /// # Errors
    /// The first problem.
    pub fn compile_text(text: &str) -> Result<Self, TemplateProblem> {
        let (template, problems) = Self::compile(&Tree::parse(text));
        problems.into_iter().next().map_or(Ok(template), Err)
    }

    /// The text of the template now.
    ///
    /// # Errors
    /// [`TemplateError`]; with [`Unresolved::Empty`] only from functions.
    pub fn render(&self, transaction: &Transaction, unresolved: Unresolved) -> Result<Text, TemplateError> {
        match self.0.as_slice() {
            [] => return Ok(Text::default()),
            // The most usual templates are one part, whose text is shared instead of copied.
            [only] => return only.render(transaction, unresolved),
            _ => {}
        }
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                other => text.push_str(&other.render(transaction, unresolved)?),
            }
        }
        Ok(text.into())
    }
}

impl Part {
    fn render(&self, transaction: &Transaction, unresolved: Unresolved) -> Result<Text, TemplateError> {
        match self {
            Self::Literal(literal) => Ok(literal.clone()),
            Self::Reference(reference) => match (reference.text(transaction), unresolved) {
                (Some(text), _) => Ok(text),
                (None, Unresolved::Empty) => Ok(Text::default()),
                (None, Unresolved::Error) => {
                    Err(TemplateError::Unresolved(reference.variable.name().clone()))
                }
            },
            Self::Function(call) => call.evaluate(transaction, unresolved).map(Into::into),
        }
    }
}

impl Reference {
    fn new(name: &str, default: Option<&str>) -> Self {
        Self { variable: Variable::parse(name), default: default.map(Into::into) }
    }

    fn text(&self, transaction: &Transaction) -> Option<Text> {
        transaction.text(&self.variable).or_else(|| self.default.clone())
    }
}

/// The call, or `None` when Apigee knows no such function.
fn function(name: &str, arguments: &[TreeArgument]) -> Result<Option<Call>, TemplateProblem> {
    let Some(function) = functions::find(name) else { return Ok(None) };
    if arguments.len() < function.arguments_min || arguments.len() > function.arguments_max {
        return Err(TemplateProblem::WrongArgumentCount(name.to_owned()));
    }
    let arguments = arguments.iter().map(|argument| match argument {
        TreeArgument::Literal(text) => functions::Argument::Literal(text.as_str().into()),
        // The last argument of jsonPath and the types of xpath are bare words.
        TreeArgument::Variable { name: word, default: None } if is_bare_word(name, word) => {
            functions::Argument::Literal(word.as_str().into())
        }
        TreeArgument::Variable { name, default } => {
            functions::Argument::Reference(Reference::new(name, default.as_deref()))
        }
    });
    let arguments = Arguments::new(arguments.collect());
    let call = Call::prepare(function, arguments);
    call.map(Some).map_err(|reason| TemplateProblem::InvalidArgument { function: name.to_owned(), reason })
}

/// Whether a word without quotes is no variable.
fn is_bare_word(function: &str, word: &str) -> bool {
    let is_xpath = function.eq_ignore_ascii_case("xpath");
    matches!(word, "true" | "false")
        || is_xpath && matches!(word, "nodeset" | "node" | "number" | "boolean" | "string")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::transaction;
    use crate::value::Value;
    use proptest::prelude::*;

    fn sample() -> Transaction {
        let mut transaction = transaction("GET", "/base/x?q=1");
        for (name, value) in [
            ("name", Value::from("Ada")),
            ("xml", "<a><b>1</b><b>2</b><d xmlns='urn:x' e='3'/></a>".into()),
            ("flag", true.into()),
            ("count", 3.into()),
            ("list", Value::list(["a", "b"])),
            ("quote", "say \"hi\"\n".into()),
            ("alpha", "abcdefgh".into()),
            ("empty", "".into()),
            ("markup", "<a href='x'>&\"\u{1}".into()),
            ("seconds", 1_377_112_607_i64.into()),
            ("milliseconds", 1_377_112_607_413_i64.into()),
            ("regex", "[".into()),
            ("expression", "$.first".into()),
            ("people", r#"{"list":[{"a":1},{"a":2}],"first":"Ada \"A\""}"#.into()),
        ] {
            transaction.set(name, value).expect("writable");
        }
        transaction.request_mut().set_body("body");
        transaction
    }

    fn render(text: &str, unresolved: Unresolved) -> Result<Text, TemplateError> {
        Template::compile_text(text)
            .unwrap_or_else(|problem| panic!("{text}: {problem}"))
            .render(&sample(), unresolved)
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(render(text, Unresolved::Error).as_deref(), Ok(expected), "{text}");
    }

    #[test]
    fn variables_and_literals() {
        check("", "");
        check("plain", "plain");
        check("{name}", "Ada");
        check("Hello {name}, {flag} {count} {list}", "Hello Ada, true 3 [a, b]");
        check("{ \"a\": \"{name}\" }", "{ \"a\": \"Ada\" }");
        check("{nothing:none}", "none");
        check("{empty:none}", "");
        check("{request}", "body");
        check("{request.queryparam.q}", "1");
        check("{\"t\":{system.timestamp}}", "{\"t\":1377112607413}");
        check("{system.time}", "Wed, 21 Aug 2013 19:16:47 UTC");
        check("{grecaptcha(x)} {unknown.fn('a')}", "{grecaptcha(x)} {unknown.fn('a')}");
    }

    #[test]
    fn unresolved_variables() {
        assert_eq!(render("a{nothing}b", Unresolved::Empty).as_deref(), Ok("ab"));
        assert_eq!(
            render("a{nothing}b", Unresolved::Error),
            Err(TemplateError::Unresolved("nothing".into()))
        );
        assert_eq!(
            render("{md5Hex(nothing)}", Unresolved::Error),
            Err(TemplateError::Unresolved("nothing".into()))
        );
        assert_eq!(render("{toUpperCase(nothing)}", Unresolved::Empty).as_deref(), Ok(""));
        check("{toLowerCase(nothing:FOO)}", "foo");
    }

    #[test]
    fn digests() {
        check("{md5Hex('abc')}", "900150983cd24fb0d6963f7d28e17f72");
        check("{md5Base64('abc')}", "kAFQmDzST7DWlj99KOF/cg==");
        check("{sha1Hex('abc')}", "a9993e364706816aba3e25717850c26c9cd0d89d");
        check("{sha1Base64('abc')}", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
        check("{sha256Hex('abc')}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check("{sha256Base64('abc')}", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
        check(
            "{sha384Hex('abc')}",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        );
        check(
            "{sha512Base64('abc')}",
            "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==",
        );
    }

    // RFC 2202 and RFC 4231, test case 2: key "Jefe".
    #[test]
    fn keyed_digests() {
        const DATA: &str = "'what do ya want for nothing?'";
        check(&format!("{{hmacMd5('Jefe',{DATA},'utf-8','hex')}}"), "750c783e6ab0b503eaa86e310a5db738");
        check(
            &format!("{{hmacSha1('Jefe',{DATA},'utf-8','hex')}}"),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        );
        check(
            &format!("{{hmacSha224('4a656665',{DATA},'hex','base16')}}"),
            "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
        );
        check(
            &format!("{{hmacSha256('SmVmZQ==',{DATA},'base64','hex')}}"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
        check(&format!("{{hmacSha256('Jefe',{DATA})}}"), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
        assert!(matches!(
            render("{hmacSha256('xyz','a','hex')}", Unresolved::Error),
            Err(TemplateError::Function { function: "hmacSha256", .. })
        ));
    }

    #[test]
    fn texts() {
        check("{toUpperCase(name)}{toLowerCase('É')}", "ADAé");
        check("{substring(alpha,2)}", "cdefgh");
        check("{substring(alpha,0,3)}", "abc");
        check("{substring(alpha,-4)}", "efgh");
        check("{substring(alpha,-4,-1)}", "efg");
        check("{substring(alpha,5,99)}", "fgh");
        check("{substring(alpha,6,2)}", "");
        check("{encodeBase64(name)}", "QWRh");
        check("{decodeBase64('QWRh')}", "Ada");
        check("{decodeBase64('_-8')}", "");
        check("{escapeJSON(quote)}", "say \\\"hi\\\"\\n");
        check("{escapeXML(markup)}", "&lt;a href=&apos;x&apos;&gt;&amp;&quot;");
        check("{escapeXML11(markup)}", "&lt;a href=&apos;x&apos;&gt;&amp;&quot;&#1;");
        check("{encodeHTML(markup)}", "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\u{1}");
    }

    #[test]
    fn patterns() {
        check("{replaceAll(alpha,'[aeiou]','*')}", "*bcd*fgh");
        check("{replaceFirst(alpha,'(b)(c)','$2$1')}", "acbdefgh");
        check("{replaceAll(alpha,'z+','')}", "abcdefgh");
        assert!(matches!(
            render("{replaceAll(alpha,regex,'')}", Unresolved::Error),
            Err(TemplateError::Function { .. })
        ));
        let made = render("{xeger('[a-c]{5}')}", Unresolved::Error).expect("a text");
        assert!(made.len() == 5 && made.chars().all(|character| "abc".contains(character)), "{made}");
    }

    #[test]
    fn times() {
        check("{timeFormatUTCMs('yyyy-MM-dd HH:mm:ss.SSS',milliseconds)}", "2013-08-21 19:16:47.413");
        check("{timeFormatUTC('HH:mm',seconds)}", "19:16");
        check("{timeFormat('HH:mm z',seconds)}", "19:16 UTC");
        check("{timeFormatMs('SSS',milliseconds)}", "413");
        check("{timeFormatMs('yyyy',system.timestamp)}", "2013");
        assert!(render("{timeFormatMs('yyyy',name)}", Unresolved::Error).is_err());
    }

    #[test]
    fn values() {
        assert_eq!(render("{createUuid()}", Unresolved::Error).map(|text| text.len()), Ok(36));
        check("{firstnonnull(nothing,empty,name)}", "");
        check("{firstnonnull(nothing,'last')}", "last");
        assert!(render("{firstnonnull(nothing,none)}", Unresolved::Error).is_err());
        check("{randomLong(5,5)}", "5");
        let number = render("{randomLong(-3,3)}", Unresolved::Error).expect("a number");
        assert!((-3..=3).contains(&number.parse::<i64>().expect("a number")), "{number}");
        assert!(render("{randomLong()}", Unresolved::Error).is_ok_and(|text| text.parse::<i64>().is_ok()));
    }

    #[test]
    fn json_paths() {
        check("{jsonPath($.name,people)}", "");
        check("{jsonPath($.list[1].a,people)}", "2");
        check("{jsonPath('$.list[*].a',people)}", "1");
        check("{jsonPath($.list[?(@.a == 2)].a,people,true)}", "[2]");
        check("{jsonPath($.list,people)}", "{\"a\":1}");
        check("{jsonPath(expression,people)}", "Ada \"A\"");
        assert!(render("{jsonPath($.a,name)}", Unresolved::Error).is_err());
    }

    #[test]
    fn xpaths() {
        check("{xpath('/a/b',xml)}", "<b>1</b><b>2</b>");
        check("{xpath(/a/b,xml,node)}", "<b>1</b>");
        check("{xPath(/a/b,xml,string)}", "1");
        check("{xpath('count(/a/b)',xml)}", "2");
        check("{xpath(/a/b[2],xml,number)}", "2");
        check("{xpath(/a/c,xml,boolean)}", "false");
        check("{xpath(/a/c,xml)}", "");
        check("{xpath('/a/p:d/@e',xml,string,'p:urn:x')}", "3");
        assert!(render("{xpath('/a',name)}", Unresolved::Error).is_err());
    }

    #[test]
    fn problems_are_found_when_compiled() {
        for (text, expected) in [
            ("{md5Hex()}", TemplateProblem::WrongArgumentCount("md5Hex".into())),
            ("{createUuid('x')}", TemplateProblem::WrongArgumentCount("createUuid".into())),
        ] {
            assert_eq!(Template::compile_text(text).err(), Some(expected), "{text}");
        }
        let (template, _) = Template::compile(&Tree::parse("{xpath('/a',name)}"));
        assert!(matches!(template.render(&sample(), Unresolved::Empty), Err(TemplateError::Function { .. })));
        for text in [
            "{replaceAll(a,'(','')}",
            "{timeFormatUTC('jj',a)}",
            "{xeger('[')}",
            "{xpath('/a[',a)}",
            "{xpath('/p:a',a)}",
        ] {
            assert!(
                matches!(Template::compile_text(text).err(), Some(TemplateProblem::InvalidArgument { .. })),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_renders(text in "[{}a-c(),':.0-9 é-]{0,40}") {
            if let Ok(template) = Template::compile_text(&text) {
                prop_assert!(template.render(&sample(), Unresolved::Empty).is_ok());
            }
        }

        #[test]
        fn functions_take_any_text(value in ".{0,40}", start in any::<i64>(), end in any::<i64>()) {
            let mut transaction = sample();
            transaction.set("v", value).expect("writable");
            let text = format!(
                "{{substring(v,{start},{end})}}{{escapeJSON(v)}}{{escapeXML(v)}}{{escapeXML11(v)}}{{encodeHTML(v)}}\
                 {{decodeBase64(v)}}{{encodeBase64(v)}}{{sha256Hex(v)}}{{toUpperCase(v)}}{{replaceAll(v,'.','x')}}"
            );
            let template = Template::compile_text(&text).expect("compiles");
            prop_assert!(template.render(&transaction, Unresolved::Error).is_ok());
        }
    }
}
