//! The registry of template functions, and calls of them. A function is one entry here and its code in a file of its
//! kind.

use super::{Reference, TemplateError, Unresolved, digests, paths, patterns, texts, times, values};
use crate::date_format::DateFormat;
use crate::host::Host;
use crate::transaction::Transaction;
use crate::value::Text;
use dormouse_text::java_regex::{Generator, Pattern};
use dormouse_text::json_path::JsonPath;
use dormouse_text::xpath::XPath;
use std::sync::Arc;

/// A function of Apigee's list.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) arguments_min: usize,
    pub(super) arguments_max: usize,
    /// Whether unresolved arguments are the function's own business.
    pub(super) takes_null: bool,
    /// Compiles literal arguments when a bundle is deployed.
    pub(super) prepare: fn(&Arguments) -> Result<Prepared, String>,
    pub(super) evaluate: fn(&Input<'_>) -> Result<String, String>,
}

/// An argument as written.
#[derive(Clone)]
pub(super) enum Argument {
    Literal(Text),
    Reference(Reference),
}

/// The arguments of one call, as written.
#[derive(Clone)]
pub(super) struct Arguments(Vec<Argument>);

/// What could be compiled in advance.
#[derive(Clone)]
pub(super) enum Prepared {
    Nothing,
    Date(DateFormat),
    Generator(Generator),
    JsonPath(Box<JsonPath>),
    Pattern(Box<Pattern>),
    XPath(Arc<XPath>),
}

/// A function with its arguments.
#[derive(Clone)]
pub(super) struct Call {
    function: &'static Function,
    arguments: Arguments,
    prepared: Prepared,
}

/// What a function works on.
pub(super) struct Input<'a> {
    pub(super) arguments: &'a [Option<Text>],
    pub(super) prepared: &'a Prepared,
    pub(super) host: &'a Host,
    pub(super) function: &'static str,
}

impl Arguments {
    pub(super) fn new(arguments: Vec<Argument>) -> Self {
        Self(arguments)
    }

    /// The text of a literal argument.
    pub(super) fn literal(&self, index: usize) -> Option<&str> {
        match self.0.get(index)? {
            Argument::Literal(text) => Some(text),
            Argument::Reference(_) => None,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Call {
    pub(super) fn prepare(function: &'static Function, arguments: Arguments) -> Result<Self, String> {
        let prepared = (function.prepare)(&arguments)?;
        Ok(Self { function, arguments, prepared })
    }

    pub(super) fn evaluate(
        &self,
        transaction: &Transaction,
        unresolved: Unresolved,
    ) -> Result<String, TemplateError> {
        let mut texts = Vec::with_capacity(self.arguments.0.len());
        for argument in &self.arguments.0 {
            texts.push(match argument {
                Argument::Literal(text) => Some(text.clone()),
                Argument::Reference(reference) => match (reference.text(transaction), unresolved) {
                    (Some(text), _) => Some(text),
                    (None, _) if self.function.takes_null => None,
                    // A function of nothing is nothing: not the digest of an empty text.
                    (None, Unresolved::Empty) => return Ok(String::new()),
                    (None, Unresolved::Error) => {
                        return Err(TemplateError::Unresolved(reference.variable.name().clone()));
                    }
                },
            });
        }
        if self.function.takes_null && texts.iter().all(Option::is_none) && !texts.is_empty() {
            return self.all_unresolved(unresolved);
        }
        let function = self.function.name;
        let input = Input { arguments: &texts, prepared: &self.prepared, host: transaction.host(), function };
        (self.function.evaluate)(&input).map_err(|reason| TemplateError::Function { function, reason })
    }

    fn all_unresolved(&self, unresolved: Unresolved) -> Result<String, TemplateError> {
        match (unresolved, self.arguments.0.last()) {
            (Unresolved::Error, Some(Argument::Reference(last))) => {
                Err(TemplateError::Unresolved(last.variable.name().clone()))
            }
            _ => Ok(String::new()),
        }
    }
}

impl Input<'_> {
    /// An argument, empty when it is left out.
    pub(super) fn text(&self, index: usize) -> &str {
        self.arguments.get(index).and_then(Option::as_deref).unwrap_or_default()
    }

    /// An argument that is a whole number; `None` when it is left out.
    pub(super) fn number(&self, index: usize) -> Result<Option<i64>, String> {
        match self.arguments.get(index).and_then(Option::as_deref) {
            None => Ok(None),
            Some(text) => {
                text.trim().parse().map(Some).map_err(|_| format!("argument {} is no number", index + 1))
            }
        }
    }
}

/// The function of a name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

#[expect(clippy::unnecessary_wraps, reason = "functions share a signature")]
fn nothing(_: &Arguments) -> Result<Prepared, String> {
    Ok(Prepared::Nothing)
}

const fn simple(
    name: &'static str,
    (arguments_min, arguments_max): (usize, usize),
    evaluate: fn(&Input<'_>) -> Result<String, String>,
) -> Function {
    Function { name, arguments_min, arguments_max, takes_null: false, prepare: nothing, evaluate }
}

const fn prepared(
    name: &'static str,
    arguments: usize,
    prepare: fn(&Arguments) -> Result<Prepared, String>,
    evaluate: fn(&Input<'_>) -> Result<String, String>,
) -> Function {
    let takes_null = false;
    Function { name, arguments_min: arguments, arguments_max: arguments, takes_null, prepare, evaluate }
}

const fn xpath(name: &'static str) -> Function {
    Function {
        name,
        arguments_min: 2,
        arguments_max: 20,
        takes_null: false,
        prepare: paths::prepare_xpath,
        evaluate: paths::xpath,
    }
}

/// In the order of Apigee's reference.
const FUNCTIONS: &[Function] = &[
    simple("md5Hex", (1, 1), digests::hex),
    simple("md5Base64", (1, 1), digests::base64),
    simple("sha1Hex", (1, 1), digests::hex),
    simple("sha1Base64", (1, 1), digests::base64),
    simple("sha256Hex", (1, 1), digests::hex),
    simple("sha256Base64", (1, 1), digests::base64),
    simple("sha384Hex", (1, 1), digests::hex),
    simple("sha384Base64", (1, 1), digests::base64),
    simple("sha512Hex", (1, 1), digests::hex),
    simple("sha512Base64", (1, 1), digests::base64),
    simple("hmacMd5", (2, 4), digests::keyed),
    simple("hmacSha1", (2, 4), digests::keyed),
    simple("hmacSha224", (2, 4), digests::keyed),
    simple("hmacSha256", (2, 4), digests::keyed),
    simple("hmacSha384", (2, 4), digests::keyed),
    simple("hmacSha512", (2, 4), digests::keyed),
    simple("encodeBase64", (1, 1), texts::encode_base64),
    simple("decodeBase64", (1, 1), texts::decode_base64),
    simple("toUpperCase", (1, 1), texts::to_upper_case),
    simple("toLowerCase", (1, 1), texts::to_lower_case),
    simple("substring", (2, 3), texts::substring),
    prepared("replaceAll", 3, patterns::prepare_replace, patterns::replace_all),
    prepared("replaceFirst", 3, patterns::prepare_replace, patterns::replace_first),
    simple("escapeJSON", (1, 1), texts::escape_json),
    simple("escapeXML", (1, 1), texts::escape_xml),
    simple("escapeXML11", (1, 1), texts::escape_xml_11),
    simple("encodeHTML", (1, 1), texts::encode_html),
    prepared("timeFormat", 2, times::prepare, times::local_seconds),
    prepared("timeFormatMs", 2, times::prepare, times::local_milliseconds),
    prepared("timeFormatUTC", 2, times::prepare, times::utc_seconds),
    prepared("timeFormatUTCMs", 2, times::prepare, times::utc_milliseconds),
    simple("createUuid", (0, 0), values::create_uuid),
    simple("randomLong", (0, 2), values::random_long),
    prepared("xeger", 1, patterns::prepare_xeger, patterns::xeger),
    Function {
        name: "firstnonnull",
        arguments_min: 1,
        arguments_max: 100,
        takes_null: true,
        prepare: nothing,
        evaluate: values::first_non_null,
    },
    Function {
        name: "jsonPath",
        arguments_min: 2,
        arguments_max: 3,
        takes_null: false,
        prepare: paths::prepare_json_path,
        evaluate: paths::json_path,
    },
    xpath("xpath"),
    xpath("xPath"),
];
