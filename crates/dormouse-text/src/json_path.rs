//! JSONPath in the dialect of Jayway's library (`com.jayway.jsonpath` 2.x), which Apigee's policies use, with limits on
//! the length and nesting of paths and on the steps of a search.

mod evaluate;
mod filter;
mod function;
mod literal;
mod parser;
mod token;

use crate::java_regex;
use crate::json::Json;
use evaluate::Search;
use function::Function;
use token::Token;

/// A compiled path. Cloning copies it.
#[derive(Clone)]
pub struct JsonPath {
    tokens: Vec<Token>,
    function: Option<Function>,
}

/// Why a path cannot be compiled, or why a search was given up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonPathError {
    /// A regular expression in a filter.
    #[error("invalid regular expression: {0}")]
    Pattern(#[from] java_regex::Error),
    /// The path is malformed.
    #[error("{reason} at character {at}")]
    Syntax {
        /// What is wrong.
        reason: &'static str,
        /// Byte offset of the place, from 0.
        at: usize,
    },
    /// Filters are nested too deeply, or the path has too many segments.
    #[error("the path is nested too deeply")]
    TooDeep,
    /// The path is longer than this.
    #[error("the path is longer than {limit_bytes} bytes")]
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// The search visits or copies too many values.
    #[error("the search takes too many steps")]
    TooManySteps,
}

impl JsonPath {
    /// Compiles a path. Without `$` at its beginning it is meant from the root.
    ///
    /// # Errors
    /// [`JsonPathError`]
    pub fn compile(text: &str) -> Result<Self, JsonPathError> {
        if text.len() > PATH_MAX_BYTES {
            return Err(JsonPathError::TooLong { limit_bytes: PATH_MAX_BYTES });
        }
        parser::parse(text)
    }

    /// Whether the path names at most one value. The result of any other path is an array.
    pub fn is_definite(&self) -> bool {
        self.function.is_some() || token::are_definite(&self.tokens)
    }

    /// The value that the path names, or an array of those that an indefinite path finds (empty when there are none).
    /// `None` when a definite path leads nowhere.
    ///
    /// # Errors
    /// [`JsonPathError::TooManySteps`], or an error of a regular expression that gives up.
    pub fn find(&self, document: &Json) -> Result<Option<Json>, JsonPathError> {
        Search::new(document).value(self, document)
    }
}

/// Longer paths are no paths that people wrote.
const PATH_MAX_BYTES: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STORE: &str = r#"{"store":{"book":[
        {"category":"reference","author":"Nigel Rees","title":"Sayings of the Century","price":8.95},
        {"category":"fiction","author":"Evelyn Waugh","title":"Sword of Honour","price":12.99},
        {"category":"fiction","author":"Herman Melville","title":"Moby Dick","isbn":"0-553-21311-3","price":8.99},
        {"category":"fiction","author":"J. R. R. Tolkien","title":"The Lord of the Rings","isbn":"0-395-19395-8","price":22.99}],
        "bicycle":{"color":"red","price":19.95}},
        "expensive":10,"odd name":1,"a.b":2,"list":[1,2,3,4,5],"none":null,"empty":[],"tags":["x","y"],"text":"5","yes":true}"#;

    fn find(path: &str) -> Result<Option<String>, JsonPathError> {
        let document = Json::parse(STORE).expect("JSON");
        Ok(JsonPath::compile(path)?.find(&document)?.map(|json| json.to_string()))
    }

    #[track_caller]
    fn check(path: &str, expected: &str) {
        assert_eq!(find(path).map(Option::unwrap_or_default).as_deref(), Ok(expected), "{path}");
    }

    #[track_caller]
    fn check_absent(path: &str) {
        assert_eq!(find(path), Ok(None), "{path}");
    }

    #[track_caller]
    fn check_invalid(path: &str) {
        assert!(
            matches!(find(path), Err(JsonPathError::Syntax { .. } | JsonPathError::Pattern(_))),
            "{path}"
        );
    }

    #[test]
    fn definite_paths() {
        check("$.expensive", "10");
        check("expensive", "10");
        check("$['store']['bicycle'][\"color\"]", "\"red\"");
        check("$.store.book[0].title", "\"Sayings of the Century\"");
        check("$.store.book[-1].price", "22.99");
        check("$['odd name']", "1");
        check("$['a.b']", "2");
        check("$.none", "null");
        check("$.[ 'expensive' ]", "10");
        check("$.store.bicycle", r#"{"color":"red","price":19.95}"#);
        check("$.store.bicycle['price','color']", r#"{"price":19.95,"color":"red"}"#);
        check("$.empty", "[]");
        assert!(find("$").is_ok_and(|found| found.is_some_and(|text| text.starts_with("{\"store\":"))));
    }

    #[test]
    fn definite_paths_that_lead_nowhere() {
        for path in [
            "$.missing",
            "$.missing.x",
            "$.expensive.x",
            "$.list.x",
            "$.none.x",
            "$.list[9]",
            "$.list[-9]",
            "$.store[0]",
            "$.missing[0]",
            "$.missing[*]",
            "$.store.bicycle['x','y']",
        ] {
            check_absent(path);
        }
    }

    #[test]
    fn indefinite_paths() {
        check("$.list[*]", "[1,2,3,4,5]");
        check("$.list[0,2,9]", "[1,3]");
        check("$.list[1:3]", "[2,3]");
        check("$.list[:2]", "[1,2]");
        check("$.list[-2:]", "[4,5]");
        check("$.list[:-3]", "[1,2]");
        check("$.list[3:99]", "[4,5]");
        check("$.list[7:]", "[]");
        check("$.store.bicycle.*", "[\"red\",19.95]");
        check("$.store.book[*].isbn", "[\"0-553-21311-3\",\"0-395-19395-8\"]");
        check("$.store.book[0,1].missing", "[]");
        check("$.store.book[*]['author','price'].x", "[]");
        check("$.store.book[0:1]['title','price']", r#"[{"title":"Sayings of the Century","price":8.95}]"#);
        check("$..author", r#"["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]"#);
        check("$.store..price", "[8.95,12.99,8.99,22.99,19.95]");
        check("$..book[2].title", "[\"Moby Dick\"]");
        check("$..missing", "[]");
        check("$.empty[*]", "[]");
    }

    #[test]
    fn filters() {
        check("$.store.book[?(@.isbn)].title", r#"["Moby Dick","The Lord of the Rings"]"#);
        check("$.store.book[?(!@.isbn)].price", "[8.95,12.99]");
        check("$.store.book[?(@.price < 10)].price", "[8.95,8.99]");
        check("$.store.book[?(@.price > $.expensive)].price", "[12.99,22.99]");
        check("$.store.book[?(@.category == 'fiction' && @.price < 10)].title", "[\"Moby Dick\"]");
        check("$.store.book[?(@.price<9||@.price>20)].price", "[8.95,8.99,22.99]");
        check("$.store.book[?(@.category=='reference' || @.isbn && @.price > 20)].price", "[8.95,22.99]");
        check("$.store.book[?(!(@.price < 20))].price", "[22.99]");
        check("$.store.book[?(@.author =~ /.*waugh/i)].price", "[12.99]");
        check("$.store.book[?(@.author =~ /waugh/i)].price", "[]");
        check("$.store.book[?(@.category in ['reference','x'])].price", "[8.95]");
        check("$.store.book[?(@.category nin ['reference'])].price", "[12.99,8.99,22.99]");
        check("$.store.book[?(@.author contains 'Mel')].price", "[8.99]");
        check("$.store.book[?(@['title'] == \"Moby Dick\")].price", "[8.99]");
        check("$.list[?(@ > 3)]", "[4,5]");
        check("$.list[?(@ in $.list)]", "[1,2,3,4,5]");
        check("$[?(@.expensive == '10')].text", "[\"5\"]");
        check("$[?(@.text == 5)].expensive", "[10]");
        check("$[?(@.tags size 2)].expensive", "[10]");
        check("$[?(@.tags subsetof ['x','y','z'])].expensive", "[10]");
        check("$[?(@.tags anyof ['y'])].expensive", "[10]");
        check("$[?(@.tags noneof ['y'])].expensive", "[]");
        check("$[?(@.tags all ['x'])].expensive", "[10]");
        check("$[?(@.empty empty true)].expensive", "[10]");
        check("$[?(@.tags empty true)].expensive", "[]");
        check("$[?(@.none == null)].expensive", "[10]");
        check("$[?(@.none)].expensive", "[10]");
        check("$[?(@.missing == null)].expensive", "[]");
        check("$[?(@.missing != null)].expensive", "[10]");
        check("$[?(@.yes == true)].expensive", "[10]");
        check("$[?(@.text > 4)].expensive", "[]");
        check("$[?(@.list.length() == 5)].expensive", "[10]");
        check("$..[?(@.color == 'red')].price", "[19.95]");
        check("$..book[?(@.price == 8.99)].title", "[\"Moby Dick\"]");
    }

    #[test]
    fn functions() {
        check("$.list.length()", "5");
        check("$.store.length()", "2");
        check("$.list.sum()", "15.0");
        check("$.list.min()", "1.0");
        check("$.list.max()", "5.0");
        check("$.list.avg()", "3.0");
        check("$.list.stddev()", "1.4142135623730951");
        check("$.list.first()", "1");
        check("$.list.last()", "5");
        check("$.list.index(1)", "2");
        check("$.list.index(-1)", "5");
        check("$.list.append(6)", "[1,2,3,4,5,6]");
        check("$.tags.concat('-', \"z\")", "\"xy-z\"");
        check("$.store.bicycle.keys()", "[\"color\",\"price\"]");
        check("$..price.max()", "22.99");
        check("$.store.book[*].price.sum()", "53.92");
        check("$.store.book.length()", "4");
        check("$.expensive.max($..price)", "22.99");
        check_absent("$.missing.length()");
        check_absent("$.empty.sum()");
        check_absent("$.text.length()");
    }

    #[test]
    fn what_is_no_path() {
        for path in [
            "$.",
            "$..",
            "$.a.",
            "$...a",
            "$x",
            "$.a b",
            "$[",
            "$['a'",
            "$['a]",
            "$[a]",
            "$[]",
            "$[1:2:3]",
            "$[?]",
            "$[?()]",
            "$[?(@.a == )]",
            "$[?(@.a == 'x']",
            "$[?(@.a = 'x')]",
            "$[?(@.a =~ /(/)]",
            "$[?(@.a =~ 'x')]",
            "$.a.foo()",
            "$.list.length().x",
            "",
        ] {
            check_invalid(path);
        }
    }

    #[test]
    fn limits() {
        assert!(matches!(find(&"a".repeat(9_000)), Err(JsonPathError::TooLong { .. })));
        let nested = format!("$[?({}@.a{})]", "(".repeat(3_000), ")".repeat(3_000));
        assert_eq!(find(&nested), Err(JsonPathError::TooDeep));
        let filters = format!("${}", "[?(@".repeat(1_000));
        assert_eq!(find(&filters), Err(JsonPathError::TooDeep));
        assert_eq!(find(&format!("${}", "..*".repeat(1_000))), Err(JsonPathError::TooDeep));
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        let document = Json::parse(&deep).expect("JSON");
        let path = JsonPath::compile(&format!("${}", "..*".repeat(20))).expect("a path");
        assert_eq!(path.find(&document).err(), Some(JsonPathError::TooManySteps));
    }

    proptest! {
        #[test]
        fn no_path_panics(path in "[$@.*\\[\\]?()'\"a0-9:,=<>!~/&| -]{0,40}") {
            let document = Json::parse(STORE).expect("JSON");
            if let Ok(path) = JsonPath::compile(&format!("${path}")) {
                drop(path.find(&document));
            }
        }
    }
}
