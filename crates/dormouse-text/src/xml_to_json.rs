//! XML as JSON (Apigee: "XMLToJSON policy").

use crate::json::Json;
use crate::xml::{XmlDocument, XmlError, declared, prefix_of, written_name};
use roxmltree::Node;
use std::collections::HashMap;

/// How XML becomes JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "Apigee has one switch for each")]
pub struct XmlToJson {
    /// Numbers are numbers, not strings.
    pub recognize_number: bool,
    /// `true` and `false` are truths, not strings.
    pub recognize_boolean: bool,
    /// An empty element is null, not `{}`.
    pub recognize_null: bool,
    /// The string that stands for null; none is JSON's null.
    pub null_value: Option<String>,
    /// Between prefix and name; without it prefixes are left out.
    pub namespace_separator: Option<String>,
    /// The member with the namespaces that an element declares; without it they are left out.
    pub namespace_block: Option<String>,
    /// The default namespace within that member.
    pub default_namespace: String,
    /// The member with the text of an element that has more than text.
    pub text_name: String,
    /// The text has its member even if it is alone.
    pub text_always_as_property: bool,
    /// The member with the attributes; without it they stand beside the children.
    pub attribute_block: Option<String>,
    /// Before the names of attributes.
    pub attribute_prefix: String,
    /// Outer levels that are left out.
    pub strip_levels: usize,
    /// Paths from the root element whose elements are arrays even if there is one only, and whether the array takes the
    /// place of the element around it.
    pub arrays: Vec<(Vec<String>, bool)>,
}

impl XmlToJson {
    /// Converts a document.
    ///
    /// # Errors
    /// [`XmlError`] when the text is no document that this program takes.
    pub fn convert(&self, text: &str) -> Result<Json, XmlError> {
        let document = XmlDocument::parse(text)?;
        let root = document.tree.root_element();
        let mut path = vec![root.tag_name().name()];
        let value = self.element(root, &mut path);
        Ok(self.stripped(Json::Object(vec![(self.name(root), value)])))
    }

    fn stripped(&self, mut json: Json) -> Json {
        for _ in 0..self.strip_levels {
            let Json::Object(members) = json else { return strip_error() };
            let mut members = members.into_iter();
            json = match (members.next(), members.next()) {
                (Some((_, inner @ Json::Object(_))), None) => inner,
                _ => return strip_error(),
            };
        }
        json
    }

    /// Calls itself for each level, which the limit on nesting keeps few.
    fn element<'d>(&self, node: Node<'d, '_>, path: &mut Vec<&'d str>) -> Json {
        let mut members = Members::default();
        self.add_namespaces(node, &mut members);
        self.add_attributes(node, &mut members);
        let has_elements = node.children().any(|child| child.is_element());
        let is_alone = members.0.is_empty() && !has_elements;
        let mut unwrapped = None;
        for child in node.children() {
            if child.is_element() {
                path.push(child.tag_name().name());
                let value = self.element(child, path);
                let array = self.arrays.iter().find(|(own, _)| own.iter().eq(path.iter()));
                path.pop();
                let name = self.name(child);
                if array.is_some_and(|(_, unwrap)| *unwrap) {
                    unwrapped = Some(name.clone());
                }
                members.add(name, value, array.is_some());
            } else if let Some(text) = child.text().filter(|text| child.is_text() && !text.trim().is_empty())
            {
                if is_alone && !self.text_always_as_property {
                    return self.scalar(text);
                }
                let text = if has_elements { text.trim() } else { text };
                members.add(self.text_name.clone(), self.scalar(text), false);
            }
        }
        if members.0.is_empty() {
            return self.nothing();
        }
        members.finish(unwrapped.as_deref())
    }

    fn add_namespaces(&self, node: Node<'_, '_>, members: &mut Members) {
        let Some(block) = &self.namespace_block else { return };
        let entry = |(prefix, uri): (&str, &str)| {
            let name = if prefix.is_empty() { &self.default_namespace } else { prefix };
            (name.to_owned(), Json::String(uri.to_owned()))
        };
        let entries: Vec<_> = declared(node).map(entry).collect();
        if !entries.is_empty() {
            members.add(block.clone(), Json::Object(entries), false);
        }
    }

    fn add_attributes(&self, node: Node<'_, '_>, members: &mut Members) {
        let mut inner = Members::default();
        let target = if self.attribute_block.is_some() { &mut inner } else { &mut *members };
        for attribute in node.attributes() {
            let source = node.document().input_text().get(attribute.range_qname()).unwrap_or_default();
            let name = self.qualified(prefix_of(source), attribute.name());
            let value = Json::String(attribute.value().to_owned());
            target.add(format!("{}{name}", self.attribute_prefix), value, false);
        }
        if let (Some(block), false) = (&self.attribute_block, inner.0.is_empty()) {
            members.add(block.clone(), inner.finish(None), false);
        }
    }

    fn name(&self, node: Node<'_, '_>) -> String {
        self.qualified(prefix_of(written_name(node)), node.tag_name().name())
    }

    fn qualified(&self, prefix: &str, name: &str) -> String {
        match &self.namespace_separator {
            Some(separator) if !prefix.is_empty() => format!("{prefix}{separator}{name}"),
            _ => name.to_owned(),
        }
    }

    fn scalar(&self, text: &str) -> Json {
        let trimmed = text.trim();
        match trimmed {
            "true" if self.recognize_boolean => return Json::Bool(true),
            "false" if self.recognize_boolean => return Json::Bool(false),
            _ => {}
        }
        let begins = trimmed.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if self.recognize_number && begins {
            match Json::parse(trimmed) {
                Ok(Json::Integer(number)) => return Json::Integer(number),
                // A whole number beyond 64 bits would lose digits.
                Ok(Json::Double(number)) if trimmed.contains(['.', 'e', 'E']) => return Json::Double(number),
                _ => {}
            }
        }
        Json::String(text.to_owned())
    }

    fn nothing(&self) -> Json {
        match &self.null_value {
            _ if !self.recognize_null => Json::Object(Vec::new()),
            Some(text) => Json::String(text.clone()),
            None => Json::Null,
        }
    }
}

fn strip_error() -> Json {
    let text = "ERROR: This strip level is invalid for the message.";
    Json::Object(vec![("STRIP_LEVEL_ERROR".to_owned(), Json::String(text.to_owned()))])
}

/// Members in the order of their first values; a name with several values is an array.
#[derive(Default)]
struct Members(Vec<(String, Vec<Json>, bool)>, HashMap<String, usize>);

impl Members {
    fn add(&mut self, name: String, value: Json, is_array: bool) {
        if let Some((_, values, array)) = self.1.get(&name).and_then(|index| self.0.get_mut(*index)) {
            values.push(value);
            *array |= is_array;
            return;
        }
        self.1.insert(name.clone(), self.0.len());
        self.0.push((name, vec![value], is_array));
    }

    /// The object; or the array of `unwrapped` when it is alone.
    fn finish(self, unwrapped: Option<&str>) -> Json {
        let is_alone = self.0.len() == 1;
        let mut members = Vec::with_capacity(self.0.len());
        for (name, mut values, is_array) in self.0 {
            if is_alone && unwrapped == Some(name.as_str()) {
                return Json::Array(values);
            }
            let value = match values.pop() {
                Some(only) if values.is_empty() && !is_array => only,
                Some(last) => {
                    values.push(last);
                    Json::Array(values)
                }
                None => Json::Null,
            };
            members.push((name, value));
        }
        Json::Object(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> XmlToJson {
        let text_name = "#text".to_owned();
        XmlToJson { recognize_number: true, recognize_boolean: true, text_name, ..XmlToJson::default() }
    }

    #[track_caller]
    fn check(options: &XmlToJson, xml: &str, expected: &str) {
        assert_eq!(options.convert(xml).map(|json| json.to_string()).as_deref(), Ok(expected), "{xml}");
    }

    #[test]
    fn elements_and_texts() {
        check(
            &plain(),
            "<a><b>100</b><b>x</b><c> </c><d>true</d></a>",
            r#"{"a":{"b":[100,"x"],"c":{},"d":true}}"#,
        );
        check(&plain(), "<a>007</a>", r#"{"a":"007"}"#);
        check(&plain(), "<a>18446744073709551616</a>", r#"{"a":"18446744073709551616"}"#);
        check(&plain(), "<a>x<b>y</b>z</a>", r##"{"a":{"#text":["x","z"],"b":"y"}}"##);
        check(&plain(), "<a k='1'>x</a>", r##"{"a":{"k":"1","#text":"x"}}"##);
        let strings = XmlToJson { recognize_number: false, recognize_boolean: false, ..plain() };
        check(&strings, "<a><b>1</b><c>true</c></a>", r#"{"a":{"b":"1","c":"true"}}"#);
        let null = XmlToJson { recognize_null: true, ..plain() };
        check(&null, "<a><b/></a>", r#"{"a":{"b":null}}"#);
        let null = XmlToJson { null_value: Some("NIL".into()), ..null };
        check(&null, "<a><b/></a>", r#"{"a":{"b":"NIL"}}"#);
        let always = XmlToJson { text_always_as_property: true, text_name: "T".into(), ..plain() };
        check(&always, "<a><b>x</b></a>", r#"{"a":{"b":{"T":"x"}}}"#);
        assert!(plain().convert(&"<a>".repeat(100_000)).is_err());
    }

    #[test]
    fn namespaces_attributes_levels_and_arrays() {
        let xml = "<a xmlns='urn:d' xmlns:p='urn:p' k='v'><p:b>x</p:b></a>";
        check(&plain(), xml, r#"{"a":{"k":"v","b":"x"}}"#);
        let options = XmlToJson {
            namespace_block: Some("#ns".into()),
            default_namespace: "&".into(),
            namespace_separator: Some(":".into()),
            attribute_block: Some("#attrs".into()),
            attribute_prefix: "@".into(),
            ..plain()
        };
        let expected = r##"{"a":{"#ns":{"&":"urn:d","p":"urn:p"},"#attrs":{"@k":"v"},"p:b":"x"}}"##;
        check(&options, xml, expected);
        let strip = |strip_levels| XmlToJson { strip_levels, ..plain() };
        check(&strip(2), "<a><b><c>x</c></b></a>", r#"{"c":"x"}"#);
        let error = r#"{"STRIP_LEVEL_ERROR":"ERROR: This strip level is invalid for the message."}"#;
        check(&strip(4), "<a><b><c>x</c></b></a>", error);
        let path = || ["a", "b", "c"].map(str::to_owned).to_vec();
        let array = |unwrap| XmlToJson { arrays: vec![(path(), unwrap)], ..plain() };
        check(&array(false), "<a><b><c>x</c></b></a>", r#"{"a":{"b":{"c":["x"]}}}"#);
        check(&array(true), "<a><b><c>x</c></b></a>", r#"{"a":{"b":["x"]}}"#);
    }
}
