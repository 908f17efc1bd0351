//! Parses the values that stand in filters and arguments: texts, numbers, `true`, `false`, `null`, arrays, objects.

use super::JsonPathError;
use super::parser::{NESTING_MAX, Parser};
use crate::json::Json;

impl Parser<'_> {
    pub(super) fn literal(&mut self) -> Result<Json, JsonPathError> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(JsonPathError::TooDeep);
        }
        self.skip_space();
        let literal = match self.peek() {
            Some('\'' | '"') => Json::String(self.string()?),
            Some('[') => Json::Array(self.items()?),
            Some('{') => Json::Object(self.members()?),
            _ => self.word()?,
        };
        self.depth -= 1;
        Ok(literal)
    }

    fn items(&mut self) -> Result<Vec<Json>, JsonPathError> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.eat(']') {
            return Ok(items);
        }
        loop {
            items.push(self.literal()?);
            self.skip_space();
            if self.eat(']') {
                return Ok(items);
            }
            self.expect(',', "expected , or ]")?;
        }
    }

    fn members(&mut self) -> Result<Vec<(String, Json)>, JsonPathError> {
        let mut members = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.eat('}') {
            return Ok(members);
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            self.expect(':', "expected :")?;
            members.push((name, self.literal()?));
            self.skip_space();
            if self.eat('}') {
                return Ok(members);
            }
            self.expect(',', "expected , or }")?;
        }
    }

    /// `true`, `false`, `null` or a number.
    fn word(&mut self) -> Result<Json, JsonPathError> {
        let rest = self.rest();
        let end = rest.find(|next: char| !(next.is_ascii_alphanumeric() || "+-.".contains(next)));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let known = ["true", "false", "null"].contains(&word);
        let numeric = word.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let value = (known || numeric).then(|| Json::parse(word).ok()).flatten();
        let value = value.ok_or_else(|| self.error("expected a value"))?;
        self.at += word.len();
        Ok(value)
    }

    /// A string in single or double quotes; a backslash makes the next character literal.
    pub(super) fn string(&mut self) -> Result<String, JsonPathError> {
        let start = self.at;
        let mut characters = self.rest().char_indices();
        let Some((_, quote @ ('\'' | '"'))) = characters.next() else {
            return Err(self.error("expected a text in quotes"));
        };
        let mut text = String::new();
        while let Some((index, character)) = characters.next() {
            match character {
                '\\' => text.extend(characters.next().map(|(_, escaped)| match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                })),
                _ if character == quote => {
                    self.at = start + index + 1;
                    return Ok(text);
                }
                other => text.push(other),
            }
        }
        Err(JsonPathError::Syntax { reason: "this text is not closed", at: start })
    }
}
